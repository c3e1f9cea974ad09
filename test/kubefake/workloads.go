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

// Workloads are the Deployments of a Server, and what else there is beside its Secret.
type Workloads struct {
	server      *Server
	deployments []*deployment
	pods        []corev1.Pod
	made        int             // pods so far
	env         []corev1.EnvVar // of their containers, beside the token
	init        *corev1.Container
	volumes     []corev1.Volume
	mounted     map[string]map[string][]byte // Secrets that it mounts
	left        map[string]bool              // objects that hooks left, by the end of their path
	strays      map[string][]string          // names of what elk-mtls added to a release that is gone, by resource
}

// Pod is a running pod, and the token that its container started with.
type Pod struct{ Name, Token string }

// Deploy runs a Deployment of so many pods that use the Secret. More fields of its spec may be given as JSON.
func (w *Workloads) Deploy(name string, replicas int, spec string) {
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	d := &deployment{name: name, replicas: replicas, generation: 1}
	if err := json.Unmarshal([]byte("{"+spec+"}"), &d.spec); err != nil {
		panic(err)
	}
	w.deployments = append(w.deployments, d)
	w.roll(d)
}

// Freeze makes every new pod one that never becomes ready, so that the old ones stay; with false it ends that.
func (w *Workloads) Freeze(frozen bool) {
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	for _, d := range w.deployments {
		if d.frozen = frozen; !frozen && d.restarts > 0 {
			w.roll(d)
		}
	}
}

// Patch lets the post-renderer have patched the Deployments.
func (w *Workloads) Patch() {
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	for _, d := range w.deployments {
		d.annotations = map[string]string{"elk-mtls.dev/mode": "cert-token"}
	}
}

// Unpatch lets somebody have upgraded without it.
func (w *Workloads) Unpatch() {
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	for _, d := range w.deployments {
		d.annotations = nil
	}
}

// Bare takes the init container away.
func (w *Workloads) Bare() {
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	w.init = nil
}

// Leave lets a hook of the chart have left an object, by the end of its path.
func (w *Workloads) Leave(path string) {
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	w.left = map[string]bool{path: true}
}

// Remove lets a person delete what a hook left.
func (w *Workloads) Remove(path string) {
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	delete(w.left, path)
	for resource, names := range w.strays {
		w.strays[resource] = slices.DeleteFunc(names, func(name string) bool { return path == "/"+resource+"/"+name })
	}
}

// Stray lets elk-mtls have added an object to a release of Helm that is gone since; with "" there is none any more.
func (w *Workloads) Stray(resource, name string) {
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	w.strays = map[string][]string{}
	if name != "" {
		w.strays[resource] = []string{name}
	}
}

// labelled lists what elk-mtls added. Of no release there is a record.
func (w *Workloads) labelled(resource, selector string) (int, any) {
	items := []any{}
	for _, name := range w.strays[resource] {
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
func (w *Workloads) Restart() {
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	for _, d := range w.deployments {
		w.roll(d)
	}
}

// Pods returns the pods that run now.
func (w *Workloads) Pods() (pods []Pod) {
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	for _, p := range w.pods {
		pods = append(pods, Pod{p.Name, p.Annotations["token"]})
	}
	return pods
}

// Restarts counts the restarts that were asked for.
func (w *Workloads) Restarts() (n int) {
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	for _, d := range w.deployments {
		n += d.restarts
	}
	return n
}

// roll replaces a Deployment's pods; each container gets the token that the Secret has now.
func (w *Workloads) roll(d *deployment) {
	w.pods = slices.DeleteFunc(w.pods, func(p corev1.Pod) bool { return p.Labels["app"] == d.name })
	token := ""
	if w.server.secret != nil {
		token = string(w.server.secret.Data["token"])
	}
	for range d.replicas {
		w.made++
		w.pods = append(w.pods, corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Name: fmt.Sprintf("%s-%d", d.name, w.made), UID: uid(),
				Labels: map[string]string{"app": d.name}, Annotations: map[string]string{"token": token},
			},
			Spec:   w.podSpec(),
			Status: corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: running(metav1.Now())},
		})
	}
}

