package rollout

import (
	"cmp"
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/internal/contract"
)

// Patched reports whether the post-renderer's mark is on the workload. An upgrade without it takes the mark away.
func (s Status) Patched() bool { return s.Metadata.Annotations[contract.AnnotationMode] != "" }

// ServiceAccount is the name of the one that the workload's pods run as.
func (s Status) ServiceAccount() string {
	return cmp.Or(s.Spec.Template.Spec.ServiceAccountName, "default")
}

// Variable reads an environment variable of the workload's containers that has a plain value.
func (s Status) Variable(name string) (value string, there bool) {
	for _, c := range s.Spec.Template.Spec.Containers {
		for _, e := range c.Env {
			if e.Name == name && e.ValueFrom == nil {
				return e.Value, true
			}
		}
	}
	return "", false
}

// started is when the last of a pod's containers started: from then on it has the token of that moment.
func started(p corev1.Pod) metav1.Time {
	var at metav1.Time
	for _, c := range p.Status.ContainerStatuses {
		if c.State.Running != nil && at.Before(&c.State.Running.StartedAt) {
			at = c.State.Running.StartedAt
		}
	}
	return at
}

// Leftovers lists what the hooks of the official chart left for a workload, as "kind/name". They run before the
// release and stay when they fail.
func (c *Client) Leftovers(ctx context.Context, w Workload) (found []string, err error) {
	const batch, rbac, core = "/apis/batch/v1", "/apis/rbac.authorization.k8s.io/v1", "/api/v1"
	var objects [][3]string
	for _, hook := range []string{"pre-install-", "post-delete-"} {
		name := hook + w.Name
		objects = append(objects, [3]string{batch, "job", name}, [3]string{rbac, "rolebinding", name},
			[3]string{rbac, "role", name}, [3]string{core, "serviceaccount", name})
	}
	objects = append(objects, [3]string{core, "configmap", w.Name + "-helm-scripts"})
	for _, o := range objects {
		api, kind, name := o[0], o[1], o[2]
		err := c.read(ctx, kind+"/"+name, fmt.Sprintf("%s/namespaces/%s/%ss/%s", api, c.namespace, kind, name),
			&struct{}{})
		switch failure.Of(err) {
		case 0:
			found = append(found, kind+"/"+name)
		case failure.Usage: // not there
		default:
			return found, err
		}
	}
	return found, nil
}
