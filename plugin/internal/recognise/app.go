package recognise

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// recogniseWorkload gives the workload that an object is, or why it is passed over although it looks like one, or why
// it must not pass: it looks like one of the applications, but not like anything that can be patched.
func recogniseWorkload(all []Layout, o *object.Object, pod object.Pod) (w *Workload, passed string, err error) {
	var best *Workload
	containers := lookAt(pod.Containers())
	for _, l := range all {
		for _, c := range containers {
			signs := signsOf(l, c)
			if len(signs) < 2 || isLone(o) && !surelyStarts(l.App, c.Container) ||
				best != nil && len(signs) <= len(best.Signs) {
				continue
			}
			if old := tooOld(c.Container); old != "" {
				return nil, old, nil
			}
			best = &Workload{Object: o, App: l.App, Layout: layoutIn(l, c.Container), Pod: pod, Main: c.Container,
				Signs: signs}
		}
	}
	if best == nil {
		return suspect(all, o, pod)
	}
	for _, c := range containers {
		if c.Node != best.Main.Node && isServer(all, c) {
			return nil, "", problem.New(problem.UnknownForm, "containers %q and %q both run a server, of which one "+
				"in a pod can be told apart", best.Main.Name, c.Name).
				Of(o.ID).Do("give each a workload of its own, or list the object under spec.unmanaged with the reason")
		}
	}
	return best, "", best.started()
}

// isServer tells whether a container runs a server of its own, by its image.
func isServer(all []Layout, c appearance) bool {
	return startsServer(c.Container) &&
		slices.ContainsFunc(all, func(l Layout) bool { return slices.Contains(l.Images, c.image) })
}

// appearance is what a container shows of the program that it runs. It is read once and held against many programs.
type appearance struct {
	object.Container
	image     string // its repository's last path element
	command   []string
	variables []string // names of those that it sets itself
	mounts    []object.Mount
}

func lookAt(containers []object.Container) []appearance {
	all := make([]appearance, len(containers))
	for i, c := range containers {
		image, _ := c.Image()
		all[i] = appearance{c, image, c.Command(), c.Variables(), c.Mounts()}
	}
	return all
}

// byImage gives the server that an object runs by its image alone, nil for none.
func byImage(all []Layout, o *object.Object, pod object.Pod) *Workload {
	for _, c := range pod.Containers() {
		repository, _ := c.Image()
		for _, l := range all {
			if slices.Contains(l.Images, repository) && startsServer(c) {
				return &Workload{Object: o, App: l.App, Layout: layoutIn(l, c), Pod: pod, Main: c,
					Signs: []string{"its image"}}
			}
		}
	}
	return nil
}

// suspect looks for signs that an unrecognised workload is Elasticsearch or Kibana all the same.
func suspect(all []Layout, o *object.Object, pod object.Pod) (*Workload, string, error) {
	for _, c := range pod.Containers() {
		if old := tooOld(c); old != "" {
			return nil, old, nil
		}
		repository, _ := c.Image()
		for _, l := range all {
			if slices.Contains(l.Images, repository) && startsServer(c) {
				return nil, "", problem.New(problem.UnknownForm, "container %q has the image of %s, but neither its "+
					"settings nor its files are where the official image has them", c.Name, l.App).
					Of(o.ID).Do("list the object under spec.unmanaged with the reason if it is something else")
			}
		}
	}
	if isLone(o) {
		return nil, "", nil // people label tests and tools after what they are for
	}
	for _, l := range all {
		name := strings.ToLower(string(l.App))
		for _, label := range []string{"app", "app.kubernetes.io/name", "k8s-app"} {
			if l.App == Kibana && o.Label(label) == name || l.App == Elasticsearch && label == "app" &&
				o.Annotation("esMajorVersion") != "" {
				return nil, "", problem.New(problem.UnknownForm, "looks like %s (label %q), but none of its "+
					"containers does: expected the image %q, its settings in the environment "+
					"or its files under /usr/share/%s in one of %s", l.App, label, name, name, containerNames(pod)).
					Of(o.ID).Do("list the object under spec.unmanaged with the reason if it is something else")
			}
		}
	}
	return nil, "", nil
}

