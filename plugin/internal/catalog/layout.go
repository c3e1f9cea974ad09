package catalog

import (
	"path"
	"strings"
	"sync"
)

// The servers.
const (
	Elasticsearch App = "Elasticsearch"
	Kibana        App = "Kibana"
)

// Layout is how an image keeps its server: by what it is known, where its files are, and who reads its environment.
// What differs between images is here, as data: neither half has a branch for any of them.
type Layout struct {
	Name string // as people write it: "elasticsearch", "bitnami-elasticsearch"
	App  App

	Folder    string // of the configuration
	FolderEnv string // variable that moves it, "" when nothing does
	Home      string // where relative paths in settings start, "" = Folder
	Files     []File // configuration files, the first that is mounted counts
	NewFile   string // for new settings where none is mounted; "" = they go into the environment
	Nested    bool   // new settings in a file are nested mappings, as the entry script merges them
	Flags     Flags
	Starter   string   // script without which the program takes no settings from variables; "" = it needs none
	Password  string   // variable with the password of the user elastic; NAME_FILE may name a file that holds it
	Login     []string // variables with which Kibana logs in by a password, or makes such a user
	NoEmpty   bool     // a variable without a value sets nothing
	PortName  string   // of the container's port for HTTP

	Env func(key string) []string // variables that are settings by themselves; nil = there are none
	// Setting gives the setting that a variable is. Where it is nil, Keys are those that variables may be, as far as
	// they matter for calls.
	Setting func(variable string) (key string, is bool)
	Keys    []string
	Unset   []Value   // what the image says where nobody else does
	Written []Written // settings that the entry script writes into the file
	Scripts string    // folder whose scripts the entry script runs, "" for none

	Images   []string               // last path element of the image
	Open     string                 // image of a distribution without security features, "" for none
	WorkDir  string                 // where the image runs its programs, "" where nothing says it
	Starters []string               // programs that start the server with the settings that are read here
	Wrapper  string                 // the entry script, which runs what is behind it; "" for none
	Vars     func(name string) bool // variables that only this application reads
	// variables that are settings of this application and no other, whatever the image is called; nil for none
	Own    func(name string) bool
	Mounts func(mounted, at string) bool // where only it mounts something; at is the folder of its configuration
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

// Value is a setting with its value.
type Value struct{ Key, Value string }

// Written is a setting that the entry script of an image writes, over whatever the file says.
type Written struct {
	Key     string
	Env     []string    // variables with its value, the first that is set counts; each may also name a file (NAME_FILE)
	Default string      // when none is set; "" = the script does not write it then
	Moved   string      // variable with the folder of the file that is the default; "" = nothing moves it
	Unless  string      // variable that keeps the script from writing it
	Value   string      // what it writes in place of the variable's value, "" = that value
	Weak    bool        // the file wins
	Idle    bool        // where a switch is off, the file says it
	Truth   bool        // yes, 1 and true are true
	When    []Condition // all must hold
}

// Condition is a variable that an entry script takes for a truth value.
type Condition struct {
	Env     []string // the first that is set counts
	Default bool
	Is      bool
}

// Abs gives the path of a file of the configuration.
func (l Layout) Abs(file string) string {
	if path.IsAbs(file) {
		return file
	}
	return path.Join(l.Folder, file)
}

// File gives the path of the file that the program itself reads.
func (l Layout) File() string { return l.Abs(l.Files[0].Path) }

// Layouts lists the images that are known, in the order in which they are tried: what is told by more comes first.
var Layouts = sync.OnceValue(func() []Layout {
	return []Layout{bitnamiElasticsearch(), bitnamiKibana(), elasticElasticsearch(), elasticKibana()}
})

// Starters gives the programs that start a server, in all of its images.
func Starters(app App) []string {
	return ofAll(app, func(l Layout) []string { return l.Starters })
}

// Wrappers gives the entry scripts of all images of a server.
func Wrappers(app App) []string {
	return ofAll(app, func(l Layout) []string { return []string{l.Wrapper} })
}

func ofAll(app App, of func(Layout) []string) (all []string) {
	for _, l := range Layouts() {
		if l.App == app {
			all = append(all, of(l)...)
		}
	}
	return all
}

func below(file, folder string) bool { return file == folder || strings.HasPrefix(file, folder+"/") }
