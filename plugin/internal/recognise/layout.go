package recognise

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// Layout is how an image keeps its application: see package catalog.
type Layout = catalog.Layout

// LayoutNamed gives a layout by its name; false when there is none of that name.
func LayoutNamed(name string) (Layout, bool) {
	for _, l := range catalog.Layouts() {
		if l.Name == name {
			return l, true
		}
	}
	return Layout{}, false
}

// LayoutNames lists the names of the layouts.
func LayoutNames() []string {
	var names []string
	for _, l := range catalog.Layouts() {
		names = append(names, l.Name)
	}
	slices.Sort(names)
	return names
}

// As gives a container of an object as a server of the layout of that name, whatever it looks like.
func As(o *object.Object, container, layout string) (*Workload, error) {
	l, ok := LayoutNamed(layout)
	if !ok {
		return nil, fmt.Errorf("%s: no layout is called %q: there are %s", o.ID, layout,
			strings.Join(LayoutNames(), ", "))
	}
	pod, _ := o.Pod()
	for _, c := range pod.Containers() {
		if c.Name == container {
			return &Workload{Object: o, App: l.App, Layout: layoutIn(l, c), Pod: pod, Main: c,
				Signs: []string{"the configuration says so"}}, nil
		}
	}
	return nil, fmt.Errorf("%s: it has no container %q", o.ID, container)
}

// layoutIn gives the layout as a container has it: a variable may move the folder.
func layoutIn(l Layout, c object.Container) Layout {
	l, _ = moved(l, c.Environment(nil))
	if l.Home == "" {
		l.Home = l.Folder
	}
	return l
}

// moved puts the configuration where the environment says that it is; why tells why that is not known.
func moved(l Layout, env object.Environment) (_ Layout, why string) {
	v, ok := env.Own(l.FolderEnv)
	switch {
	case !ok:
		return l, ""
	case !v.Known:
		return l, l.FolderEnv + ", which says where its configuration is: " + v.Why
	case path.IsAbs(v.Text):
		if l.Home == l.Folder {
			l.Home = path.Clean(v.Text)
		}
		l.Folder = path.Clean(v.Text)
	}
	return l, ""
}

// signsOf gives the evidence that a container is of this layout, for the report. Two of the three decide: one alone
// may be a look-alike, as an exporter's image, a Beat's environment or a tool that mounts the same files.
func signsOf(l Layout, c appearance) []string {
	if slices.Contains(c.variables, l.FolderEnv) {
		l, _ = moved(l, c.Environment(nil))
	}
	var signs []string
	if slices.Contains(l.Images, c.image) {
		signs = append(signs, fmt.Sprintf("image %q", c.image))
	}
	if i := slices.IndexFunc(c.variables, l.Vars); i >= 0 {
		signs = append(signs, fmt.Sprintf("environment variable %q", c.variables[i]))
	}
	for _, m := range c.mounts {
		if l.Mounts(m.Path, l.Folder) {
			signs = append(signs, fmt.Sprintf("mount at %q", m.Path))
			break
		}
	}
	if i := slices.IndexFunc(c.variables, func(name string) bool { return l.Own != nil && l.Own(name) }); i >= 0 &&
		len(signs) == 1 {
		signs = append(signs, fmt.Sprintf("setting %q", c.variables[i]))
	}
	if l.Env != nil && len(object.Items(c.Node, "envFrom")) > 0 && len(signs) == 1 &&
		strings.HasPrefix(signs[0], "image") {
		signs = append(signs, "envFrom, which may hold its settings")
	}
	return signs
}
