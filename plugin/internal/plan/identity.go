package plan

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// identity is what a client needs to talk to Elasticsearch: whom it trusts, and the pair that it presents.
type identity struct {
	ca     object.Source
	secret string // of the pair; "" in the modes without client certificates
	cert   string // keys of the pair in that Secret
	key    string
	curl   string // ConfigMap that holds the .curlrc; "" when nothing in the pod runs curl
}

// sources lists the keys that a client reads.
func (id identity) sources(o *object.Object) []object.Source {
	if id.secret == "" {
		return []object.Source{id.ca}
	}
	return []object.Source{id.ca, secretKey(o, id.secret, id.cert), secretKey(o, id.secret, id.key)}
}

// secretKey names a key of a Secret in an object's namespace.
func secretKey(o *object.Object, name, key string) object.Source {
	return object.Source{Namespace: o.Namespace, Kind: "Secret", Name: name, Key: key}
}

// checkHolds checks that a key is there when the stream shows what the Secret holds, and notes it as assumed when not.
func checkHolds(p step, s object.Source) error {
	held, state, filled := object.Look(p.In, s)
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

// checkFree refuses a workload that uses our names for things of its own: they would be replaced. One that an earlier run patched has them
// from us.
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
		if name := object.Text(v, "name"); slices.Contains([]string{clientVolume, serverVolume, minterVolume, loginVolume, apiVolume, settingsVolume, monitoringVolume, keystoreVolume}, name) {
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
	mountIn(p, o, c, clientVolume, dir)
	if s := secretKey(o, id.secret, ""); id.secret != "" && !madePerRender(p.In, s) {
		readsKeys(p, o, s)
	}
}

// addClientVolume plans the one volume that all clients of a pod share.
func addClientVolume(p step, o *object.Object, id identity) {
	if id.curl == "" {
		id.curl = p.identityIn(o).curl
	}
	p.mounts(o, id)
	pod := podOf(o)
	p.set(o, patch.Fields(pod.Path("spec", "volumes")...).Item("name", clientVolume), id.volume(fileMode(pod)),
		"the client certificate, and the CA that it trusts", "")
}

func mountIn(p step, o *object.Object, c object.Container, volume, dir string) {
	p.set(o, containerPath(c).Field("volumeMounts").Item("name", volume), readOnlyMount(volume, dir), "the container reads them there", "")
}

// setEnv plans an environment variable with a plain value.
func setEnv(p step, o *object.Object, c object.Container, name, value, why, link string) {
	p.set(o, containerPath(c).Field("env").Item("name", name),
		patch.Map(patch.F("name", patch.Str(name)), patch.F("value", patch.Str(value))), why, link)
}

// volume makes the projected volume: directories are updated in a running pod, subPath mounts never.
func (id identity) volume(mode int) *yaml.Node {
	items := []fileItem{{id.ca, fileCA}} // projected() writes no namespace: a pod reads its own
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
	return projected(clientVolume, mode, items)
}

// fileMode gives keys to the pod's group alone where the pod has one; without fsGroup the files belong to root, and a container
// that runs as somebody else could not read them.
// https://kubernetes.io/docs/concepts/configuration/secret/#secret-files-permissions
func fileMode(pod object.Pod) int {
	if object.Text(pod.Spec, "securityContext", "fsGroup") != "" {
		return 0o440
	}
	return 0o444
}

// curlFile is what curl reads in CURL_HOME before anything else.
const curlFile = shell.CurlFile

// curlrc names the pair and nothing else: what a command line says about trust stays as it is.
const curlrc = "cert = \"" + clientDir + "/" + fileCert + "\"\nkey = \"" + clientDir + "/" + fileKey + "\"\n"

// curlClient makes every curl in a container present the pair, without touching a script: probes, lifecycle hooks and the
// container's own command inherit its environment.
func curlClient(p step, o *object.Object, c object.Container, id identity) error {
	if v, ok := p.seen(c).Given.Own(shell.CurlHome); ok && v.Text != clientDir {
		return problem.New(problem.NoCertificate, "container %q: env CURL_HOME is %q already, and curl reads one "+
			"such folder only: it is needed at %q so that curl presents the certificate", c.Name, v.Text, clientDir).
			Do("remove the variable, and put what your .curlrc says into the commands")
	}
	for _, m := range c.Mounts() {
		if strings.HasSuffix(m.Path, "/"+curlFile) {
			return problem.New(problem.NoCertificate, "container %q: a .curlrc of your own is mounted at %q, and "+
				"curl reads one only: one is needed that names the client certificate", c.Name, m.Path).
				Do("remove the mount")
		}
	}
	all, _ := p.seen(c).Requests()
	if slices.ContainsFunc(all, func(r shell.Request) bool { return !r.Hands(shell.CurlHome) }) {
		return problem.New(problem.NoCertificate, "container %q: a script changes the environment of curl "+
			"(CURL_HOME, or env -i), by which curl finds the client certificate", c.Name).
			Do("remove that")
	}
	if slices.ContainsFunc(all, func(r shell.Request) bool { return r.IgnoresFiles }) {
		return problem.New(problem.NoCertificate, "container %q: a command runs curl with -q, which makes it ignore "+
			"every .curlrc and so the client certificate", c.Name).
			Do("remove that option")
	}
	mountClient(p, o, c, id)
	coverCalls(p, o, c)
	setEnv(p, o, c, shell.CurlHome, clientDir, "curl presents the certificate: probes, hooks and scripts need no change", linkCurl)
	return nil
}

// curlConfig plans the ConfigMap with the .curlrc of an object.
func curlConfig(p step, before *object.Object) (string, error) {
	name := before.Name + "-elk-mtls-curl"
	id, node := newObject(before, "v1", "ConfigMap", name, patch.F("data", patch.Map(patch.F(curlFile, patch.Str(curlrc)))))
	return name, p.addObject(before, id, node, "tells curl which certificate to present")
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
