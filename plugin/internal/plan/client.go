package plan

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// planClient plans a program that the release runs besides its servers.
func planClient(p step, w *recognise.Workload) {
	known, _ := p.release.Program(w.App)
	if p.isRemoved(w.Object) || w.Main.Name == initName || p.listed(w.ID, w.Main.Name) {
		return
	}
	if err := secureClient(p, w, program{known}); err != nil {
		failed(p, w, program{known}.files(p, w), err)
	}
}

// secureClient plans one container that runs a program: all of its connections to Elasticsearch, or none.
func secureClient(p step, w *recognise.Workload, known program) error {
	connections, err := known.connections(p, w)
	if err != nil {
		return unreadClient(p, w, known, err)
	}
	for _, c := range connections {
		coverAddresses(p, w, c) // where it goes is known, also where that is elsewhere
		if reaches(p.In, w, c) {
			p.calls(hostsOf(p.In, w, c)...)
		}
	}
	for _, name := range known.Unread {
		coverVariable(p, w.Object, w.Main, name)
	}
	if known.Line == nil && len(connections) > 0 {
		coverUnread(p, w, known.Program)
	}
	if err := callsByDefault(p, w, known, connections); err != nil {
		return err
	}
	connections = slices.DeleteFunc(connections, func(c *connection) bool { return !reaches(p.In, w, c) })
	if len(connections) == 0 {
		p.pass(w.ID, fmt.Sprintf("container %q runs %s, which calls no Elasticsearch in the input", w.Main.Name, w.App))
		return nil
	}
	if !p.settings.Certs() && !p.switched && p.settings.Certificates.SecretName == "" {
		p.pass(w.ID, "mode "+p.settings.Mode+" asks nothing of "+string(w.App))
		return nil
	}
	if err := errors.Join(duplicatesOnPath(w.Object), checkFree(p.In, w.Object), hookMayRun(p, w.Object),
		known.single(p.In, w)); err != nil {
		return err
	}
	assumeCommand(p, w)
	if known.Words {
		coverWord(p, w)
	}
	id, err := clientIdentity(p, w, connections)
	if err != nil {
		return err
	}
	var problems []error
	for _, c := range connections {
		if err := connect(p, w, c, id); err != nil {
			problems = append(problems, within(w.Main, err))
		}
	}
	return errors.Join(problems...)
}

// unreadClient says why the connections of a program cannot be read, unless nobody refuses it yet.
func unreadClient(p step, w *recognise.Workload, known program, err error) error {
	if why := (problem.Problem{}); errors.As(err, &why) && why.Code == problem.NotShown && !p.requires() {
		passUnread(p, w, why)
		return nil
	}
	for _, c := range known.onLine(p, w) {
		coverAddresses(p, w, c)
	}
	return within(w.Main, err)
}

// requires tells whether who presents no certificate is refused once this plan is carried out.
func (in *In) requires() bool {
	return in.settings.Certs() && in.settings.ClientAuthentication == config.Required
}

// passUnread leaves a client alone whose settings nothing shows: nobody refuses it yet.
func passUnread(p step, w *recognise.Workload, why problem.Problem) {
	unread := why.Text + ": " + why.Hint
	if !p.settings.Certs() && !p.switched {
		p.pass(w.ID, "mode "+p.settings.Mode+" asks nothing of "+string(w.App))
		return
	}
	p.pass(w.ID, fmt.Sprintf("container %q %s", w.Main.Name, unread))
	p.action(w.ID, "container %q was left alone, and is refused as soon as clientAuthentication is required: it %s",
		w.Main.Name, unread)
}

// callsByDefault refuses a program that is told no address where that is a fault: beside a node, which it calls by
// plain HTTP then, and where it has no use but that one connection and nothing else runs in its pod.
func callsByDefault(p step, w *recognise.Workload, known program, connections []*connection) error {
	isTold := slices.ContainsFunc(connections, func(c *connection) bool { return c.addresses() != nil })
	if known.Line == nil || known.Line.Default == "" || isTold || !p.settings.Certs() && !p.isNode(w.Object) {
		return nil
	}
	calls := fmt.Sprintf("container %q runs %s, which calls %s where no address is set", w.Main.Name, w.App,
		known.Line.Default)
	if !p.isNode(w.Object) {
		if !known.onlyCalls() || !isAlone(w) || !known.isShown(p.In, w) {
			return nil
		}
		calls += ", and nothing else runs in its pod"
	}
	remedy := fmt.Sprintf("set %s to the address of Elasticsearch, by https", known.Flag(known.Line.Hosts[0]))
	switch {
	case p.settings.ClientAuthentication == config.Required:
		return problem.New(problem.NoAddress, "%s", calls).Do("%s, or list it under spec.unmanaged with the reason",
			remedy)
	case !p.isNode(w.Object):
		p.action(w.ID, "%s: %s", calls, remedy)
	}
	return nil
}