// started refuses a server that is started in a way in which it takes no settings from variables.
func (w *Workload) started() error {
	if w.Layout.Starter == "" {
		return nil
	}
	program, starts := "", false
	for _, c := range process.Of(w.Main, nil).Command().Commands {
		for _, word := range c.Words {
			if strings.HasSuffix(word.Text, "bin/"+strings.ToLower(string(w.App))) {
				program = word.Text
			}
			starts = starts || path.Base(word.Text) == w.Layout.Starter
		}
	}
	if program == "" || starts {
		return nil
	}
	return problem.New(problem.UnknownForm, "container %q starts %s by %q and not by the %s of the image, which "+
		"alone makes settings of variables",
		w.Main.Name, w.App, program, w.Layout.Starter).Of(w.Object.ID).Do("start it by that, or list the object " +
		"under spec.unmanaged with the reason")
}

// isLone holds for pods that nobody keeps running: they are tools more often than servers.
func isLone(o *object.Object) bool { return o.Kind == "Pod" || o.IsJob() }

// starters are the programs that start a server, in any image.
var starters = sync.OnceValue(func() []string {
	return slices.Concat(catalog.Starters(Elasticsearch), catalog.Starters(Kibana))
})

// startsServer tells whether a container runs what its image is made for, and not a command of somebody's own.
func startsServer(c object.Container) bool {
	words := c.Command()
	return len(words) == 0 || slices.ContainsFunc(words, func(word string) bool {
		return slices.Contains(starters(), path.Base(word))
	})
}

// surelyStarts tells whether a container runs a server, and nothing else that the entry script of its image runs too,
// such as a script that makes certificates.
func surelyStarts(app App, c object.Container) bool {
	commands := process.Of(c, nil).Command().Commands
	return len(commands) == 0 || slices.ContainsFunc(commands, func(command shell.Command) bool {
		return process.Starts(command, catalog.Starters(app), catalog.Wrappers(app))
	})
}

// shortLived refuses a server in a Job or a hook: it would run as it is, and there is nothing that keeps it.
func shortLived(all []Layout, o *object.Object, pod object.Pod) error {
	for _, c := range lookAt(pod.Containers()) {
		for _, l := range all {
			if slices.Contains(l.Images, c.image) && surelyStarts(l.App, c.Container) && len(signsOf(l, c)) > 1 &&
				tooOld(c.Container) == "" {
				return problem.New(problem.UnknownForm, "container %q starts %s, which is patched where it is kept "+
					"running only", c.Name, l.App).
					Of(o.ID).Do("run it in a StatefulSet or Deployment, or list the object under spec.unmanaged with " +
					"the reason")
			}
		}
	}
	return nil
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

// tooOld says why a container is none of ours: service tokens need Kibana 7.15, and before 6.8 there is no security on
// Basic.
func tooOld(c object.Container) string {
	repository, tag := c.Image()
	if repository == "" {
		return ""
	}
	for _, l := range catalog.Layouts() {
		switch repository {
		case l.Open:
			return fmt.Sprintf("image %q has no security features", repository)
		case l.Images[0]:
			major, _, _ := strings.Cut(tag, ".")
			if n, err := strconv.Atoi(major); err == nil && n < 7 {
				return fmt.Sprintf("image %q of version %s is older than 7", repository, tag)
			}
		}
	}
	return ""
}

// oldApp gives the application of which a pod runs a version or distribution that is none of ours: Kibana only where
// that is all.
func oldApp(pod object.Pod) App {
	for _, c := range pod.Containers() {
		if repository, _ := c.Image(); tooOld(c) != "" && strings.HasPrefix(repository, "elasticsearch") {
			return Elasticsearch
		}
	}
	return Kibana
}

// isECK holds for the custom resources of Elastic's operator that are servers of this release.
func isECK(o *object.Object) bool {
	return (o.Kind == "Elasticsearch" || o.Kind == "Kibana") && strings.Contains(o.APIVersion, ".k8s.elastic.co/")
}
