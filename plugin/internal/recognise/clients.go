package recognise

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// clientWords gives what at least one of occurs in every document that runs a client.
func clientWords(programs []catalog.Program) []string {
	var words []string
	for _, p := range programs {
		words = append(words, p.Images...)
		words = append(append(words, p.Mounts...), slices.Concat(p.Signs.Words, p.Vars)...)
	}
	return words
}

// VersionOf gives the version that the image of a container says, else the label of its object.
func VersionOf(o *object.Object, c object.Container) catalog.Version {
	_, tag := c.Image()
	if v := catalog.ParseVersion(tag); v != (catalog.Version{}) {
		return v
	}
	return catalog.ParseVersion(o.Label("app.kubernetes.io/version"))
}

func clientSigns(p catalog.Program, c appearance) []string {
	var signs []string
	if slices.Contains(p.Images, c.image) {
		signs = append(signs, fmt.Sprintf("image %q", c.image))
	}
	for _, m := range c.mounts {
		if slices.Contains(p.Mounts, path.Base(m.Path)) {
			signs = append(signs, fmt.Sprintf("mount at %q", m.Path))
		}
	}
	for _, word := range c.command {
		begins := func(sign string) bool { return strings.HasPrefix(word, sign) }
		if i := slices.IndexFunc(p.Signs.Words, begins); i >= 0 {
			// and no more of it, which may hold a password
			signs = append(signs, fmt.Sprintf("%q in its command", p.Signs.Words[i]))
			break
		}
	}
	for _, name := range c.variables {
		if len(signs) == 0 && slices.Contains(p.Vars, name) {
			signs = append(signs, fmt.Sprintf("variable %q", name))
		}
	}
	return signs
}

// clients gives the clients among the containers of a pod, init containers included, but for the server that it runs.
func clients(o *object.Object, pod object.Pod, server *Workload, programs []catalog.Program) []*Workload {
	var found []*Workload
	for _, c := range lookAt(pod.All()) {
		if server != nil && c.Name == server.Main.Name && c.List == server.Main.List {
			continue
		}
		for _, p := range programs {
			if signs := clientSigns(p, c); len(signs) > 0 {
				found = append(found, &Workload{Object: o, App: p.App, Pod: pod, Main: c.Container, Signs: signs})
				break
			}
		}
	}
	return found
}
