package plan

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

var (
	kibanaUsername = kibanaOwn.Name(kibanaOwn.User)
	kibanaPassword = kibanaOwn.Name(kibanaOwn.Password)
)

// planLogin plans how Kibana shows who it is, and what has to be done in Elasticsearch before it starts.
func planLogin(p step, w *recognise.Workload, conf *configuration, id identity, hosts []string) error {
	if own, ok := ownTokenOf(p.In, w); ok {
		p.assume(w.ID, "Kibana logs in with the token of %s, which is the user's own: %s makes none, and replaces "+
			"none that ends", own, initName)
		return checkHolds(p, own)
	}
	if err := hasInitImage(p.In); err != nil {
		return err
	}
	switch {
	case p.settings.HasPassword():
		return planPassword(p, w, conf, id, hosts)
	case p.settings.Mode == config.ModePKI:
		return planPKI(p, w, conf, id, hosts)
	}
	return planToken(p, w, conf, id, hosts)
}

// ownTokenOf gives the Secret from which Kibana takes a token that the user has made: the input has it, or what fills
// it. It wins. One that the hook of a chart makes is in no input, and one of ours has an init container beside it.
func ownTokenOf(in *In, w *recognise.Workload) (object.Source, bool) {
	v, ok := in.own(w.Main, tokenVariable)
	if !ok || v.From.Kind != "Secret" || in.settings.HasPassword() || in.settings.Mode == config.ModePKI {
		return object.Source{}, false
	}
	isOurs := slices.ContainsFunc(w.Pod.InitContainers(), func(c object.Container) bool { return c.Name == initName })
	return v.From, !isOurs && (in.release.Shown(v.From) != nil || in.release.Filler(v.From) != "")
}

// loginConflicts names what does not go together: Kibana takes a user name or a token, not both, and with a
// certificate that says who it is neither.
// https://www.elastic.co/guide/en/kibana/8.19/settings.html#elasticsearch-service-account-token
func loginConflicts(in *In, conf *configuration) error {
	token := conf.get(kibanaToken)
	variable, _ := in.own(conf.w.Main, tokenVariable)
	if token != nil && variable.From.Kind != "Secret" {
		if in.settings.HasPassword() || in.settings.Mode == config.ModePKI {
			return problem.New(problem.Login, "%s is set by hand in %s, and in mode %q Kibana has no token",
				kibanaToken, token.Place, in.settings.Mode).At(kibanaToken).
				Do("remove it")
		}
		return problem.New(problem.Login, "%s is set by hand in %s", kibanaToken, token.Place).At(kibanaToken).
			Do("remove it, %s creates one and keeps it in a Secret", initName)
	}
	if in.settings.HasPassword() || in.settings.Kibana.Login == config.ReplaceLogin {
		return nil
	}
	beside := "the certificate, which says in mode pki who Kibana is"
	if in.settings.Mode != config.ModePKI {
		beside = "the service token (the token that " + initName + " writes), and Kibana does not start with both"
		if token != nil {
			beside = "the service token (" + token.Place + "), and Kibana does not start with both"
		}
	}
	for _, key := range []string{kibanaUsername, kibanaPassword} {
		if s := conf.get(key); s != nil && !(s.script != nil && s.script.from == conf.w.Object) {
			other := ", have Kibana log in by them with --mode " + passwordMode(in) + ", or"
			if conf.get(kibanaUsername).Value() == catalog.ElasticUser {
				other = ", or" // Kibana refuses that user
			}
			return problem.New(problem.Login, "%s is set in %s beside %s", key, s.Place, beside).At(key).
				Do("remove %s and its password%s take them out by kibana.login: replace", key, other)
		}
	}
	return nil
}

// passwordMode is the mode with a password that gives the same certificates as the one that is set.
func passwordMode(in *In) string {
	if in.settings.Certs() {
		return config.ModeCertPassword
	}
	return config.ModePassword
}

// withoutToken takes the variable away that a chart fills by its hook.
func withoutToken(p step, w *recognise.Workload) {
	if _, ok := p.own(w.Main, tokenVariable); ok {
		p.set(w.Object, containerPath(w.Main).Field("env").Item("name", tokenVariable), nil,
			"Kibana has no token in mode "+p.settings.Mode, linkKibanaToken)
	}
}

// withoutLogin takes the variables away by which an image logs in with a password, or makes the user for it: the chart
// sets them, and Kibana does not start with a user name beside a token. One that an earlier run has set for a password
// stays. What only they read leaves the container too: the password of the user elastic is among it.
func withoutLogin(p step, w *recognise.Workload, conf *configuration) error {
	if err := replaceLogin(p, w, conf); err != nil {
		return err
	}
	var gone, kept []string
	for _, e := range p.seen(w.Main).Given.All() {
		if e.Entry == nil {
			continue
		}
		if slices.Contains(w.Layout.Login, strings.TrimSuffix(e.Name, "_FILE")) && e.Written != passwordReference {
			gone = append(gone, e.Written)
			p.set(w.Object, containerPath(w.Main).Field("env").Item("name", e.Name), nil,
				"Kibana logs in with the token, and does not start with a user name beside it", linkKibanaToken)
		} else {
			kept = append(kept, e.Written)
		}
	}
	for _, m := range w.Main.Mounts() {
		inside := func(file string) bool { return strings.HasPrefix(file, m.Path+"/") }
		if w.Pod.ReadOnly(m.Volume) && slices.ContainsFunc(gone, inside) && !slices.ContainsFunc(kept, inside) &&
			!mountedTwice(w.Main, m) {
			p.set(w.Object, containerPath(w.Main).Field("volumeMounts").Item("name", m.Volume), nil,
				"nothing in the container reads these passwords any more", "")
		}
	}
	return nil
}

// replaceLogin takes the user name and password out that a chart has written, where the configuration asks for it:
// docs/decisions/0022.
func replaceLogin(p step, w *recognise.Workload, conf *configuration) error {
	if p.settings.HasPassword() || p.settings.Kibana.Login != config.ReplaceLogin {
		return nil
	}
	const why = "kibana.login: replace: Kibana does not start with a user name beside the token"
	for _, key := range []string{kibanaUsername, kibanaPassword} {
		for _, s := range slices.Concat(conf.channels(key)...) {
			_, isOwn := p.own(w.Main, s.variable)
			switch {
			case s.script != nil: // of the image's own variables, which leave anyway
			case isOwn:
				p.set(w.Object, containerPath(w.Main).Field("env").Item("name", s.variable), nil, why, linkKibanaToken)
			case s.edit.Inside != nil:
				p.edit(s.object, s.with(nil), why, linkKibanaToken)
			default:
				return problem.New(problem.Login, "%s is set in %s, where others may read it too", key,
					s.Place).At(key).
					Do("take it out there")
			}
		}
	}
	return nil
}

func mountedTwice(c object.Container, m object.Mount) bool {
	return slices.ContainsFunc(c.Mounts(),
		func(other object.Mount) bool { return other != m && other.Volume == m.Volume })
}
