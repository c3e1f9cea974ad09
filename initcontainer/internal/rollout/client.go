package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/secret"
)

// restartedAt is what kubectl rollout restart writes, so that tools which know that know this.
const restartedAt = "kubectl.kubernetes.io/restartedAt"

// Client looks at one namespace, for one Secret.
type Client struct {
	namespace, secret string
	client            rest.Interface
}

// New makes a client.
func New(config *rest.Config, namespace, name string) (*Client, error) {
	client, err := secret.RESTClient(config)
	if err != nil {
		return nil, err
	}
	return &Client{namespace, name, client}, nil
}

func (c *Client) path(w Workload) string {
	group, version, resource := w.api()
	return "/apis/" + group + "/" + version + "/namespaces/" + c.namespace + "/" + resource + "/" + w.Name
}

// Get reads a workload.
func (c *Client) Get(ctx context.Context, w Workload) (Status, error) {
	var s Status
	err := c.read(ctx, w.String(), c.path(w), &s)
	if ref := s.Spec.WorkloadRef; err == nil && ref.Name != "" {
		of, unknown := ParseWorkload(ref.Kind + "/" + ref.Name)
		if unknown != nil {
			return s, failure.New(failure.Usage,
				fmt.Errorf("%s: its workloadRef is none that is known: %w", w, unknown),
				"name a workload in it: Deployment, StatefulSet or DaemonSet")
		}
		var template Status
		err = c.read(ctx, of.String(), c.path(of), &template)
		s.Spec.Template = template.Spec.Template
	}
	return s, err
}

// Pods lists the pods that use the Secret, page by page: a namespace with thousands of pods takes no more memory than
// one with a few.
func (c *Client) Pods(ctx context.Context) ([]Pod, error) {
	var pods []Pod
	for from := ""; ; {
		var list corev1.PodList
		page := c.get("/api/v1/namespaces/" + c.namespace + "/pods")
		if err := read(ctx, "pods", page.Param("limit", "100").Param("continue", from), &list); err != nil {
			return nil, err
		}
		pods = append(pods, livePods(list.Items, c.secret)...)
		if from = list.Continue; from == "" {
			return pods, nil
		}
	}
}

// Restart marks the pod template, as kubectl rollout restart does; with one mark, twice is once. The mark has more than
// kubectl's seconds: a restart in the same second as an earlier one must not change nothing. A Rollout of Argo Rollouts
// restarts its pods without a new revision, so that no step or analysis stands in between.
// https://argo-rollouts.readthedocs.io/en/stable/features/restart/
func (c *Client) Restart(ctx context.Context, w Workload, mark time.Time) error {
	spec := map[string]any{"template": map[string]any{
		"metadata": map[string]any{"annotations": map[string]string{restartedAt: mark.UTC().Format(time.RFC3339Nano)}},
	}}
	if w.Kind == "Rollout" { // as its own kubectl plugin does; it counts in whole seconds
		spec = map[string]any{"restartAt": mark.Add(time.Second).UTC().Format(time.RFC3339)}
	}
	body, err := json.Marshal(map[string]any{"spec": spec})
	if err != nil {
		return err
	}
	err = c.client.Patch(types.MergePatchType).AbsPath(c.path(w)).Param("fieldManager", secret.FieldManager).
		MaxRetries(0).Body(body).Do(ctx).Error()
	return explain(w.String(), "restarting it", err)
}

func (c *Client) read(ctx context.Context, what, path string, into any) error {
	return read(ctx, what, c.get(path), into)
}

func (c *Client) get(path string) *rest.Request {
	return c.client.Get().AbsPath(path).SetHeader("Accept", "application/json").MaxRetries(0)
}

func read(ctx context.Context, what string, request *rest.Request, into any) error {
	answer := request.Do(ctx)
	if err := answer.Error(); err != nil { // Raw's own error does not have the API server's words
		return explain(what, "reading", err)
	}
	text, err := answer.Raw()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		// the parser's text may quote it
		return fmt.Errorf("%s: the answer is not that of a Kubernetes API server", what)
	}
	return nil
}

// RoleHint is what helps a rotation that lacks a right.
const RoleHint = "elk-mtls-init rotate --print-role prints the Role that is needed, and SECURITY.md says how to bind it"

// explain never passes on more than the API server says of itself and of names.
func explain(what, doing string, err error) error {
	var status apierrors.APIStatus
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &status):
		return failure.New(failure.Other, fmt.Errorf("%s: %s: the Kubernetes API server cannot be reached: %w", what,
			doing, err), "let this pod reach the API server, by network policies")
	}
	switch s := status.Status(); s.Code {
	case http.StatusForbidden:
		return failure.New(failure.KubeForbidden, fmt.Errorf("%s: %s", what, s.Message),
			RoleHint)
	case http.StatusUnauthorized:
		return failure.New(failure.KubeForbidden, fmt.Errorf("%s: the Kubernetes API server does not accept the "+
			"credentials (401)", what), secret.LogIn)
	case http.StatusNotFound:
		return failure.New(failure.Usage, fmt.Errorf("%s is not there", what),
			"give kind and name as kubectl get prints them")
	default:
		return fmt.Errorf("%s: %s: the Kubernetes API server answers %d %s", what, doing, s.Code, s.Reason)
	}
}

// Role is what a rotation needs: the Secret, the workloads, and a look at the pods, which cannot be limited by name.
func Role(namespace, name string, workloads []Workload) ([]byte, error) {
	rules := []rule{
		{"apiGroups": []string{""}, "resources": []string{"secrets"}, "resourceNames": []string{name},
			"verbs": []string{"get", "patch"}},
		{"apiGroups": []string{""}, "resources": []string{"pods"}, "verbs": []string{"list"}},
	}
	for _, w := range workloads {
		group, _, resource := w.api()
		rules = append(rules, rule{
			"apiGroups": []string{group}, "resources": []string{resource}, "resourceNames": []string{w.Name},
			"verbs": []string{"get", "patch"},
		})
	}
	return role(namespace, name+"-rotate", rules)
}

type rule map[string]any

// role gives a Role in YAML, without a namespace where none is known.
func role(namespace, name string, rules []rule) ([]byte, error) {
	metadata := map[string]any{"name": name}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	return yaml.Marshal(map[string]any{
		"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata, "rules": rules,
	})
}
