package kubefake

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// deployment is one whose pods take the token from the Secret, with the controller and the kubelets that belong to it.
type deployment struct {
	name       string
	spec       map[string]any // fields of the spec besides those that every one has
	replicas   int
	generation int64
	frozen     bool // new pods never become ready
	restarts   int
	patched    string // the last patch: the same again changes nothing

	annotations map[string]string
	restartAt   string // of a Rollout
}

// Pod is a running pod, and the token that its container started with.
type Pod struct{ Name, Token string }

// Deploy runs a Deployment of so many pods that use the Secret. More fields of its spec may be given as JSON.
func (s *Server) Deploy(name string, replicas int, spec string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := &deployment{name: name, replicas: replicas, generation: 1}
	if err := json.Unmarshal([]byte("{"+spec+"}"), &d.spec); err != nil {
		panic(err)
	}
	s.deployments = append(s.deployments, d)
	s.roll(d)
}

// Freeze makes every new pod one that never becomes ready, so that the old ones stay; with false it ends that.
func (s *Server) Freeze(frozen bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.deployments {
		if d.frozen = frozen; !frozen && d.restarts > 0 {
			s.roll(d)
		}
	}
}

// Patch lets the post-renderer have patched the Deployments.
func (s *Server) Patch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.deployments {
		d.annotations = map[string]string{"elk-mtls.dev/mode": "cert-token"}
	}
}

// Unpatch lets somebody have upgraded without it.
func (s *Server) Unpatch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.deployments {
		d.annotations = nil
	}
}

// Bare takes the init container away.
func (s *Server) Bare() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init = nil
}

// Leave lets a hook of the chart have left an object, by the end of its path.
func (s *Server) Leave(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = map[string]bool{path: true}
}

// Remove lets a person delete what a hook left.
func (s *Server) Remove(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.left, path)
	for resource, names := range s.strays {
		s.strays[resource] = slices.DeleteFunc(names, func(name string) bool { return path == "/"+resource+"/"+name })
	}
}

// Stray lets elk-mtls have added an object to a release of Helm that is gone since; with "" there is none any more.
func (s *Server) Stray(resource, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.strays = map[string][]string{}
	if name != "" {
		s.strays[resource] = []string{name}
	}
}

// labelled lists what elk-mtls added. Of no release there is a record.
func (s *Server) labelled(resource, selector string) (int, any) {
	items := []any{}
	for _, name := range s.strays[resource] {
		if selector == "app.kubernetes.io/part-of=elk-mtls" {
			items = append(items, map[string]any{"metadata": map[string]any{
				"name": name, "labels": map[string]string{"app.kubernetes.io/part-of": "elk-mtls"},
				"annotations": map[string]string{"meta.helm.sh/release-name": "old", "meta.helm.sh/release-namespace": "elk"},
			}})
		}
	}
	return http.StatusOK, map[string]any{"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "items": items}
}

// Restart lets a person restart all Deployments: each pod starts anew, with the token that the Secret has.
func (s *Server) Restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.deployments {
		s.roll(d)
	}
}

// Pods returns the pods that run now.
func (s *Server) Pods() (pods []Pod) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.pods {
		pods = append(pods, Pod{p.Name, p.Annotations["token"]})
	}
	return pods
}

// Restarts counts the restarts that were asked for.
func (s *Server) Restarts() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.deployments {
		n += d.restarts
	}
	return n
}

// roll replaces a Deployment's pods; each container gets the token that the Secret has now.
func (s *Server) roll(d *deployment) {
	s.pods = slices.DeleteFunc(s.pods, func(p corev1.Pod) bool { return p.Labels["app"] == d.name })
	token := ""
	if s.secret != nil {
		token = string(s.secret.Data["token"])
	}
	for range d.replicas {
		s.made++
		s.pods = append(s.pods, corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Name: fmt.Sprintf("%s-%d", d.name, s.made), UID: uid(),
				Labels: map[string]string{"app": d.name}, Annotations: map[string]string{"token": token},
			},
			Spec:   s.podSpec(),
			Status: corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: running(metav1.Now())},
		})
	}
}

func running(since metav1.Time) []corev1.ContainerStatus {
	return []corev1.ContainerStatus{{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: since}}}}
}

// Age lets all containers have started an hour ago.
func (s *Server) Age() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.pods {
		s.pods[i].Status.ContainerStatuses = running(metav1.NewTime(time.Now().Add(-time.Hour)))
	}
}

func (s *Server) podSpec() corev1.PodSpec {
	from := &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{Key: "token"}}
	from.SecretKeyRef.Name = s.name
	env := append([]corev1.EnvVar{{Name: "TOKEN", ValueFrom: from}}, s.env...)
	spec := corev1.PodSpec{Containers: []corev1.Container{{Name: "kibana", Env: env}}, ServiceAccountName: "kibana"}
	if s.init != nil {
		spec.InitContainers, spec.Volumes = []corev1.Container{*s.init}, s.volumes
	}
	return spec
}

