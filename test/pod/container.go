package pod

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// UID is what a fieldRef to metadata.uid gives.
const UID = "4b1e6a9c-0000-4000-8000-000000000000"

// Container is one container, ready to run.
type Container struct {
	Spec corev1.Container
	Root string            // folder that stands for /
	Env  map[string]string // the environment, references resolved
	// Who the container runs as. User is -1 where the image decides.
	User   int
	Groups []int // fsGroup and the supplemental groups
}

// Path gives the file of this machine behind a path of the container.
func (c *Container) Path(path string) string { return filepath.Join(c.Root, path) }

// Environ gives the environment in the form of os/exec.
func (c *Container) Environ() []string {
	var all []string
	for name, value := range c.Env {
		all = append(all, name+"="+value)
	}
	return all
}

// Container builds a container of a workload ("Deployment/kibana") below root. The error is the one that the kubelet would report.
func (r *Release) Container(workload, name, root string) (*Container, error) {
	p, ok := r.pods[workload]
	if !ok {
		return nil, fmt.Errorf("%s is not in the input", workload)
	}
	for _, c := range append(append([]corev1.Container(nil), p.spec.InitContainers...), p.spec.Containers...) {
		if c.Name != name {
			continue
		}
		built := &Container{Spec: c, Root: root, Env: map[string]string{}, User: -1}
		built.runAs(p.spec.SecurityContext, c.SecurityContext)
		if err := r.environment(built, p); err != nil {
			return nil, fmt.Errorf("%s: container %q: %w", workload, name, err)
		}
		for _, m := range c.VolumeMounts {
			if err := r.mount(built, p.spec, m); err != nil {
				return nil, fmt.Errorf("%s: container %q: mount %q: %w", workload, name, m.MountPath, err)
			}
		}
		return built, nil
	}
	return nil, fmt.Errorf("%s has no container %q", workload, name)
}

func (c *Container) runAs(pod *corev1.PodSecurityContext, own *corev1.SecurityContext) {
	if pod != nil {
		if pod.RunAsUser != nil {
			c.User = int(*pod.RunAsUser)
		}
		if pod.FSGroup != nil {
			c.Groups = append(c.Groups, int(*pod.FSGroup))
		}
		for _, g := range pod.SupplementalGroups {
			c.Groups = append(c.Groups, int(g))
		}
	}
	if own != nil && own.RunAsUser != nil {
		c.User = int(*own.RunAsUser)
	}
}

func (r *Release) environment(c *Container, p named) error {
	if err := r.environmentFrom(c); err != nil {
		return err
	}
	for _, e := range c.Spec.Env {
		c.Env[e.Name] = expand(e.Value, c.Env)
		if e.ValueFrom == nil {
			continue
		}
		if m := e.ValueFrom.ConfigMapKeyRef; m != nil {
			value, ok := r.data["ConfigMap/"+m.Name][m.Key]
			if !ok && (m.Optional == nil || !*m.Optional) {
				return fmt.Errorf("CreateContainerConfigError: couldn't find key %s in ConfigMap %s", m.Key, m.Name)
			}
			c.Env[e.Name] = string(value)
		}
		if f := e.ValueFrom.FieldRef; f != nil {
			c.Env[e.Name] = map[string]string{"metadata.name": p.name, "metadata.uid": UID, "metadata.namespace": r.API.Namespace, "spec.nodeName": "node", "status.podIP": r.API.PodIP}[f.FieldPath]
		}
		if s := e.ValueFrom.SecretKeyRef; s != nil {
			value, ok := r.data["Secret/"+s.Name][s.Key]
			if !ok && (s.Optional == nil || !*s.Optional) {
				return fmt.Errorf("CreateContainerConfigError: couldn't find key %s in Secret %s", s.Key, s.Name)
			}
			c.Env[e.Name] = string(value)
		}
	}
	return nil
}

// file is one file of a volume.
type file struct {
	data []byte
	mode fs.FileMode
}

