package plan

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// handed refuses variables that the program would not get: a script that starts it takes them away or sets them to
// something else.
func handed(in *In, served Part) Part {
	var part Part
	for _, change := range served.changes {
		at := change.Edit.Path
		env := slices.IndexFunc(at, func(s patch.Step) bool { return s.Field == "env" })
		pod, ok := change.Object.Pod()
		// which curlClient looks at
		if env < 2 || env+1 >= len(at) || change.Edit.Value == nil || !ok || at[env+1].Is == shell.CurlHome {
			continue
		}
		for _, c := range pod.All() {
			if name := at[env+1].Is; c.Name == at[env-1].Is && c.List == at[env-2].Field && !in.seen(c).Hands(name) {
				part.failing(change.Object.ID, problem.New(problem.NoCertificate, "container %q: its command takes "+
					"%s out of the environment or sets it to something else, so that the variable, which must be "+
					"set, does not reach the program", c.Name, name).
					Do("remove that from the command"))
			}
		}
	}
	return part
}

func usesCurl(seen process.Process) bool {
	all, _ := seen.Requests()
	return len(all) > 0
}

// callsByCurl tells whether a request of a container goes to a host that is ours: then it gets the certificate. What a
// request sends, such as the settings of a connector, may name Elasticsearch without calling it. An address that
// cannot be read may be any that the container names outside of what curl sends.
func callsByCurl(seen process.Process, ours func(text string) bool) bool {
	names := func(w shell.Word) bool { return ours(w.Text) }
	all, ok := seen.Requests()
	called, unread, sent := false, false, false
	for _, r := range all {
		called = called || slices.ContainsFunc(r.Addresses, names)
		unread = unread || r.Diverted || len(r.Files) > 0 || slices.ContainsFunc(r.Addresses, isUnread)
		sent = sent || slices.ContainsFunc(r.Sent, names)
	}
	return called || ok && unread && !sent
}

func isUnread(address shell.Word) bool { return !address.HasHost() }

// curlFile is what curl reads in CURL_HOME before anything else.
const curlFile = shell.CurlFile

// curlrc names the pair: what a command line says about trust stays as it is.
const curlrc = "cert = \"" + clientDir + "/" + fileCert + "\"\nkey = \"" + clientDir + "/" + fileKey + "\"\n"

// curlClient makes every curl in a container present the pair, without touching a script: probes, lifecycle hooks and
// the container's own command inherit its environment.
func curlClient(p step, o *object.Object, c object.Container, id identity, to ...*recognise.Workload) error {
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
	presentPair(p, o, c, id, to...)
	coverCalls(p, o, c)
	setEnv(p, o, c, shell.CurlHome, clientDir,
		"curl presents the certificate: probes, hooks and scripts need no change", linkCurl)
	return nil
}

// trustsOurCA names the CA too, where a command line names none: one that does wins.
const trustsOurCA = "cacert = \"" + clientDir + "/" + fileCA + "\"\n"

// lacksCA tells whether some call by curl in a pod names no CA, and none goes elsewhere by TLS, as far as all is seen
// that reads its .curlrc: then that may name ours. It would win over a CA in a variable.
func lacksCA(in *In, o *object.Object) bool {
	ours, lacks := callsFrom(in, o), false
	for _, c := range podOf(o).All() {
		all, whole := in.seen(c).Requests()
		if len(all) == 0 && in.hasCurlRule(c) || len(all) > 0 && !whole {
			return false
		}
		for _, r := range all {
			isOurs := func(a shell.Word) bool { return a.Known && ours(a.Text) }
			if r.Diverted || len(r.Files) > 0 ||
				slices.ContainsFunc(r.Addresses, func(a shell.Word) bool { return !isOurs(a) }) {
				return false
			}
			if slices.ContainsFunc(catalog.Curl().Trusts,
				func(name string) bool { v, set := r.Variable(name); return set && (v.Text != "" || !v.Known) }) {
				return false
			}
			_, isFile := r.Options["cacert"]
			_, isFolder := r.Options["capath"]
			lacks = lacks || !isFile && !isFolder && !r.Insecure
		}
	}
	return lacks
}

// hasCurlRule tells whether a rule says that a container calls by curl, whatever is seen of that.
func (in *In) hasCurlRule(c object.Container) bool {
	return slices.ContainsFunc(in.ruled, func(r ruled) bool { return r.ready.curl && r.w.Main.Node == c.Node })
}

