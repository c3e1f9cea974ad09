package mention

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/route"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Annotations of pods and Services tell those who watch a cluster what to call there: Prometheus, agents of
// monitoring, load balancers. They name a port, the protocol, or say no more than "scrape".
// https://github.com/prometheus-community/helm-charts/tree/main/charts/prometheus#scraping-pod-metrics-via-annotations

// outside finds what makes somebody outside of the release call a server without any name of it.
func (f *finder) outside() error {
	ways, err := f.names.Ways(f.release)
	if err != nil {
		return err
	}
	return errors.Join(f.monitors(ways), f.instructions(ways), errors.Join(ways.Broken()...))
}

// watched is an object with annotations about a server, and the ports of that by which they may name HTTP.
type watched struct {
	*object.Object
	path   object.Path
	server string
	ports  map[string]bool // numbers
	names  map[string]bool
	shows  bool // HTTP is among the ports that it declares
	isPod  bool
}

// instructions finds annotations that tell somebody outside of the release to call a server: perhaps somebody does.
func (f *finder) instructions(ways *route.Map) error {
	seen := map[*object.Object]bool{}
	for _, w := range slices.Concat(f.release.Nodes, f.release.Unmanaged) {
		f.watched(f.watchedPods(w))
		services, err := f.servicesOf(w)
		if err != nil {
			return err
		}
		for _, o := range services {
			if !seen[o] {
				seen[o] = true
				f.watched(f.watchedService(ways, o, w))
			}
		}
	}
	return nil
}

// servicesOf gives the Services in front of a server.
func (f *finder) servicesOf(w *recognise.Workload) ([]*object.Object, error) {
	names, err := f.release.Services(w)
	if err != nil {
		return nil, err
	}
	var all []*object.Object
	for _, name := range names {
		services, err := f.release.Named("Service", name)
		if err != nil {
			return nil, err
		}
		for _, o := range services {
			if o.Group() == "" && near(o.Namespace, w.Namespace) {
				all = append(all, o)
			}
		}
	}
	return all, nil
}

// watchedPods gives the pods of a server with the names of their ports for HTTP.
func (f *finder) watchedPods(w *recognise.Workload) watched {
	at := watched{w.Object, object.Fields(w.Pod.Path("metadata", "annotations")...), w.Name, f.names.ports,
		map[string]bool{}, false, true}
	for _, c := range w.Pod.Containers() {
		for _, p := range object.Items(c.Node, "ports") {
			if f.names.ports[object.Text(p, "containerPort")] {
				at.names[object.Text(p, "name")], at.shows = true, true
			}
		}
	}
	return at
}

// watchedService gives a Service with those of its ports that lead to HTTP. An annotation may name them, or those of
// the pods.
func (f *finder) watchedService(ways *route.Map, o *object.Object, w *recognise.Workload) watched {
	at := watched{o, object.Fields("metadata", "annotations"), o.Name, maps.Clone(f.names.ports), map[string]bool{},
		false, false}
	for _, p := range object.Items(o.Node, "spec", "ports") {
		end, _ := ways.To(route.Way{Service: o, Port: object.Text(p, "port")}, w.Object, w.Pod)
		if f.names.ports[end] {
			at.ports[object.Text(p, "port")], at.names[object.Text(p, "name")], at.shows = true, true, true
		}
	}
	return at
}

// watched looks at the annotations of an object, those of one reader together: prometheus.io/scrape and
// prometheus.io/port.
func (f *finder) watched(at watched) {
	all := object.At(at.Node, at.path)
	if all == nil || all.Kind != yaml.MappingNode {
		return
	}
	values, said := object.Pairs(all), map[string]bool{}
	for i := 0; i+1 < len(all.Content); i += 2 {
		key, value := all.Content[i].Value, all.Content[i+1]
		reader, _, _ := strings.Cut(key, "/")
		if said[reader] || !at.tells(key, value.Value, values) {
			continue
		}
		said[reader] = true
		f.found = append(f.found, Mention{
			Object: at.Object, Path: append(slices.Clone(at.path), object.Step{Field: key}),
			Line: at.Doc.Line() + value.Line - 1, Name: at.server, Strength: May, node: value,
		})
	}
}

// notCalls are words in the names of annotations that say nothing of calls: what a mesh intercepts, and what is noted.
var notCalls = []string{"inbound", "outbound", "opaque-ports", "checksum", "last-applied-configuration", hintPrefix}

// tells tells whether an annotation makes its reader call the server.
func (at watched) tells(key, value string, beside map[string]string) bool {
	reader, field, _ := strings.Cut(key, "/")
	field = strings.ToLower(field)
	in := func(word string) bool { return strings.Contains(strings.ToLower(key), word) }
	is := func(name string) string { return beside[reader+"/"+name] }
	switch scrape, port := is("scrape"), is("port"); {
	case slices.ContainsFunc(notCalls, in), scrape != "" && scrape != "true",
		port != "" && !at.ports[port] && !at.names[port]:
		return false // it is switched off, or about another program
	case field == "scrape" || field == "probe":
		return value == "true" && at.shows
	case strings.Contains(field, "protocol") || strings.Contains(field, "scheme"):
		return !at.isPod && slices.ContainsFunc(wordsOfAnnotation(strings.ToLower(value)), func(word string) bool {
			return word == "http" || word == "https" || word == "ssl"
		})
	case at.names[value] && value != "":
		return strings.Contains(field, "port")
	}
	return slices.ContainsFunc(wordsOfAnnotation(value), func(word string) bool { return at.ports[word] })
}

// wordsOfAnnotation takes a value apart, which may be JSON: a number in a date, a version or a checksum is no word.
func wordsOfAnnotation(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(".-_", r)
	})
}
