package plan

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// identity is what a client needs to talk to Elasticsearch: whom it trusts, and the pair that it presents.
type identity struct {
	ca     object.Source
	secret string // of the pair; "" in the modes without client certificates
	cert   string // keys of the pair in that Secret
	key    string
	curl   string // ConfigMap that holds the .curlrc; "" when nothing in the pod runs curl

	carried carried // what comes by other volumes of the pod

	of   *recognise.Workload // the server that ca and pair are those of, nil where nothing shows it
	cas  []fileItem          // of further servers that the pod calls
	only string              // the one container of the pod that it is for, "" for all
}

// name gives the name of the volume: one container of several may have a key pair of its own.
func (id identity) name() string {
	if id.only == "" {
		return clientVolume
	}
	return clientVolume + "-" + id.only
}

// sources lists the keys that a client reads.
func (id identity) sources(o *object.Object) []object.Source {
	var all []object.Source
	if id.ca.Name != "" {
		all = append(all, id.ca)
	}
	for _, ca := range id.cas {
		all = append(all, ca.source)
	}
	if id.secret != "" {
		all = append(all, secretKey(o, id.secret, id.cert), secretKey(o, id.secret, id.key))
	}
	return all
}

// secretKey names a key of a Secret in an object's namespace.
func secretKey(o *object.Object, name, key string) object.Source {
	return object.Source{Namespace: o.Namespace, Kind: "Secret", Name: name, Key: key}
}

// checkHolds checks that a key is there when the stream shows what the Secret holds, and notes it as assumed when not.
func checkHolds(p step, s object.Source) error {
	held, state, filled := object.Look(p.release, s)
	switch state {
	case object.Held:
		return nil
	case object.NotShown:
		p.expect(s, filled)
		return nil
	}
	return problem.New(problem.NoKey, "%s/%s has no key %q, only %s", s.Kind, s.Name, s.Key,
		quoted(held.Object.Keys())).
		Do("name the keys in certificates.keys, or another Secret in certificates.secretName or certificates.clients")
}

// readable refuses files that the process of a container may not read: it would not start, or go without a certificate.
func readable(c object.Container, files ...object.File) error {
	for _, file := range files {
		if why := c.Unreadable(file); why != "" {
			return problem.New(problem.Unreadable, "container %q: %s", c.Name, why).
				Do("set fsGroup in the pod's securityContext, or another defaultMode of the volume, in the chart's " +
					"values")
		}
	}
	return nil
}

// checkFree refuses a workload that uses our names for things of its own: they would be replaced. One that an earlier
// run patched has them from us.
func checkFree(in *In, o *object.Object) error {
	if o.Annotation(annotationMode) != "" {
		if mode := o.Annotation(annotationMode); mode != in.settings.Mode {
			return problem.New(problem.OtherMode, "was patched in mode %q already, and mode %q is asked for now", mode,
				in.settings.Mode).
				Do("start from what the chart renders")
		}
		return nil
	}
	pod, _ := o.Pod()
	for _, v := range object.Items(pod.Spec, "volumes") {
		if name := object.Text(v, "name"); strings.HasPrefix(name, clientVolume+"-") ||
			slices.Contains([]string{clientVolume, serverVolume, minterVolume, loginVolume, apiVolume, settingsVolume,
				monitoringVolume, keystoreVolume}, name) {
			return problem.New(problem.NameTaken, "has a volume %q of its own, which is a name that %s needs", name,
				ourName).
				Do("call yours something else")
		}
	}
	for _, c := range pod.All() {
		if c.Name == initName {
			return problem.New(problem.NameTaken, "has a container %q of its own, which is a name that %s needs",
				initName, ourName).
				Do("call yours something else")
		}
	}
	return nil
}

// mountClient plans the client's volume in a pod and its mount in a container.
func mountClient(p step, o *object.Object, c object.Container, id identity) {
	mountClientAt(p, o, c, id, clientDir)
}

func mountClientAt(p step, o *object.Object, c object.Container, id identity, dir string) {
	addClientVolume(p, o, id)
	mountIn(p, o, c, id.name(), dir)
	if s := secretKey(o, id.secret, ""); id.secret != "" && !madePerRender(p.In, s) {
		readsKeys(p, o, s)
	}
}

// addClientVolume plans the one volume that all clients of a pod share.
func addClientVolume(p step, o *object.Object, id identity) {
	if len(id.sources(o)) == 0 && id.curl == "" {
		return
	}
	known := p.identityIn(mounter{o, id.only})
	id.curl = or(id.curl, known.curl)
	for _, ca := range known.cas {
		if !slices.Contains(id.cas, ca) {
			id.cas = append(id.cas, ca)
		}
	}
	p.mounts(o, id)
	pod := podOf(o)
	p.set(o, patch.Fields(pod.Path("spec", "volumes")...).Item("name", id.name()), id.volume(fileMode(pod)),
		"the client certificate, and the CA that it trusts", "")
}

func mountIn(p step, o *object.Object, c object.Container, volume, dir string) {
	p.set(o, containerPath(c).Field("volumeMounts").Item("name", volume), readOnlyMount(volume, dir),
		"the container reads them there", "")
}

// setEnv plans an environment variable with a plain value.
func setEnv(p step, o *object.Object, c object.Container, name, value, why, link string) {
	p.set(o, containerPath(c).Field("env").Item("name", name),
		patch.Map(patch.F("name", patch.Str(name)), patch.F("value", patch.Str(value))), why, link)
}

// volume makes the projected volume: directories are updated in a running pod, subPath mounts never.
func (id identity) volume(mode int) *yaml.Node {
	var items []fileItem
	if id.ca.Name != "" {
		items = append(items, fileItem{id.ca, fileCA}) // projected() writes no namespace: a pod reads its own
	}
	if id.secret != "" {
		pair := object.Source{Kind: "Secret", Name: id.secret}
		pair.Key = id.cert
		items = append(items, fileItem{pair, fileCert})
		pair.Key = id.key
		items = append(items, fileItem{pair, fileKey})
	}
	if id.curl != "" {
		items = append(items, fileItem{object.Source{Kind: "ConfigMap", Name: id.curl, Key: curlFile}, curlFile})
	}
	return projected(id.name(), mode, append(items, id.cas...))
}

// fileMode gives keys to the pod's group alone where the pod has one; without fsGroup the files belong to root, and a
// container that runs as somebody else could not read them.
// https://kubernetes.io/docs/concepts/configuration/secret/#secret-files-permissions
func fileMode(pod object.Pod) int {
	if object.Text(pod.Spec, "securityContext", "fsGroup") != "" {
		return 0o440
	}
	return 0o444
}

// texts lists the scalars below a node: where a command, an argument or a value may hide an address.
func texts(node *yaml.Node) []string {
	var all []string
	var walk func(*yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode {
			all = append(all, n.Value)
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(node)
	return all
}
