package plan

import (
	"slices"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// requests gives the requests of curl that a container makes, by its own command, its probes and its hooks; false where a script cannot
// be parsed.
func requests(c object.Container) (all []shell.Request, ok bool) {
	ok = true
	for _, run := range process.Runs(c, c.Variable) {
		ok = ok && run.Whole
		all = append(all, run.Requests()...)
	}
	return all, ok
}

func usesCurl(c object.Container) bool {
	all, _ := requests(c)
	return len(all) > 0
}

// callsByCurl tells whether a request of a container goes to a host that is ours: then it gets the certificate. What a request sends, such as the
// settings of a connector, may name Elasticsearch without calling it. An address that cannot be read may be any that the container names
// outside of what curl sends.
func callsByCurl(c object.Container, ours func(text string) bool) bool {
	names := func(w shell.Word) bool { return ours(w.Text) }
	all, ok := requests(c)
	called, unread, sent := false, false, false
	for _, r := range all {
		called = called || slices.ContainsFunc(r.Addresses, names)
		unread = unread || r.Diverted || slices.ContainsFunc(r.Addresses, isUnread)
		sent = sent || slices.ContainsFunc(r.Sent, names)
	}
	return called || ok && unread && !sent
}

func isUnread(address shell.Word) bool { return !address.HasHost() }
