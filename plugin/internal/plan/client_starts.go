package plan

import (
	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// startsWith refuses a value with which a program does not start.
func startsWith(in *In, w *recognise.Workload, c *connection) error {
	s := c.store.get(c.keys.Verify.Name)
	if s == nil || s.Hidden {
		return nil
	}
	if text, known := in.expand(w.Main, c.expands, s.Value()); known && !c.keys.Verify.Takes(text) {
		return problem.New(problem.InTheWay, "%s is %q in %s, which %s does not know: it does not start", s.Key, text,
			s.Place, w.App).At(s.Key).
			Do("remove it")
	}
	return nil
}

// readsKey refuses a private key that its program does not read as it is stored, where the input shows it and a certificate is required.
func readsKey(in *In, w *recognise.Workload, c *connection, key object.Source) error {
	known, ok := in.release.Program(w.App)
	held, state, _ := object.Look(in.release, key)
	if !ok || state != object.Held || !in.requires() {
		return nil
	}
	form, ok := certificate.FormOf(held.Text)
	if !ok {
		return nil
	}
	hasPass := c.keys.Hidden || c.keys.KeyPass != "" && c.store.get(c.keys.KeyPass) != nil || c.keys.KeyPassIn != "" && c.store.get(c.keys.KeyPassIn) != nil
	why := known.Runtime.Refuses(recognise.VersionOf(w.Object, w.Main), form, hasPass)
	if why == "" || why == catalog.UnknownVersion {
		return nil
	}
	return problem.New(problem.UnfitPair, "the private key in %s %s", key, why).
		Do("store it in another form, or name another Secret in certificates.clients (ref: %s)", w.ID)
}
