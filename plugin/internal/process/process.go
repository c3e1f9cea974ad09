// Package process reads what the processes of a container see: a container and its environment come in, what it runs
// and with which options goes out, each with its place. What cannot be read is said to be open.
package process

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Main names the run of the container itself. The others are named as their fields are: "readinessProbe",
// "lifecycle.postStart".
const Main = "command"

// Arg is a word of a command line, and where it stands.
type Arg struct {
	Text  string
	Field []string // of the container: args, or readinessProbe, exec, command; nil for a word of a variable
	Index int
	Node  *yaml.Node
}

// Run is a command line that a container runs.
type Run struct {
	Name     string
	Args     []Arg
	Commands []shell.Command // all that it starts, itself first
	Whole    bool            // all of it could be read: nothing else runs

	File   string         // that holds it, where it is a script in a file: its text is the only word then
	Holder *object.Object // the ConfigMap or Secret with that file
	Key    string         // and its key there
	inFile []bool         // which of the commands run such a script
}

// Followed tells whether the commands of a run do nothing but run scripts in files, which are read.
func (r Run) Followed() bool { return len(r.inFile) > 0 && !slices.Contains(r.inFile, false) }

// places are the fields of a container that hold command lines.
func places() [][]string {
	return [][]string{
		{"readinessProbe", "exec", "command"}, {"livenessProbe", "exec", "command"},
		{"startupProbe", "exec", "command"},
		{"lifecycle", "postStart", "exec", "command"}, {"lifecycle", "preStop", "exec", "command"},
	}
}

// Process is a container with what its processes see.
type Process struct {
	object.Container
	Given object.Environment // of the container, and of all that it runs
	Env   object.Environment // of its program, to which a script may give another one
	Runs  []Run              // its own command line, which may be empty, then those of its probes and hooks
}

// Of reads a container. With in nil what it takes from Secrets and ConfigMaps is not known.
func Of(c object.Container, in object.Input) Process {
	p := Process{Container: c, Given: c.Environment(in)}
	p.Runs = []Run{run(Main, own(c), p.Given.Word)}
	for _, at := range places() {
		if args := argsIn(c, at...); len(args) > 0 {
			name := strings.Join(at[:len(at)-2], ".")
			p.Runs = append(p.Runs, run(name, args, p.Given.Word))
		}
	}
	if in != nil {
		p.readFiles(in)
	}
	var programs []shell.Command
	var nodes []*yaml.Node
	for _, r := range p.Lines() {
		programs, nodes = append(programs, r.programs()...), append(nodes, r.nodes()...)
	}
	p.Env = p.Given.Under(programs, nodes)
	return p
}

// entries are programs that the entry point of an image puts before arguments, by the last path element of the image.
// It does so where the first one is an option or an address.
// https://github.com/curl/curl-container/blob/main/etc/entrypoint.sh
var entries = map[string]string{"curl": "curl"}

// own gives the command line of a container itself.
func own(c object.Container) []Arg {
	all := append(argsIn(c, "command"), argsIn(c, "args")...)
	repository, _ := c.Image()
	program := entries[repository]
	if program == "" || len(all) == 0 || all[0].Field[0] != "args" {
		return all
	}
	if first := all[0]; strings.HasPrefix(first.Text, "-") || strings.Contains(first.Text, "://") {
		all = append([]Arg{{Text: program, Field: first.Field, Node: first.Node}}, all...)
	}
	return all
}

// maxFiles is more than anybody has: scripts may run each other for ever.
const maxFiles = 100