// Mount gives the pods an init container with these arguments, and Secrets that it mounts under /etc: each by its name,
// with its content.
func (s *Server) Mount(args []string, secrets map[string]map[string][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init, s.volumes, s.mounted = &corev1.Container{Name: "elk-mtls-init", Args: args}, nil, map[string]map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		s.mounted[name] = secrets[name]
		s.init.VolumeMounts = append(s.init.VolumeMounts, corev1.VolumeMount{Name: name, MountPath: "/etc/" + name})
		p := &corev1.SecretProjection{}
		p.Name = name
		for _, key := range slices.Sorted(maps.Keys(secrets[name])) {
			p.Items = append(p.Items, corev1.KeyToPath{Key: key, Path: key})
		}
		s.volumes = append(s.volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
			Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{{Secret: p}}},
		}})
	}
}

// Unmount takes one key out of a mounted Secret; with no key, all of it.
func (s *Server) Unmount(name, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.mounted[name], key)
	if key == "" {
		delete(s.mounted, name)
	}
}

// Setenv gives the containers of all Deployments one variable beside the token.
func (s *Server) Setenv(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.env = []corev1.EnvVar{{Name: name, Value: value}}
}

// workloadCalls answers what a rotation asks of a cluster; ok is false for any other call.
func (s *Server) workloadCalls(r *http.Request, body []byte) (status int, answer any, ok bool) {
	path := r.URL.Path
	if i := strings.Index(path, "/secrets/"); i >= 0 && s.mounted[path[i+len("/secrets/"):]] != nil {
		return http.StatusOK, corev1.Secret{TypeMeta: metav1.TypeMeta{Kind: "Secret", APIVersion: "v1"}, Data: s.mounted[path[i+len("/secrets/"):]]}, true
	}
	if r.Method == http.MethodGet && strings.HasSuffix(path, "/pods") {
		return http.StatusOK, corev1.PodList{TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"}, Items: s.pods}, true
	}
	for _, kind := range []string{"/jobs/", "/roles/", "/rolebindings/", "/serviceaccounts/", "/configmaps/"} {
		if i := strings.Index(path, kind); i >= 0 {
			if s.left[path[i:]] {
				return http.StatusOK, map[string]any{}, true
			}
			status, answer := refuse(http.StatusNotFound, "not found")
			return status, answer, true
		}
	}
	_, name, isDeployment := strings.Cut(path, "/deployments/")
	if !isDeployment {
		if _, name, isDeployment = strings.Cut(path, "/apis/argoproj.io/v1alpha1/namespaces/elk/rollouts/"); !isDeployment {
			return 0, nil, false
		}
	}
	i := slices.IndexFunc(s.deployments, func(d *deployment) bool { return d.name == name })
	if i < 0 {
		status, answer := refuse(http.StatusNotFound, "deployments.apps not found")
		return status, answer, true
	}
	d := s.deployments[i]
	if r.Method == http.MethodPatch {
		s.restart(d, body)
	}
	return http.StatusOK, d.object(s.podSpec()), true
}

// restart restarts a Deployment or Rollout that is told to by a patch it has not seen.
func (s *Server) restart(d *deployment, body []byte) {
	var p struct{ Spec struct{ RestartAt string } }
	_ = json.Unmarshal(body, &p)
	switch {
	case strings.Contains(string(body), `"restartAt"`) && d.restartAt != p.Spec.RestartAt:
		d.restartAt = p.Spec.RestartAt
	case strings.Contains(string(body), "kubectl.kubernetes.io/restartedAt") && string(body) != d.patched:
		d.patched = string(body)
	default:
		return
	}
	d.generation++
	d.restarts++
	if !d.frozen {
		s.roll(d)
	}
}

func (d *deployment) object(pod corev1.PodSpec) any {
	spec := map[string]any{
		"replicas": d.replicas, "selector": map[string]any{"matchLabels": map[string]any{"app": d.name}},
		"template": map[string]any{"spec": pod},
	}
	for key, value := range d.spec {
		spec[key] = value
	}
	updated := d.replicas
	if d.frozen && d.restarts > 0 {
		updated = 0
	}
	if d.restartAt != "" { // as a Rollout of Argo Rollouts says it
		spec["restartAt"] = d.restartAt
		return map[string]any{
			"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": map[string]any{"name": d.name, "generation": d.generation}, "spec": spec,
			"status": map[string]any{"observedGeneration": fmt.Sprint(d.generation), "readyReplicas": d.replicas, "restartedAt": d.restartAt},
		}
	}
	return map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{"name": d.name, "generation": d.generation, "annotations": d.annotations},
		"spec":     spec,
		"status": map[string]any{
			"observedGeneration": d.generation, "replicas": d.replicas, "updatedReplicas": updated, "readyReplicas": d.replicas,
		},
	}
}
