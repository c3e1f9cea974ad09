package rollout

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
)

// MayRotate returns an error that names a right which a rotation will need and which is missing, before anything is
// changed. What a rotation reads first is not asked for: reading it tells.
func (c *Client) MayRotate(ctx context.Context, workloads []Workload) error {
	if err := c.needs(ctx, "patch", "", "secrets", c.secret); err != nil {
		return err
	}
	for _, w := range workloads {
		group, _, resource := w.api()
		if err := c.needs(ctx, "patch", group, resource, w.Name); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) needs(ctx context.Context, verb, group, resource, name string) error {
	allowed, err := c.Allowed(ctx, verb, group, resource, name)
	if allowed || err != nil {
		return err
	}
	return failure.New(failure.KubeForbidden,
		fmt.Errorf("the ServiceAccount, or who runs this, may not %s %s %q in the namespace %q", verb, resource, name,
			c.namespace),
		RoleHint+". Nothing was changed")
}

// Allowed asks whether we may use a verb on one object of the namespace. Everybody who has logged in may ask that of
// himself.
// https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
func (c *Client) Allowed(ctx context.Context, verb, group, resource, name string) (bool, error) {
	return c.review(ctx, "SelfSubjectAccessReview", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
		map[string]any{"resourceAttributes": c.attributes(verb, group, resource, name)})
}

// AllowedFor asks the same of a ServiceAccount of the namespace, which is a right of its own; of ourselves where it
// has no name.
func (c *Client) AllowedFor(ctx context.Context, account, verb, group, resource, name string) (bool, error) {
	if account == "" {
		return c.Allowed(ctx, verb, group, resource, name)
	}
	return c.review(ctx, "LocalSubjectAccessReview",
		"/apis/authorization.k8s.io/v1/namespaces/"+c.namespace+"/localsubjectaccessreviews", map[string]any{
			"resourceAttributes": c.attributes(verb, group, resource, name),
			"user":               "system:serviceaccount:" + c.namespace + ":" + account,
			"groups": []string{"system:serviceaccounts", "system:serviceaccounts:" + c.namespace,
				"system:authenticated"},
		})
}

func (c *Client) attributes(verb, group, resource, name string) map[string]string {
	return map[string]string{"namespace": c.namespace, "verb": verb, "group": group, "resource": resource, "name": name}
}

func (c *Client) review(ctx context.Context, kind, path string, spec map[string]any) (bool, error) {
	body, err := json.Marshal(map[string]any{"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec})
	if err != nil {
		return false, err
	}
	answer := c.client.Post().AbsPath(path).
		SetHeader("Content-Type", "application/json").SetHeader("Accept", "application/json").
		MaxRetries(0).Body(body).Do(ctx)
	if err := answer.Error(); err != nil {
		return false, explain("rights", "asking", err)
	}
	text, err := answer.Raw()
	if err != nil {
		return false, err
	}
	var review struct {
		Status struct {
			Allowed bool `json:"allowed"`
		} `json:"status"`
	}
	return review.Status.Allowed, json.Unmarshal(text, &review)
}