// readFiles adds the scripts that the container runs from files of Secrets and ConfigMaps.
func (p *Process) readFiles(in object.Input) {
	known, copied := map[string]bool{}, map[string]string{}
	for i := 0; i < len(p.Runs) && i < maxFiles; i++ {
		r := &p.Runs[i]
		r.inFile = make([]bool, len(r.Commands))
		r.copies(copied)
		var found []Run
		for j, c := range r.Commands {
			f, ok := c.File()
			if !ok {
				continue
			}
			file := p.Resolve(f.Path, in)
			if from, isCopy := copied[f.Path]; isCopy && !file.Key() {
				file = p.Resolve(from, in)
			}
			text := string(file.Content.Text)
			if !file.Key() || file.State != object.Held || !f.IsScript(text) {
				continue
			}
			if r.inFile[j] = true; known[r.Name+" "+f.Path] {
				continue
			}
			known[r.Name+" "+f.Path] = true
			made := Run{Name: r.Name, File: f.Path, Holder: file.Content.Object, Key: file.Source.Key,
				Args: []Arg{{Text: text, Node: file.Content.Node}}}
			made.Commands, made.Whole = f.Script(text, c)
			found = append(found, made)
		}
		p.Runs = append(p.Runs, found...)
	}
}

// copies notes the scripts that a run copies: where to, and where from. Of a file that is written more than once, or
// that another command is told, which may change it, nothing is known.
func (r Run) copies(all map[string]string) {
	var others []shell.Command
	for _, c := range r.Commands {
		from, to, ok := c.Copies()
		if _, again := all[to]; again || !ok && c.Into != "" {
			all[cmp.Or(to, c.Into)] = ""
		} else if ok {
			all[to] = from
		}
		if !ok && !keepsFiles(c) {
			others = append(others, c)
		}
	}
	for _, c := range others {
		f, _ := c.File()
		for _, copied := range slices.Sorted(maps.Keys(all)) {
			if copied != f.Path && slices.ContainsFunc(c.Words,
				func(w shell.Word) bool { return names(w.Text, copied) }) {
				all[copied] = ""
			}
		}
	}
}

// keepsFiles tells whether a command changes nothing in the files that it is told.
func keepsFiles(c shell.Command) bool {
	main := c.Main()
	return len(main) > 0 && slices.Contains([]string{"cat", "chmod", "chown", "echo", "ls", "test", "["},
		path.Base(main[0].Text))
}

// names tells whether a word is a file, its folder, or a pattern that it fits.
func names(word, file string) bool {
	fits, err := path.Match(word, file)
	return err == nil && fits || path.Clean(word) == path.Dir(file)
}

// Lines gives the command line of the container itself, and the scripts in files that it runs.
func (p Process) Lines() []*Run {
	var all []*Run
	for i := range p.Runs {
		if p.Runs[i].Name == Main {
			all = append(all, &p.Runs[i])
		}
	}
	return all
}

// Flags gives the options of the container's program, as Flags of a run does.
func (p Process) Flags(setters ...string) (all []Flag, open bool) {
	for _, r := range p.Lines() {
		said, more := r.Flags(setters...)
		all, open = append(all, said...), open || more
	}
	return all, open
}

// Hands tells whether the program gets a variable as the container has it: a script may take it away, or set it to
// something else.
func (p Process) Hands(name string) bool {
	return !slices.ContainsFunc(p.Lines(), func(r *Run) bool {
		return slices.ContainsFunc(r.programs(), func(c shell.Command) bool { return !c.Hands(name) })
	})
}

// Requests gives the requests of curl that the container makes; false where a script cannot be read.
func (p Process) Requests() (all []shell.Request, whole bool) {
	whole = true
	for _, run := range p.Runs {
		whole = whole && run.Whole
		all = append(all, run.Requests()...)
	}
	return all, whole
}

