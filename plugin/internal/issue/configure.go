package issue

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// Configure gives the settings that use the Secrets of these leaves; what they say already stays.
func Configure(s config.Settings, release *recognise.Release, leaves []Leaf) config.Settings {
	s.Certificates.Clients = slices.Clone(s.Certificates.Clients)
	for _, leaf := range leaves {
		if leaf.Server {
			s.Certificates.SecretName = leaf.Secret
			continue
		}
		ref := leaf.Refs[0]
		if !slices.ContainsFunc(s.Certificates.Clients, func(c config.Client) bool { return c.Ref == ref }) {
			s.Certificates.Clients = append(s.Certificates.Clients, config.Client{Ref: ref, SecretName: leaf.Secret})
		}
	}
	if s.Minter.SecretName == "" && len(release.Kibanas) > 0 {
		s.Minter.SecretName = minter(release)
	}
	return s
}

// minter finds the chart's own Secret with the credentials of a superuser, whose name the post-renderer takes from the
// chart's own certificates only: the one behind the node's ELASTIC_PASSWORD, called X-credentials.
func minter(release *recognise.Release) string {
	for _, w := range release.Nodes {
		if v, ok := w.Main.Environment(release).Own("ELASTIC_PASSWORD"); ok && v.From.Key == "password" &&
			strings.HasSuffix(v.From.Name, "-credentials") {
			return v.From.Name
		}
	}
	return ""
}

// Unknown gives the refs that are none of the leaves'.
func Unknown(refs []string, leaves []Leaf) []string {
	return slices.DeleteFunc(slices.Clone(refs), func(ref string) bool {
		return slices.ContainsFunc(leaves, func(l Leaf) bool { return slices.Contains(l.Refs, ref) })
	})
}

// Only gives the leaves of these refs; all, where there are none.
func Only(refs []string, leaves []Leaf) []Leaf {
	if len(refs) == 0 {
		return leaves
	}
	return slices.DeleteFunc(slices.Clone(leaves), func(l Leaf) bool {
		return !slices.ContainsFunc(l.Refs, func(ref string) bool { return slices.Contains(refs, ref) })
	})
}

// Refs lists who uses the leaves.
func Refs(leaves []Leaf) []string {
	var refs []string
	for _, l := range leaves {
		refs = append(refs, l.Refs...)
	}
	return refs
}