// onlyCalls tells whether a program has no use but the one connection of its command line.
func (known program) onlyCalls() bool {
	return len(known.Places) == 0 && known.Language == nil && !known.Words && known.EnvWith == ""
}

// isAlone tells whether nothing else runs beside a container at the addresses of its own machine.
func isAlone(w *recognise.Workload) bool {
	pod := podOf(w.Object)
	runsBeside := func(c object.Container) bool {
		return c.Name != w.Main.Name && (c.List == "containers" || object.Text(c.Node, "restartPolicy") == "Always")
	}
	return object.Text(pod.Spec, "hostNetwork") != "true" && !slices.ContainsFunc(pod.All(), runsBeside)
}

// isShown tells whether a container starts its program itself, by no script, and the stream shows all of its flags and
// variables.
func (known program) isShown(in *In, w *recognise.Workload) bool {
	seen := in.seen(w.Main)
	_, open := seen.Flags()
	command := object.Items(w.Main.Node, "command")
	isStarted := len(command) == 0 || slices.Contains(known.Signs.Images, path.Base(command[0].Value))
	return isStarted && !open && len(seen.Env.Open()) == 0
}

// coverWord plans the address among the words of a command line.
func coverWord(p step, w *recognise.Workload) {
	if ours, known := plainHosts(p.In); known {
		rewriteHTTP(p, w.Object, w.Main, ours)
	}
	coverSetting(p, w, bareWord(w))
}

// bareWord gives the address among the words of a command line: the last one that is no flag; nil where there is none.
func bareWord(w *recognise.Workload) *setting {
	for _, field := range []string{"args", "command"} {
		for i, item := range slices.Backward(object.Items(w.Main.Node, field)) {
			if word := item.Value; !strings.HasPrefix(word, "-") && strings.Contains(word, "://") {
				arg := process.Arg{Field: []string{field}, Index: i}
				at := argPath(w, arg)
				return &setting{
					Key: "the address", Values: []string{word}, object: w.Object, word: at, edit: patch.Edit{Path: at},
					Place: argPlace(w, arg),
				}
			}
		}
	}
	return nil
}

// hookMayRun refuses a client in a hook that runs before what it would mount is there, or after it is gone.
func hookMayRun(p step, o *object.Object) error {
	if !runsEarly(o) || !p.requires() {
		return nil
	}
	for _, name := range []string{p.settings.Certificates.SecretName, namedSecret(p, o)} {
		if there, err := p.release.Find(o.Namespace, "Secret", name); name != "" && err == nil && there == nil {
			return nil // a Secret of the user's, which is there all the time
		}
	}
	return problem.New(problem.EarlyHook, "calls Elasticsearch in a hook (%s), which runs before the Secrets of the "+
		"release are there or after they are gone", o.Hook).
		Do("name a Secret of your own in certificates.clients (ref: %s), or switch the hook off, or list it under "+
			"spec.unmanaged with the reason", o.ID)
}

// clientIdentity gives the identity of a client's pod: one for all of its containers for which the configuration names
// no other. Unless the configuration names a Secret, a client shares the pair of the node that it calls, or that of
// the Secret from which it takes its CA.
func clientIdentity(p step, w *recognise.Workload, connections []*connection) (identity, error) {
	need := needs{}
	for _, c := range connections {
		need.pair = need.pair || !c.hasPair()
		need.ca = need.ca || need.pair || c.ca() == "" // one volume holds both
	}
	if id, ok := p.pods.find(mounter{object: w.Object}); ok && (id.secret != "" || !need.pair) &&
		namedAlone(p, w) == "" {
		return id, nil
	}
	var ca object.Source
	var called []*recognise.Workload
	for _, c := range connections {
		if file := caFile(p.In, w, c); file.Key() && ca.Name == "" && !strings.HasPrefix(c.ca(), clientDir+"/") {
			ca = file.Source
		}
		called = append(called, nodeCalled(p.In, w, c))
	}
	return sharedIdentity(p, w, ca, called, connections[0].keys.CA+" of "+connections[0].name, need)
}

// visible tells whether a pod can mount a Secret or ConfigMap: only those of its own namespace.
func visible(o *object.Object, s object.Source) bool {
	return o.Namespace == s.Namespace || o.Namespace == "" || s.Namespace == ""
}

// isProgram tells whether a container runs a program of the table, which is planned by itself.
func (in *In) isProgram(c object.Container) bool { return in.programs[c.Node] }
