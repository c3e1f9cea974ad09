package plan

import (
	"slices"

	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// handed refuses variables that the program would not get: a script that starts it takes them away or sets them to something else.
func handed(in *In, served Part) Part {
	var part Part
	for _, change := range served.changes {
		at := change.Edit.Path
		env := slices.IndexFunc(at, func(s patch.Step) bool { return s.Field == "env" })
		pod, ok := change.Object.Pod()
		if env < 2 || env+1 >= len(at) || change.Edit.Value == nil || !ok || at[env+1].Is == shell.CurlHome { // which curlClient looks at
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

// callsByCurl tells whether a request of a container goes to a host that is ours: then it gets the certificate. What a request sends, such as the
// settings of a connector, may name Elasticsearch without calling it. An address that cannot be read may be any that the container names
// outside of what curl sends.
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