// Programs names what the container runs besides shells and tools; "" stands for what its image runs by itself.
func (p Process) Programs() []string {
	var names []string
	if len(p.Runs[0].Args) == 0 {
		names = append(names, "")
	}
	for _, r := range p.Runs {
		for _, c := range r.programs() {
			if c.Sure {
				names = append(names, nameOf(c))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Starts names all that the container may start besides shells and tools. What lies in a volume has its whole path: it
// is not its image's. A text that is given to another program than a shell is no command: that program would be named.
func (p Process) Starts() []string {
	var names []string
	for _, r := range p.Runs {
		hasShell := slices.ContainsFunc(r.Commands,
			func(c shell.Command) bool { return len(c.Words) > 0 && c.IsShell() })
		for _, c := range r.programs() {
			program := c.Main()[0].Text
			switch _, mounted := p.MountOf(program); {
			case !c.Sure && !hasShell:
			case mounted, c.IsShell(): // the script of a shell is not shown
				names = append(names, program)
			default:
				names = append(names, nameOf(c))
			}
		}
	}
	return names
}

// nameOf gives the name of the program that a command runs; "" where it is an argument for what the image runs.
func nameOf(c shell.Command) string {
	name := path.Base(c.Main()[0].Text)
	if strings.HasPrefix(name, "-") {
		return ""
	}
	return name
}

// Command gives the command line of the container itself.
func (p Process) Command() *Run { return &p.Runs[0] }

// programs gives the commands that may be the program of a container.
func (r Run) programs() []shell.Command {
	var all []shell.Command
	for i, c := range r.Commands {
		if arguments(c) != nil && (i >= len(r.inFile) || !r.inFile[i]) {
			all = append(all, c)
		}
	}
	return all
}

func (r Run) nodes() []*yaml.Node {
	var nodes []*yaml.Node
	for _, a := range r.Args {
		nodes = append(nodes, a.Node)
	}
	return nodes
}

// Extra gives the words of a variable that an entry script adds to a command line.
func Extra(variable, text string, node *yaml.Node) Run {
	words := []shell.Word{}
	for from := 0; from < len(text); {
		from += len(text[from:]) - len(strings.TrimLeft(text[from:], " \t\n"))
		to := from + len(text[from:])
		if end := strings.IndexAny(text[from:], " \t\n"); end >= 0 {
			to = from + end
		}
		if to > from {
			words = append(words, shell.Word{Text: text[from:to], Known: true, At: []shell.Piece{{From: from, To: to}}})
		}
		from = to
	}
	all := Run{Name: variable, Args: []Arg{{Text: text, Node: node}}, Whole: true}
	if len(words) > 0 {
		all.Commands = []shell.Command{{Words: words, Sure: true}}
	}
	return all
}

func run(name string, args []Arg, env shell.Environment) Run {
	r := Run{Name: name, Args: args}
	r.Commands, r.Whole = shell.Commands(r.argv(), env)
	return r
}

func argsIn(c object.Container, field ...string) []Arg {
	var args []Arg
	for i, item := range object.Items(c.Node, field...) {
		args = append(args, Arg{item.Value, field, i, item})
	}
	return args
}

// Text gives the words of the command line as they are written.
func (r Run) Text() string {
	return strings.Join(r.argv(), " ")
}

// Has tells whether a word of the command line is one of those.
func (r Run) Has(words ...string) bool {
	return slices.ContainsFunc(r.Args, func(a Arg) bool { return slices.Contains(words, a.Text) })
}

// Requests gives the requests of curl.
func (r Run) Requests() []shell.Request {
	var all []shell.Request
	for _, c := range r.Commands {
		all = append(all, c.Requests()...)
	}
	return all
}

// Downloads gives what is called by Wget.
func (r Run) Downloads() []shell.Request {
	var all []shell.Request
	for _, c := range r.Commands {
		all = append(all, c.Downloads()...)
	}
	return all
}

// Arg gives the word of the command line in which a word of a command stands; false where it is not written there as
// it is.
func (r Run) Arg(w shell.Word) (a Arg, from, to int, ok bool) {
	span, ok := shell.Span(r.argv(), w.At)
	if !ok {
		return Arg{}, 0, 0, false
	}
	return r.Args[span.Word], span.From, span.To, true
}

func (r Run) argv() []string {
	var argv []string
	for _, a := range r.Args {
		argv = append(argv, a.Text)
	}
	return argv
}
