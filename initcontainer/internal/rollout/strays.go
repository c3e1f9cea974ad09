package rollout

import (
	"cmp"
	"context"
	"slices"

	"github.com/elk-mtls/elk-mtls/internal/contract"
)

// Helm's marks: on what a release has, and on its own records. https://helm.sh/docs/chart_best_practices/labels/
const (
	helmRelease   = "meta.helm.sh/release-name"
	helmNamespace = "meta.helm.sh/release-namespace"
	helmRecords   = "owner=helm,name="
)

// Stray is an object that elk-mtls added to a release of Helm that is gone.
type Stray struct{ Kind, Name, Release string }

// listed are the names and marks of objects; what they hold is not asked for.
type listed struct {
	Items []struct {
		Metadata struct {
			Name        string
			Labels      map[string]string
			Annotations map[string]string
		}
	}
}

// Strays lists what elk-mtls added for releases of which Helm keeps no record: it stays where the last upgrade lacked
// the post-renderer and failed, and the release was uninstalled after that.
func (c *Client) Strays(ctx context.Context) (all []Stray, err error) {
	const core, rbac = "/api/v1/namespaces/", "/apis/rbac.authorization.k8s.io/v1/namespaces/"
	gone := map[[2]string]bool{}
	for _, kind := range [][2]string{{core, "secret"}, {core, "configmap"}, {core, "serviceaccount"}, {rbac, "role"},
		{rbac, "rolebinding"}} {
		found, err := c.list(ctx, kind[0]+c.namespace+"/"+kind[1]+"s", contract.LabelPartOf+"="+contract.Plugin)
		if err != nil {
			return nil, err
		}
		for _, o := range found.Items {
			release := [2]string{o.Metadata.Annotations[helmNamespace], o.Metadata.Annotations[helmRelease]}
			if release[1] == "" || o.Metadata.Labels[contract.LabelPartOf] != contract.Plugin {
				continue // another tool deploys it, or somebody by hand
			}
			isGone, known := gone[release]
			if !known {
				if isGone, err = c.isGone(ctx, release[0], release[1]); err != nil {
					return nil, err
				}
				gone[release] = isGone
			}
			if isGone {
				all = append(all, Stray{kind[1], o.Metadata.Name, release[1]})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Stray) int { return cmp.Compare(a.Release, b.Release) })
	return all, nil
}

// isGone tells whether Helm keeps no record of a release, neither in a Secret nor in a ConfigMap.
func (c *Client) isGone(ctx context.Context, namespace, release string) (bool, error) {
	for _, kind := range []string{"secrets", "configmaps"} {
		records, err := c.list(ctx, "/api/v1/namespaces/"+namespace+"/"+kind, helmRecords+release)
		if err != nil || len(records.Items) > 0 {
			return false, err
		}
	}
	return true, nil
}

func (c *Client) list(ctx context.Context, path, selector string) (found listed, err error) {
	request := c.get(path).
		SetHeader("Accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1").
		Param("labelSelector", selector)
	err = read(ctx, path, request, &found)
	return found, err
}
