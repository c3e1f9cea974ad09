package rollout

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
)

// Arguments are those of the workload's init container that runs a command of ours, without that; nil where there is
// none.
func (s Status) Arguments(command string) []string {
	if c := s.container(command); c != nil {
		return c.Args[1:]
	}
	return nil
}

func (s Status) container(command string) *corev1.Container {
	all := s.Spec.Template.Spec.InitContainers
	i := slices.IndexFunc(all, func(c corev1.Container) bool { return len(c.Args) > 1 && c.Args[0] == command })
	if i < 0 {
		return nil
	}
	return &all[i]
}

// source is where the content of a mounted file is.
type source struct{ resource, name, key string }

// Mounted reads what stands in a file of that container, out of the Secret or ConfigMap that is mounted there.
func (c *Client) Mounted(ctx context.Context, s Status, command, file string) ([]byte, error) {
	from, ok := s.source(command, file)
	if !ok {
		return nil, failure.New(failure.Usage,
			fmt.Errorf("%s: the pod has that file from no Secret and no ConfigMap", file), "give the file by its flag")
	}
	what := fmt.Sprintf("%s %s/%s", strings.TrimSuffix(from.resource, "s"), c.namespace, from.name)
	var object struct {
		Data   map[string]string `json:"data"`
		Binary map[string][]byte `json:"binaryData"`
	}
	var secret corev1.Secret
	var text []byte
	var err error
	at := "/api/v1/namespaces/" + c.namespace + "/" + from.resource + "/" + from.name
	if from.resource == "secrets" {
		err = c.read(ctx, what, at, &secret)
		text, ok = secret.Data[from.key]
	} else {
		err = c.read(ctx, what, at, &object)
		if text, ok = object.Binary[from.key]; !ok {
			var plain string
			plain, ok = object.Data[from.key]
			text = []byte(plain)
		}
	}
	switch {
	case failure.Of(err) == failure.KubeForbidden:
		return nil, failure.New(failure.KubeForbidden, err, "get the right to get these Secrets: doctor reads what "+
			"the pod mounts; or give the files by their flags")
	case failure.Of(err) == failure.Usage:
		return nil, failure.New(failure.Usage, err, "make it, the pod cannot start without it; or correct its name "+
			"in the configuration")
	case err == nil && !ok:
		return nil, failure.New(failure.Usage,
			fmt.Errorf("%s has no key %q, which the pod mounts as %s", what, from.key, file),
			"add the key; or name another one in the configuration")
	}
	return text, err
}

// source follows a path through the container's mounts and the pod's volumes.
func (s Status) source(command, file string) (source, bool) {
	c := s.container(command)
	if c == nil {
		return source{}, false
	}
	var found corev1.VolumeMount
	for _, m := range c.VolumeMounts {
		if len(m.MountPath) > len(found.MountPath) &&
			(file == m.MountPath || strings.HasPrefix(file, strings.TrimSuffix(m.MountPath, "/")+"/")) {
			found = m
		}
	}
	inside := path.Join(cmp.Or(found.SubPathExpr, found.SubPath),
		strings.TrimPrefix(strings.TrimPrefix(file, found.MountPath), "/"))
	for _, v := range s.Spec.Template.Spec.Volumes {
		if found.Name != "" && v.Name == found.Name {
			return inVolume(v, inside)
		}
	}
	return source{}, false
}

func inVolume(v corev1.Volume, file string) (source, bool) {
	var all []corev1.VolumeProjection
	switch {
	case v.Secret != nil:
		p := &corev1.SecretProjection{Items: v.Secret.Items}
		p.Name = v.Secret.SecretName
		all = append(all, corev1.VolumeProjection{Secret: p})
	case v.ConfigMap != nil:
		p := &corev1.ConfigMapProjection{Items: v.ConfigMap.Items}
		p.Name = v.ConfigMap.Name
		all = append(all, corev1.VolumeProjection{ConfigMap: p})
	case v.Projected != nil:
		all = v.Projected.Sources
	}
	for _, p := range slices.Backward(all) { // of two that have the file the later one counts
		var from source
		var items []corev1.KeyToPath
		switch {
		case p.Secret != nil:
			from, items = source{"secrets", p.Secret.Name, file}, p.Secret.Items
		case p.ConfigMap != nil:
			from, items = source{"configmaps", p.ConfigMap.Name, file}, p.ConfigMap.Items
		default:
			continue
		}
		if len(items) == 0 && (len(all) == 1 || !strings.Contains(file, "/")) {
			return from, plain(from.name)
		}
		for _, item := range items {
			if item.Path == file {
				from.key = item.Key
				return from, plain(from.name)
			}
		}
	}
	return source{}, false
}
