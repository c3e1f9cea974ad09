package plan

import (
	"slices"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// carried are files that a volume of the client's own pod brings, and that are no keys of a Secret: those of a CSI
// driver, of podCertificate, of a claim. They are used where they are; another container of the pod mounts the same
// volumes. A server's volumes are its own.
type carried struct {
	ca, cert, key string // paths in the container; "" for those that come from Secrets
	mounts        []object.Mount
}

// carry notes a file, and tells whether a volume brings it that other containers of the pod can mount too. What
// somebody writes into an empty folder, or into the containers by a webhook, is not there yet when the first of them
// runs.
func (c *carried) carry(in object.Container, pod object.Pod, file object.File) bool {
	m, ok := in.MountOf(file.Path)
	isEmpty := func(v *yaml.Node) bool { return object.Text(v, "name") == m.Volume && object.Get(v, "emptyDir") != nil }
	if !ok || file.Found != object.Outside || m.SubPathExpr != "" ||
		slices.ContainsFunc(object.Items(pod.Spec, "volumes"), isEmpty) ||
		object.Text(pod.Template, "metadata", "annotations", "vault.hashicorp.com/agent-inject") == "true" {
		return false
	}
	if !slices.Contains(c.mounts, m) {
		c.mounts = append(c.mounts, m)
	}
	return true
}

// carriedCA gives the CA that Kibana has by such a volume, where the configuration names none.
func carriedCA(in *In, conf *configuration) carried {
	var c carried
	s := conf.get(kibanaCAs)
	if _, told := caNamed(in, conf.w.Object); told || s == nil || len(s.Values) != 1 {
		return c
	}
	if file := conf.source(s.Values[0]); c.carry(conf.w.Main, conf.w.Pod, file) {
		c.ca = file.Path
	}
	return c
}

// carriedPair gives the key pair that Kibana has by such a volume.
func carriedPair(p step, conf *configuration, cert, key object.File) (carried, bool) {
	var c carried
	if !c.carry(conf.w.Main, conf.w.Pod, cert) || !c.carry(conf.w.Main, conf.w.Pod, key) {
		return carried{}, false
	}
	c.cert, c.key = cert.Path, key.Path
	p.assume(conf.w.ID, "%s and %s stay, for Kibana and %s: the files must be there, every user of the pod must be "+
		"able to read them, and Elasticsearch must trust the certificate%s", kibanaCert, kibanaKey, initName,
		because(cert))
	return c, true
}

// and gives the files of both.
func (c carried) and(other carried) carried {
	all := carried{or(c.ca, other.ca), or(c.cert, other.cert), or(c.key, other.key), slices.Clone(c.mounts)}
	for _, m := range other.mounts {
		if !slices.Contains(all.mounts, m) {
			all.mounts = append(all.mounts, m)
		}
	}
	return all
}

// clientMounts are the mounts by which our container has the files of an identity.
func (id identity) clientMounts(o *object.Object) []*yaml.Node {
	var all []*yaml.Node
	if len(id.sources(o)) > 0 {
		all = append(all, readOnlyMount(clientVolume, clientDir))
	}
	for _, m := range id.carried.mounts {
		node := readOnlyMount(m.Volume, m.Path)
		if m.SubPath != "" {
			node.Content = append(node.Content, patch.Str("subPath"), patch.Str(m.SubPath))
		}
		all = append(all, node)
	}
	return all
}

// lacksPair refuses a client beside Kibana, to which the pair of a volume is not given.
func (id identity) lacksPair(w *recognise.Workload, who string) error {
	if id.carried.cert == "" {
		return nil
	}
	return problem.New(problem.NoPair, "%s needs a certificate, and that of Kibana comes by a volume (%s), where "+
		"nobody else looks for it", who,
		id.carried.cert).Do("remove %s and %s and name a Secret in certificates.clients (ref: %s)", kibanaCert,
		kibanaKey, w.ID)
}
