package recognise

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// Layout is how an image keeps its application: by what it is known, where its files are, and who reads its environment. What differs
// between images is here, as data: the plan has no branch for any of them.
type Layout struct {
	Name string // as people write it: "elasticsearch", "bitnami-elasticsearch"
	App  App

	Folder    string // of the configuration
	FolderEnv string // variable that moves it, "" when nothing does
	Home      string // where relative paths in settings start, "" = Folder
	Files     []File // configuration files, the first that is mounted counts
	NewFile   string // file for new settings where none is mounted; "" = they go into the environment
	Nested    bool   // new settings in a file are nested mappings, because the entry script merges them into such
	Flags     Flags
	Starter   string   // script without which the program takes no settings from variables; "" = it needs none
	Password  string   // variable with the password of the user elastic; NAME_FILE may name a file that holds it
	Login     []string // variables with which Kibana logs in by a password, or makes such a user
	NoEmpty   bool     // a variable without a value sets nothing
	Port      string   // name of the container's port for HTTP

	Env     func(key string) []string // variables that are settings by themselves; nil = there are none
	Written []Written                 // settings that the entry script writes into the file
	Scripts string                    // folder whose scripts the entry script runs, "" for none

	images []string                      // last path element of the image
	env    func(name string) bool        // variables that only this application reads
	mounts func(mounted, at string) bool // where only this application mounts something, seen from the folder of the configuration
}

// File is a configuration file of an application.
type File struct {
	Path  string // absolute, or below Folder
	Alone bool   // where it is mounted, the entry script writes nothing
}

// Flags is how settings are given on the command line, where they win over every file.
type Flags struct {
	Prefix string   // "-E", "--"; "" when there are none
	Env    []string // variables whose words the entry script adds
	Weak   bool     // variables that are settings by themselves win over them
	Script string   // first argument of the image's entry point, before flags; "" when flags alone do
}

// Written is a setting that the entry script of an image writes, over whatever the file says.
type Written struct {
	Key     string
	Env     []string // variables with its value, the first that is set counts; each may also name a file (NAME_FILE)
	Default string   // when none is set; "" = the script does not write it then
	Moved   string   // variable with the folder of the file that is the default; "" = nothing moves it
	Unless  string   // variable that keeps the script from writing it
	Value   string   // what it writes in place of the variable's value, "" = that value
	Weak    bool     // the file wins
	Idle    bool     // where a switch is off, the file says it
	Truth   bool     // yes, 1 and true are true
	When    []Switch // all must hold
}

// Switch is a variable that an entry script takes for a truth value.
type Switch struct {
	Env     []string // the first that is set counts
	Default bool
	Is      bool
}

// layouts lists the images that are known, in the order in which they are tried: what is told by more comes first.
func layouts() []Layout {
	return []Layout{bitnamiElasticsearch(), bitnamiKibana(), elasticElasticsearch(), elasticKibana()}
}

// LayoutNamed gives a layout by its name; false when there is none of that name.
func LayoutNamed(name string) (Layout, bool) {
	for _, l := range layouts() {
		if l.Name == name {
			return l, true
		}
	}
	return Layout{}, false
}

// LayoutNames lists the names of the layouts.
func LayoutNames() []string {
	var names []string
	for _, l := range layouts() {
		names = append(names, l.Name)
	}
	slices.Sort(names)
	return names
}

// As gives a container of an object as a server of the layout of that name, whatever it looks like.
func As(o *object.Object, container, layout string) (*Workload, error) {
	l, ok := LayoutNamed(layout)
	if !ok {
		return nil, fmt.Errorf("%s: no layout is called %q: there are %s", o.ID, layout, strings.Join(LayoutNames(), ", "))
	}
	pod, _ := o.Pod()
	for _, c := range pod.Containers() {
		if c.Name == container {
			return &Workload{Object: o, App: l.App, Layout: l.in(c), Pod: pod, Main: c, Signs: []string{"the configuration says so"}}, nil
		}
	}
	return nil, fmt.Errorf("%s: it has no container %q", o.ID, container)
}

// in gives the layout as a container has it: a variable may move the folder.
func (l Layout) in(c object.Container) Layout {
	l, _ = l.moved(c.Environment(nil))
	if l.Home == "" {
		l.Home = l.Folder
	}
	return l
}

// moved puts the configuration where the environment says that it is; why tells why that is not known.
func (l Layout) moved(env object.Environment) (_ Layout, why string) {
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

// Abs gives the path of a file of the configuration.
func (l Layout) Abs(file string) string {
	if path.IsAbs(file) {
		return file
	}
	return path.Join(l.Folder, file)
}

// signs gives the evidence that a container is of this layout, for the report. Two of the three decide: one alone may be a look-alike,
// as an exporter's image, a Beat's environment or a tool that mounts the same files.
func (l Layout) signs(c object.Container, given object.Environment) []string {
	l, _ = l.moved(given)
	var signs []string
	if repository, _ := c.Image(); slices.Contains(l.images, repository) {
		signs = append(signs, fmt.Sprintf("image %q", repository))
	}
	for _, v := range given.All() {
		if l.env(v.Name) {
			signs = append(signs, fmt.Sprintf("environment variable %q", v.Name))
			break
		}
	}
	for _, m := range c.Mounts() {
		if l.mounts(m.Path, l.Folder) {
			signs = append(signs, fmt.Sprintf("mount at %q", m.Path))
			break
		}
	}
	if l.Env != nil && len(object.Items(c.Node, "envFrom")) > 0 && len(signs) == 1 && strings.HasPrefix(signs[0], "image") {
		signs = append(signs, "envFrom, which may hold its settings")
	}
	return signs
}

func below(file, folder string) bool { return file == folder || strings.HasPrefix(file, folder+"/") }
