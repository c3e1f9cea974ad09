package recognise

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// layout says how a container of an application is known in the official images, whatever the chart around it. Two of its three
// signs decide: one alone may be a look-alike (an exporter's image, a Beat's environment, a tool that mounts the same files).
type layout struct {
	app    App
	images []string               // last path element of the image
	env    func(name string) bool // variables that only this application reads
	mounts []string               // where only this application mounts something: data, configuration
}

func layouts() []layout {
	return []layout{
		{
			app:    Elasticsearch,
			images: []string{"elasticsearch", "elasticsearch-wolfi"},
			env:    isElasticsearchSetting,
			mounts: []string{"/usr/share/elasticsearch/data", "/usr/share/elasticsearch/config", "/usr/share/elasticsearch/config/elasticsearch.yml"},
		},
		{
			app:    Kibana,
			images: []string{"kibana", "kibana-wolfi"},
			env: func(name string) bool {
				return name == "ELASTICSEARCH_HOSTS" || strings.HasPrefix(name, "ELASTICSEARCH_SSL_")
			},
			mounts: []string{"/usr/share/kibana/config", "/usr/share/kibana/config/certs", "/usr/share/kibana/config/kibana.yml", "/usr/share/kibana/data"},
		},
	}
}

// isElasticsearchSetting holds for the variables that the official image turns into settings: dotted names, and ES_SETTING_ names.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/docker.html#docker-configuration-methods
func isElasticsearchSetting(name string) bool {
	if strings.HasPrefix(name, "ES_SETTING_") {
		return true
	}
	for _, prefix := range []string{"cluster.", "node.", "discovery.", "network.", "xpack.security."} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

func (l layout) signs(c object.Container) []string {
	var signs []string
	repository, _ := c.Image()
	for _, name := range l.images {
		if repository == name {
			signs = append(signs, fmt.Sprintf("image %q", repository))
		}
	}
	for _, e := range c.Envs() {
		if l.env(e.Name) {
			signs = append(signs, fmt.Sprintf("environment variable %q", e.Name))
			break
		}
	}
	for _, m := range c.Mounts() {
		if slices.Contains(l.mounts, m.Path) {
			signs = append(signs, fmt.Sprintf("mount at %q", m.Path))
			break
		}
	}
	return signs
}

// recogniseWorkload gives the workload that an object is, or why it is passed over although it looks like one, or why it must not
// pass: it looks like one of the applications, but not like anything that can be patched.
func recogniseWorkload(o *object.Object, pod object.Pod) (w *Workload, passed string, err error) {
	for _, l := range layouts() {
		for _, c := range pod.Containers() {
			signs := l.signs(c)
			if len(signs) < 2 {
				continue
			}
			if old := tooOld(c); old != "" {
				return nil, old, nil
			}
			return &Workload{Object: o, App: l.app, Pod: pod, Main: c, Signs: signs}, "", nil
		}
	}
	return suspect(o, pod)
}

// suspect looks for signs that an unrecognised workload is Elasticsearch or Kibana all the same.
func suspect(o *object.Object, pod object.Pod) (*Workload, string, error) {
	for _, c := range pod.Containers() {
		if old := tooOld(c); old != "" {
			return nil, old, nil
		}
		for _, e := range c.Envs() {
			if e.Name == "ELASTICSEARCH_CLUSTER_NAME" || e.Name == "KIBANA_ELASTICSEARCH_URL" {
				return nil, "", fmt.Errorf("%s: container %q is built like Bitnami's image (environment variable %q), which this version cannot patch yet; "+
					"use the chart of Elastic, or list the object under spec.unmanaged with the reason", o.ID, c.Name, e.Name)
			}
		}
		repository, _ := c.Image()
		for _, l := range layouts() {
			if slices.Contains(l.images, repository) && len(c.Command()) == 0 {
				return nil, "", fmt.Errorf("%s: container %q has the image of %s, but neither its settings nor its files are where the official image "+
					"has them; list the object under spec.unmanaged with the reason if it is something else", o.ID, c.Name, l.app)
			}
		}
	}
	for _, l := range layouts() {
		name := strings.ToLower(string(l.app))
		for _, label := range []string{"app", "app.kubernetes.io/name", "k8s-app"} {
			if l.app == Kibana && o.Label(label) == name || l.app == Elasticsearch && label == "app" && o.Annotation("esMajorVersion") != "" {
				return nil, "", fmt.Errorf("%s: looks like %s (label %q), but none of its containers does: expected the image %q, its settings in the environment "+
					"or its files under /usr/share/%s in one of %s; list the object under spec.unmanaged with the reason if it is something else",
					o.ID, l.app, label, name, name, containerNames(pod))
			}
		}
	}
	return nil, "", nil
}

func containerNames(pod object.Pod) string {
	var names []string
	for _, c := range pod.Containers() {
		names = append(names, strconv.Quote(c.Name))
	}
	if len(names) == 0 {
		return "its containers (there are none)"
	}
	return "the containers " + strings.Join(names, ", ")
}

// tooOld says why a container is none of ours: service tokens need Kibana 7.15, and before 6.8 there is no security on Basic.
func tooOld(c object.Container) string {
	repository, tag := c.Image()
	if repository == "kibana-oss" || repository == "elasticsearch-oss" {
		return fmt.Sprintf("image %q has no security features", repository)
	}
	if repository != "kibana" && repository != "elasticsearch" {
		return ""
	}
	major, _, _ := strings.Cut(tag, ".")
	if n, err := strconv.Atoi(major); err == nil && n < 7 {
		return fmt.Sprintf("image %q of version %s is older than 7", repository, tag)
	}
	return ""
}

// isECK holds for the custom resources of Elastic's operator that are servers of this release.
func isECK(o *object.Object) bool {
	return (o.Kind == "Elasticsearch" || o.Kind == "Kibana") && strings.Contains(o.APIVersion, ".k8s.elastic.co/")
}