func (r *Release) mount(c *Container, spec corev1.PodSpec, m corev1.VolumeMount) error {
	for _, v := range spec.Volumes {
		if v.Name != m.Name {
			continue
		}
		files, err := r.files(v)
		if err != nil {
			return err
		}
		if m.SubPath != "" && v.EmptyDir == nil {
			f, ok := files[m.SubPath]
			if !ok {
				return fmt.Errorf("volume %q has no %q", v.Name, m.SubPath)
			}
			return c.write(m.MountPath, f)
		}
		if err := os.MkdirAll(c.Path(m.MountPath), 0o755); err != nil {
			return err
		}
		if v.EmptyDir != nil { // anybody may write there: https://kubernetes.io/docs/concepts/storage/volumes/#emptydir
			return os.Chmod(c.Path(m.MountPath), 0o777)
		}
		for name, f := range files {
			if err := c.write(filepath.Join(m.MountPath, name), f); err != nil {
				return err
			}
		}
		return nil
	}
	return os.MkdirAll(c.Path(m.MountPath), 0o777) // a volumeClaimTemplate
}

// write puts a file of a read-only volume in place. With an fsGroup the kubelet gives it to that group and lets the group read.
func (c *Container) write(path string, f file) error {
	at := c.Path(path)
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(at, f.data, 0o600); err != nil {
		return err
	}
	mode := f.mode
	if len(c.Groups) > 0 {
		mode |= 0o440
		if os.Getuid() == 0 {
			if err := os.Chown(at, 0, c.Groups[0]); err != nil {
				return err
			}
		}
	}
	return os.Chmod(at, mode)
}

func (r *Release) files(v corev1.Volume) (map[string]file, error) {
	files := map[string]file{}
	mode := func(p *int32) fs.FileMode {
		if p == nil {
			return 0o644
		}
		return fs.FileMode(*p)
	}
	switch {
	case v.Secret != nil:
		return files, r.keys(files, "Secret/"+v.Secret.SecretName, v.Secret.Items, mode(v.Secret.DefaultMode))
	case v.ConfigMap != nil:
		return files, r.keys(files, "ConfigMap/"+v.ConfigMap.Name, v.ConfigMap.Items, mode(v.ConfigMap.DefaultMode))
	case v.Projected != nil:
		for _, s := range v.Projected.Sources {
			if err := r.project(files, s, mode(v.Projected.DefaultMode)); err != nil {
				return nil, err
			}
		}
		return files, nil
	case v.EmptyDir != nil, v.HostPath != nil: // a node on which nothing is yet
		return files, nil
	}
	return nil, fmt.Errorf("volume %q is of a kind that this package does not know", v.Name)
}

func (r *Release) project(files map[string]file, s corev1.VolumeProjection, mode fs.FileMode) error {
	switch {
	case s.Secret != nil:
		return r.keys(files, "Secret/"+s.Secret.Name, s.Secret.Items, mode)
	case s.ConfigMap != nil && s.ConfigMap.Name == "kube-root-ca.crt":
		files["ca.crt"] = file{r.API.CA, mode}
	case s.ConfigMap != nil:
		return r.keys(files, "ConfigMap/"+s.ConfigMap.Name, s.ConfigMap.Items, mode)
	case s.ServiceAccountToken != nil:
		if r.API.Token == "" {
			return fmt.Errorf("no token of a ServiceAccount was given")
		}
		files[s.ServiceAccountToken.Path] = file{[]byte(r.API.Token), mode}
	case s.DownwardAPI != nil:
		for _, item := range s.DownwardAPI.Items {
			files[item.Path] = file{[]byte(r.API.Namespace), mode}
		}
	}
	return nil
}

func (r *Release) keys(files map[string]file, id string, items []corev1.KeyToPath, mode fs.FileMode) error {
	data, ok := r.data[id]
	if !ok {
		return fmt.Errorf("FailedMount: %s not found", strings.ToLower(strings.Replace(id, "/", " ", 1)))
	}
	if items == nil {
		for key, value := range data {
			files[key] = file{value, mode}
		}
	}
	for _, item := range items {
		value, ok := data[item.Key]
		if !ok {
			return fmt.Errorf("FailedMount: references non-existent secret key: %s (%s)", item.Key, id)
		}
		itemMode := mode
		if item.Mode != nil {
			itemMode = fs.FileMode(*item.Mode)
		}
		files[item.Path] = file{value, itemMode}
	}
	return nil
}
