package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/elk-mtls/elk-mtls/internal/contract"
	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
)

// restarted are kinds whose pods a change of their template replaces one by one.
var restarted = [...]string{"Deployment", "StatefulSet", "DaemonSet", "Rollout"}

// reader is a workload whose pods read keys of Secrets and ConfigMaps only at startup.
type reader struct {
	object *object.Object
	keys   []object.Source
}

// renewals marks the workloads that a renewed certificate reaches by a restart only, for what restarts them.
func renewals(in *In, whole Part) Part {
	p := begin(in)
	var all []reader
	var names []string
	for _, r := range readers(in, whole) {
		if !slices.Contains(restarted[:], r.object.Kind) {
			p.action(r.object.ID, "restart its pods when %s is renewed: they read their certificate only at startup, "+
				"and no update of a %s replaces them", strings.Join(r.words(), ", "), r.object.Kind)
			continue
		}
		all, names = append(all, r), append(names, r.object.ID.String())
	}
	switch {
	case len(all) == 0:
	case in.settings.Certificates.OnRenewal == config.None:
		for _, r := range all {
			p.action(r.object.ID, "reads its certificate only at startup, and nothing restarts it when that is "+
				"renewed (certificates.onRenewal: none): it is locked out %s", r.until(p))
		}
	case in.settings.Certificates.OnRenewal == config.Reloader:
		for _, r := range all {
			for _, a := range []struct{ kind, annotation string }{{"Secret", contract.AnnotationReloader},
				{"ConfigMap", contract.AnnotationReloaderMaps}} {
				if names := r.names(a.kind); len(names) > 0 {
					all := append(strings.Split(r.object.Annotation(a.annotation), ","), names...)
					r.mark(p, a.annotation, strings.Join(tidy(all), ","),
						"Reloader restarts it when a certificate is renewed that it reads only at startup")
				}
			}
		}
		p.assume(object.ID{}, "Reloader of Stakater must watch the Secrets, ConfigMaps and workloads of this "+
			"namespace: it restarts %s when a certificate is renewed", strings.Join(names, ", "))
	default:
		all = slices.DeleteFunc(all, func(r reader) bool { return r.keepsToItself(p, whole) })
		for _, r := range all {
			r.mark(p, contract.AnnotationReadsOnce, strings.Join(r.words(), ","),
				"elk-mtls-init renew restarts it when one of these is renewed, which it reads only at startup")
		}
		tellRenew(p, all)
	}
	return *p.Part
}

// tellRenew says what has to run, namespace by namespace.
func tellRenew(p step, all []reader) {
	var namespaces []string
	for _, r := range all {
		namespaces = append(namespaces, r.object.Namespace)
	}
	slices.Sort(namespaces)
	for _, namespace := range slices.Compact(namespaces) {
		var workloads, secrets, maps []string
		for _, r := range all {
			if r.object.Namespace == namespace {
				workloads = append(workloads, r.object.ID.String())
				secrets, maps = append(secrets, r.names("Secret")...), append(maps, r.names("ConfigMap")...)
			}
		}
		where := ""
		if namespace != "" {
			where = " -n " + namespace
		}
		values := []string{"renew.workloads={" + strings.Join(workloads, ",") + "}"}
		if len(secrets) > 0 {
			values = append(values, "renew.secretNames={"+strings.Join(tidy(secrets), ",")+"}")
		}
		if len(maps) > 0 {
			values = append(values, "renew.configMapNames={"+strings.Join(tidy(maps), ",")+"}")
		}
		p.assume(object.ID{}, "elk-mtls-init renew%s --workload %s must run regularly: these read a renewed "+
			"certificate only at startup. The chart elk-mtls-support runs it, with %s", where,
			strings.Join(workloads, " --workload "), strings.Join(values, " and "))
	}
}

// readers gives the workloads that stay, with what they read so. A Secret whose content the stream shows
// is renewed by an upgrade, which replaces the pods by itself.
func readers(in *In, whole Part) []reader {
	var all []reader
	for _, r := range whole.once {
		if r.object.Hook != "" || r.object.IsJob() || in.isRemoved(r.object) || rolls(whole, r) {
			continue
		}
		at := slices.IndexFunc(all, func(known reader) bool { return known.object == r.object })
		if at < 0 {
			at = len(all)
			all = append(all, reader{object: r.object})
		}
		all[at].keys = append(all[at].keys, r.Source)
	}
	return all
}

// rolls tells whether the pods are replaced when the stream brings another content of the Secret.
func rolls(whole Part, r readOnce) bool {
	begins := r.Kind + "/" + r.Name + "/" + r.Key + "="
	return slices.ContainsFunc(whole.inputs,
		func(i input) bool { return i.object == r.object && strings.HasPrefix(i.text, begins) })
}

func (r reader) mark(p step, annotation, value, why string) {
	p.set(r.object, fields("metadata", "annotations").Field(annotation), patch.Str(value), why, "")
}

// keepsToItself says what to do about a workload in which nothing else changes: its key pair is its own, and so is its
// restart.
func (r reader) keepsToItself(p step, whole Part) bool {
	changes := slices.ContainsFunc(whole.changes, func(c Change) bool { return c.Object == r.object })
	if changes || r.object.Annotation(contract.AnnotationReadsOnce) != "" {
		return false
	}
	p.action(r.object.ID, "restart it when %s is renewed, which it reads only at startup; or set its annotation %s: "+
		"%s, so that elk-mtls-init renew does", strings.Join(r.words(), ", "), contract.AnnotationReadsOnce,
		strings.Join(r.words(), ","))
	return true
}

func (r reader) words() []string {
	var all []string
	for _, k := range r.keys {
		word := k.Name + "/" + k.Key
		if k.Kind != "Secret" {
			word = k.Kind + "/" + word
		}
		all = append(all, word)
	}
	return tidy(all)
}

// names lists the objects of a kind.
func (r reader) names(kind string) []string {
	var all []string
	for _, k := range r.keys {
		if k.Kind == kind {
			all = append(all, k.Name)
		}
	}
	return tidy(all)
}

// tidy gives each word once, in the order in which they come.
func tidy(words []string) []string {
	var all []string
	for _, word := range words {
		if word = strings.TrimSpace(word); word != "" && !slices.Contains(all, word) {
			all = append(all, word)
		}
	}
	return all
}

// until says when the first of the certificates ends, as far as the input tells.
func (r reader) until(p step) string {
	var ends time.Time
	asked := false
	for _, k := range r.keys {
		for _, c := range chainOf(p, k) {
			if ends.IsZero() || c.NotAfter.Before(ends) {
				ends = c.NotAfter
			}
		}
		for _, l := range p.leaves {
			asked = asked || l.Secret == k.Name
		}
	}
	switch {
	case !ends.IsZero():
		return "on " + ends.UTC().Format(time.DateOnly)
	case asked:
		return fmt.Sprintf("%s after its certificate was issued, by the duration of Certificate/%s",
			cmp.Or(p.settings.Certificates.Duration, "2160h"), r.keys[len(r.keys)-1].Name)
	}
	var held []string
	for _, k := range r.keys {
		held = append(held, k.Kind+"/"+k.Name)
	}
	return "when the certificate ends that it started with, of " + strings.Join(tidy(held), ", ")
}