// curlTrusts gives the CA that the .curlrc of an object names, empty for none.
func curlTrusts(in *In, o *object.Object, ca object.Source) object.Source {
	if !lacksCA(in, o) {
		return object.Source{}
	}
	return ca
}

// The ConfigMaps with a .curlrc are named after an object, which is not always the one that reads it: the test of a
// chart may have another name in each rendering.
const curlName, curlNameCA = "-elk-mtls-curl", "-elk-mtls-curl-ca"

// curlConfig plans the ConfigMap with the .curlrc of an object. It names the CA that the pods have beside it where it
// is given one.
func curlConfig(p step, before *object.Object, trusts object.Source) (string, error) {
	return curlConfigNamed(p, before, before.Name+curlName, trusts)
}

func curlConfigNamed(p step, before *object.Object, name string, trusts object.Source) (string, error) {
	text := curlrc
	if trusts.Name != "" {
		text += trustsOurCA
		p.input(before, trustsOurCA)
	}
	id, node := newObject(before, "v1", "ConfigMap", name,
		patch.F("data", patch.Map(patch.F(curlFile, patch.Str(text)))))
	if runsEarly(before) {
		hookBefore(node, before)
	}
	return name, p.addObject(before, id, node, "tells curl which certificate to present")
}

// hookBefore makes a new object a hook that is there before another one runs.
// https://helm.sh/docs/topics/charts_hooks/#hook-weights
func hookBefore(node *yaml.Node, hook *object.Object) {
	weight, _ := strconv.Atoi(hook.Annotation(hookWeight))
	metadata := object.Get(node, "metadata")
	metadata.Content = append(metadata.Content, patch.Str("annotations"), patch.Map(
		patch.F(object.HookAnnotation, patch.Str(hook.Hook)), patch.F(hookWeight, patch.Str(strconv.Itoa(weight-1)))))
}

// presentsItself tells whether each call of a container by curl presents a pair of its own, by an option or by the
// .curlrc in its own CURL_HOME: then nothing is asked, and nothing changes.
func presentsItself(p step, o *object.Object, c object.Container, to ...*recognise.Workload) (bool, error) {
	all, whole := p.seen(c).Requests()
	ours := callsFrom(p.In, o)
	names := func(w shell.Word) bool { return ours(w.Text) || isUnread(w) }
	var files []shell.Word
	for _, r := range all {
		if !r.Diverted && len(r.Files) == 0 && !slices.ContainsFunc(r.Addresses, names) {
			continue
		}
		r, ok := withOptionFile(p, c, r)
		cert, key := r.Options["cert"], r.Options["key"]
		if !whole || !ok || len(r.Files) > 0 || cert.Text == "" || strings.HasPrefix(cert.Text, clientDir+"/") {
			return false, nil
		}
		files = append(files, cert, key)
	}
	if len(files) == 0 {
		return false, nil
	}
	var problems []error
	for i, w := range files {
		if w.Text == "" {
			continue
		}
		problems = append(problems, ownCurlFile(p, o, c, w.Text))
		if i%2 == 1 {
			cert, key := c.Resolve(files[i-1].Text, p.release), c.Resolve(w.Text, p.release)
			if cert.Key() && key.Key() {
				presents(p.Part, presented{o, c.Name, cert.Source, key.Source, nil, true}, to...)
			}
		}
	}
	coverCalls(p, o, c)
	p.pass(o.ID, fmt.Sprintf("container %q presents a certificate of its own by curl", c.Name))
	return true, within(c, errors.Join(problems...))
}

// withOptionFile gives a request with what its own .curlrc says besides; false where the two contradict each other.
func withOptionFile(p step, c object.Container, r shell.Request) (shell.Request, bool) {
	home, isSet := p.seen(c).Given.Own(shell.CurlHome)
	if !isSet || home.Text == clientDir || r.IgnoresFiles || !r.Hands(shell.CurlHome) {
		return r, true
	}
	file := c.Resolve(path.Join(home.Text, curlFile), p.release)
	if file.State != object.Held {
		return r, true
	}
	return r.Join(shell.Config(string(file.Content.Text)))
}

// ownCurlFile looks at a file that a call by curl presents.
func ownCurlFile(p step, o *object.Object, c object.Container, name string) error {
	file := c.Resolve(name, p.release)
	if !file.Key() {
		p.assume(o.ID, "container %q: curl presents %q: the file must be there, and Elasticsearch must trust the "+
			"certificate%s",
			c.Name, name, because(file))
		return nil
	}
	return errors.Join(checkHolds(p, file.Source), readable(c, file), isForClients(p.In, o, secretOf(file.Source)))
}