func running(since metav1.Time) []corev1.ContainerStatus {
	return []corev1.ContainerStatus{{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: since}}}}
}

// Age lets all containers have started an hour ago.
func (w *Workloads) Age() {
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	for i := range w.pods {
		w.pods[i].Status.ContainerStatuses = running(metav1.NewTime(time.Now().Add(-time.Hour)))
	}
}

func (w *Workloads) podSpec() corev1.PodSpec {
	from := &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{Key: "token"}}
	from.SecretKeyRef.Name = w.server.name
	env := append([]corev1.EnvVar{{Name: "TOKEN", ValueFrom: from}}, w.env...)
	spec := corev1.PodSpec{Containers: []corev1.Container{{Name: "kibana", Env: env}}, ServiceAccountName: "kibana"}
	if w.init != nil {
		spec.InitContainers, spec.Volumes = []corev1.Container{*w.init}, w.volumes
	}
	return spec
}

// Mount gives the pods an init container with these arguments, and Secrets that it mounts under /etc: each by its name,
// with its content.
func (w *Workloads) Mount(args []string, secrets map[string]map[string][]byte) {
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	w.init, w.volumes, w.mounted = &corev1.Container{Name: "elk-mtls-init", Args: args}, nil, map[string]map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		w.mounted[name] = secrets[name]
		w.init.VolumeMounts = append(w.init.VolumeMounts, corev1.VolumeMount{Name: name, MountPath: "/etc/" + name})
		p := &corev1.SecretProjection{}
		p.Name = name
		for _, key := range slices.Sorted(maps.Keys(secrets[name])) {
			p.Items = append(p.Items, corev1.KeyToPath{Key: key, Path: key})
		}
		w.volumes = append(w.volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
			Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{{Secret: p}}},
		}})
	}
}

// Unmount takes one key out of a mounted Secret; with no key, all of it.
func (w *Workloads) Unmount(name, key string) {
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	delete(w.mounted[name], key)
	if key == "" {
		delete(w.mounted, name)
	}
}

// Setenv gives the containers of all Deployments one variable beside the token.
func (w *Workloads) Setenv(name, value string) {
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	w.env = []corev1.EnvVar{{Name: name, Value: value}}
}

// workloadCalls answers what a rotation asks of a cluster; ok is false for any other call.
func (w *Workloads) answer(r *http.Request, body []byte) (status int, answer any, ok bool) {
	path := r.URL.Path
	if i := strings.Index(path, "/secrets/"); i >= 0 && w.mounted[path[i+len("/secrets/"):]] != nil {
		return http.StatusOK, corev1.Secret{TypeMeta: metav1.TypeMeta{Kind: "Secret", APIVersion: "v1"}, Data: w.mounted[path[i+len("/secrets/"):]]}, true
	}
	if r.Method == http.MethodGet && strings.HasSuffix(path, "/pods") {
		return http.StatusOK, corev1.PodList{TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"}, Items: w.pods}, true
	}
	for _, kind := range []string{"/jobs/", "/roles/", "/rolebindings/", "/serviceaccounts/", "/configmaps/"} {
		if i := strings.Index(path, kind); i >= 0 {
			if w.left[path[i:]] {
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
	i := slices.IndexFunc(w.deployments, func(d *deployment) bool { return d.name == name })
	if i < 0 {
		status, answer := refuse(http.StatusNotFound, "deployments.apps not found")
		return status, answer, true
	}
	d := w.deployments[i]
	if r.Method == http.MethodPatch {
		w.restart(d, body)
	}
	return http.StatusOK, d.object(w.podSpec()), true
}

// restart restarts a Deployment or Rollout that is told to by a patch it has not seen.
func (w *Workloads) restart(d *deployment, body []byte) {
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
		w.roll(d)
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
