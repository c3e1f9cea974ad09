package rollout

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
)

// modeAnnotation is on every object that the post-renderer patched.
const modeAnnotation = "elk-mtls.dev/mode"

// Patched reports whether the post-renderer's mark is on the workload. An upgrade without it takes the mark away.
func (s Status) Patched() bool { return s.Metadata.Annotations[modeAnnotation] != "" }

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

// Leftovers lists what the hooks of the official chart left for a workload, as "kind/name". They run before the release and
// stay when they fail.
func (c *Client) Leftovers(ctx context.Context, w Workload) (found []string, err error) {
	for _, hook := range []string{"pre-install-", "post-delete-"} {
		for _, kind := range []struct{ kind, path string }{
			{"job", "/apis/batch/v1/namespaces/%s/jobs/"},
			{"rolebinding", "/apis/rbac.authorization.k8s.io/v1/namespaces/%s/rolebindings/"},
			{"role", "/apis/rbac.authorization.k8s.io/v1/namespaces/%s/roles/"},
			{"serviceaccount", "/api/v1/namespaces/%s/serviceaccounts/"},
		} {
			name := hook + w.Name
			err := c.read(ctx, kind.kind+"/"+name, fmt.Sprintf(kind.path, c.namespace)+name, &struct{}{})
			switch failure.Code(err) {
			case 0:
				found = append(found, kind.kind+"/"+name)
			case failure.Usage: // not there
			default:
				return found, err
			}
		}
	}
	return found, nil
}
