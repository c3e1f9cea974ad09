package rollout

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/renewal"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/secret"
	"github.com/elk-mtls/elk-mtls/internal/contract"
)

// ReadsOnce gives the keys of Secrets and ConfigMaps that the workload's pods read only at startup, as the
// post-renderer has marked it; none where it has no mark.
func (s Status) ReadsOnce() ([]renewal.Key, error) {
	mark := s.Metadata.Annotations[contract.AnnotationReadsOnce]
	if mark == "" {
		return nil, nil
	}
	keys, err := renewal.Parse(mark)
	if err != nil {
		err = failure.New(failure.Usage, fmt.Errorf("annotation %s: %w", contract.AnnotationReadsOnce, err),
			"run the same helm upgrade with --post-renderer again: it writes the annotation")
	}
	return keys, err
}

// Renewed is the digest of these keys when the workload was last restarted for them, "" for never.
func (s Status) Renewed() string { return s.Metadata.Annotations[contract.AnnotationRenewed] }

// Content reads what keys of Secrets and ConfigMaps hold.
func (c *Client) Content(ctx context.Context, keys []renewal.Key) (renewal.Content, error) {
	all := renewal.Content{}
	held := map[string]map[string][]byte{}
	for _, k := range keys {
		what := fmt.Sprintf("%s %s/%s", k.Kind, c.namespace, k.Object)
		if held[what] == nil {
			data, err := c.data(ctx, k, what)
			if failure.Of(err) == failure.Usage { // not there
				err = failure.New(failure.SecretMissing, err, "who makes it? cert-manager, trust-manager, elk-mtls "+
					"certs, you; a pod that is started now would wait for it")
			}
			if err != nil {
				return nil, err
			}
			held[what] = data
		}
		value, there := held[what][k.Name]
		if !there {
			return nil, failure.New(failure.SecretMissing, fmt.Errorf("%s has no key %q", what, k.Name),
				"a pod that is started now would wait for it: add the key")
		}
		all[k] = value
	}
	return all, nil
}

// data reads the object that has a key.
func (c *Client) data(ctx context.Context, k renewal.Key, what string) (map[string][]byte, error) {
	path := "/api/v1/namespaces/" + c.namespace + "/"
	if k.Kind == renewal.Secret {
		var held corev1.Secret
		err := c.read(ctx, what, path+"secrets/"+k.Object, &held)
		return held.Data, err
	}
	var held corev1.ConfigMap
	err := c.read(ctx, what, path+"configmaps/"+k.Object, &held)
	all := maps.Clone(held.BinaryData)
	if all == nil {
		all = map[string][]byte{}
	}
	for name, text := range held.Data {
		all[name] = []byte(text)
	}
	return all, err
}

// Renew restarts the workload and notes the digest for which, in one write: either both are done or nothing is. The
// pod template has the digest and no time, so that the same write twice is one restart. It fails with 409 when the
// workload is not as it was read. A Rollout of Argo Rollouts restarts its pods without a new revision.
func (c *Client) Renew(ctx context.Context, w Workload, s Status, digest string, now time.Time) error {
	note := map[string]any{"annotations": map[string]string{contract.AnnotationRenewed: digest}}
	spec := map[string]any{"template": map[string]any{"metadata": note}}
	if w.Kind == "Rollout" {
		spec = map[string]any{"restartAt": now.Add(time.Second).UTC().Format(time.RFC3339)}
	}
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": s.Metadata.ResourceVersion, "annotations": note["annotations"]},
		"spec":     spec,
	})
	if err != nil {
		return err
	}
	err = c.client.Patch(types.MergePatchType).AbsPath(c.path(w)).Param("fieldManager", secret.FieldManager).
		MaxRetries(0).Body(body).Do(ctx).Error()
	return explain(w.String(), "restarting it", err)
}

// RenewRole is what a renewal needs: the Secrets, the ConfigMaps and the workloads, all by name. A rule without names
// would be one for all.
func RenewRole(namespace string, keys []renewal.Key, workloads []Workload) ([]byte, error) {
	var rules []rule
	for _, k := range []struct{ kind, resource string }{{renewal.Secret, "secrets"},
		{renewal.ConfigMap, "configmaps"}} {
		if names := renewal.Names(keys, k.kind); len(names) > 0 {
			rules = append(rules, rule{"apiGroups": []string{""}, "resources": []string{k.resource},
				"resourceNames": names, "verbs": []string{"get"}})
		}
	}
	for _, k := range kinds {
		var names []string
		for _, w := range workloads {
			if w.Kind == k.name {
				names = append(names, w.Name)
			}
		}
		if names == nil {
			continue
		}
		group, _, resource := Workload{Kind: k.name}.api()
		slices.Sort(names)
		rules = append(rules, rule{
			"apiGroups": []string{group}, "resources": []string{resource}, "resourceNames": slices.Compact(names),
			"verbs": []string{"get", "patch"},
		})
	}
	return role(namespace, "elk-mtls-renew", rules)
}
