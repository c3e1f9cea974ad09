package object

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// commands are those of a container, as far as they can be read.
type commands struct {
	all  []shell.Command
	read bool // all of them
}

// runs gives the commands of the container itself.
func (c Container) runs(in Input) commands {
	o, n := c.pod.object, c.Node
	if o == nil {
		all, read := shell.Commands(c.Command(), c.Environment(in).Word)
		return commands{all, read}
	}
	known, ok := o.runs[n]
	if !ok {
		if o.runs == nil {
			o.runs = map[*yaml.Node]commands{}
		}
		known.all, known.read = shell.Commands(c.Command(), c.Environment(in).Word)
		o.runs[n] = known
	}
	return known
}

// filling is what the containers of a pod do to a file of an empty folder.
type filling struct {
	copies []File
	made   string // who makes or changes it, and how
	may    string // the first container that may write it, as nothing tells that it does not
	others string // the first container that mounts the folder too
}

// inEmpty finds a file of an empty folder of the pod: another container has to bring it. One that an init container
// copies from a Secret or ConfigMap, as it is, is that key.
func (p Pod) inEmpty(f File, c Container, volume, at string, in Input) File {
	all := filling{}
	for _, other := range p.All() {
		if m, ok := other.mountFor(volume, at); ok {
			all.by(other, path.Join(m.Path, inside(at, m.SubPath)), m.Path, other.Name == c.Name, in)
		}
	}
	who := cmp.Or(all.may, all.others)
	switch {
	case all.made != "":
		return f.because(Made, "%s", all.made)
	case len(all.copies) > 0 && all.may == "":
		return f.take(Copied, all.copies[0].Source, "", in)
	case who != "":
		return f.because(Perhaps, "%s", who)
	}
	return f.because(NotThere, "%s is in the empty volume %q, and no other container of the pod fills it", f.Path,
		volume)
}

// by adds what one container does. What the images of others than init containers do by themselves is to read: they
// start too late to make a file that somebody needs to start.
func (all *filling) by(c Container, file, folder string, self bool, in Input) {
	runs := c.runs(in)
	from, maker, unread := fill(runs.all, file, folder, Text(c.Node, "workingDir"))
	for _, name := range from {
		all.copy(c, name, in)
	}
	if maker != "" {
		all.made = cmp.Or(all.made, fmt.Sprintf("the container %q makes or changes it (%s), which is not followed",
			c.Name, maker))
	}
	may := fmt.Sprintf("the container %q, which mounts the same empty folder, may write it", c.Name)
	switch {
	case self:
	case c.List == "initContainers" && (unread || !runs.read || len(runs.all) == 0):
		all.may = cmp.Or(all.may, may)
	default:
		all.others = cmp.Or(all.others, may)
	}
}

// copy adds a file that a container copies: a key of a Secret or ConfigMap, or a file of its image.
func (all *filling) copy(c Container, name string, in Input) {
	m, ok := c.MountOf(path.Clean(name))
	copied := File{}
	if ok && c.pod.ReadOnly(m.Volume) {
		copied = c.Resolve(name, in)
	}
	switch {
	case !ok && path.IsAbs(name):
		all.may = cmp.Or(all.may, fmt.Sprintf("the container %q copies it from %s of its image", c.Name, name))
	case copied.Found != Mounted:
		all.made = cmp.Or(all.made, fmt.Sprintf("the container %q copies it from %s, which is not followed", c.Name,
			name))
	case len(all.copies) > 0 && all.copies[0].Source != copied.Source:
		all.made = cmp.Or(all.made, fmt.Sprintf("several files are copied there: %s, %s", all.copies[0].What(),
			copied.What()))
	default:
		all.copies = append(all.copies, copied)
	}
}

// mountFor gives the mount by which a container can write a file of a volume.
func (c Container) mountFor(volume, at string) (Mount, bool) {
	for _, m := range c.Mounts() {
		if m.Volume == volume && !m.ReadOnly && m.SubPathExpr == "" &&
			(m.SubPath == "" || Below(at, path.Clean(m.SubPath))) {
			m.SubPath = strings.TrimPrefix(path.Clean("/"+m.SubPath), "/")
			return m, true
		}
	}
	return Mount{}, false
}

// fill gives the files of which commands make a file by copying one as it is: under a new name, into a folder, with
// its folder, or in a loop. maker is the first command that writes it in another way, or may; unread tells whether one
// of them may do anything.
func fill(commands []shell.Command, file, folder, dir string) (from []string, maker string, unread bool) {
	w := writer{file: file, folder: folder, dir: dir}
	for _, w.Command = range commands {
		switch program := w.Program(); {
		case program == "for":
			w.items = nil
			for _, item := range w.Words[1:] {
				w.items = append(w.items, item.Text)
			}
		case program == "cd" && len(w.Words) > 1:
			w.dir = w.rooted(w.Words[1].Text)
		case program == "mkdir":
			w.make(w.Words[1:]...)
		case program == "cat" && len(w.Words) == 2 && w.Into != "":
			maker = w.copy(&from, w.Words[1:], w.Into)
		case w.Into != "" && w.mayBe(w.Into):
			maker = program
		case w.copier() >= 0:
			operands, target := operandsOf(w.Words[w.copier()+1:])
			maker = w.copy(&from, operands, target)
			w.make(shell.Word{Text: target})
		case !w.harmless():
			unread = unread || w.isScript()
			if w.touches() {
				maker = program
			}
		}
		if maker != "" {
			return nil, maker, true
		}
	}
	slices.Sort(from)
	return slices.Compact(from), "", unread
}

// Changes names the first of commands that writes a file of the image they run in, or may; "" for none. They begin in
// dir.
func Changes(commands []shell.Command, file, dir string) string {
	from, maker, _ := fill(commands, file, path.Dir(file), dir)
	if len(from) > 0 {
		return "a copy of " + from[0]
	}
	return maker
}

// writer is a command that may write a file, which is in a folder that a volume is mounted at.
type writer struct {
	shell.Command
	file, folder string
	dir          string   // in which it runs, "" where nothing tells
	items        []string // of the loop that it may be in
	made         []string // folders that are there before it runs
}

// make notes folders, or files, that a command makes.
func (w *writer) make(words ...shell.Word) {
	for _, word := range words {
		w.made = append(w.made, path.Clean(w.rooted(word.Text)))
	}
}

// copier gives the place of the program that copies, -1 for none.
func (w writer) copier() int {
	return slices.IndexFunc(w.Words, func(word shell.Word) bool {
		return slices.Contains([]string{"cp", "install", "mv", "ln", "rsync"}, path.Base(word.Text))
	})
}

// harmless holds for programs that write no file but the one that their output goes to, and for scripts whose commands
// are read.
func (w writer) harmless() bool {
	if w.IsShell() {
		return slices.ContainsFunc(w.Words, func(word shell.Word) bool {
			return word.Text == "eval" || strings.HasPrefix(word.Text, "-") && strings.Contains(word.Text, "c")
		})
	}
	return slices.Contains([]string{
		"<<", ":", "[", "[[", "cat", "chmod", "chown", "chgrp", "cmp", "date", "diff", "dirname", "basename", "echo",
		"exit", "export", "false",
		"getent", "grep", "head", "id", "kill", "ls", "mkdir", "nc", "nslookup", "ping", "printf", "pwd", "read",
		"readlink", "set", "sha256sum",
		"sleep", "stat", "tail", "test", "trap", "true", "type", "umask", "unset", "wait", "wc", "which", "whoami",
	}, w.Program())
}

// isScript holds for a program that does what somebody has written: it may write anything.
func (w writer) isScript() bool {
	program := w.Words[0].Text
	folder := path.Dir(program)
	return w.IsShell() || path.Ext(program) != "" || folder != "." && !strings.HasSuffix(folder, "bin") ||
		strings.Contains(program, "$") ||
		slices.Contains([]string{".", "source", "python", "python3", "perl", "ruby", "node"}, path.Base(program))
}

// touches tells whether a program that may write anything is told of the file, of its folder or of what only the run
// knows, or runs in there.
func (w writer) touches() bool {
	if w.dir != "" && Below(w.file, w.dir) && Below(w.dir, w.folder) {
		return true
	}
	return slices.ContainsFunc(w.Words[1:], func(word shell.Word) bool {
		if i := strings.LastIndexAny(word.Text, "=,:@ "); i >= 0 && i+1 < len(word.Text) {
			return w.mayBe(word.Text[i+1:]) || w.mayBe(word.Text)
		}
		return w.mayBe(word.Text)
	})
}

// mayBe tells whether a word may name the file, or a folder of the volume that it is in. Of what only the run knows,
// it may.
func (w writer) mayBe(text string) bool {
	name := path.Clean(w.rooted(text))
	if before, _, unknown := strings.Cut(name, "$"); unknown {
		return strings.HasPrefix(w.file, before)
	}
	matches, _ := path.Match(name, w.file)
	return matches || Below(w.file, name) && Below(name, w.folder)
}

// rooted puts the folder in which a command runs before a relative path.
func (w writer) rooted(text string) string {
	if path.IsAbs(text) || strings.HasPrefix(text, "$") || w.dir == "" {
		return text
	}
	return path.Join(w.dir, text)
}

// copy adds the files that become the file where operands are copied to a target, or says which program makes it of
// what only the run knows.
func (w writer) copy(from *[]string, operands []shell.Word, target string) (maker string) {
	target = w.rooted(target)
	known := len(w.items) > 0 && !slices.ContainsFunc(w.items,
		func(item string) bool { return strings.Contains(item, "$") })
	if strings.Contains(target, "$") && !known && w.mayBe(target) {
		return w.Program()
	}
	rooted := make([]shell.Word, 0, len(operands))
	for _, o := range operands {
		o.Text = w.rooted(o.Text)
		if path.Clean(o.Text) == w.file && w.Program() == "mv" {
			return w.Program()
		}
		base := path.Base(o.Text)
		into := path.Clean(target) == w.file || path.Clean(target) == path.Dir(w.file) &&
			(base == path.Base(w.file) || strings.Contains(base, "$"))
		if strings.Contains(o.Text, "$") && !known && into {
			return w.Program()
		}
		rooted = append(rooted, o)
	}
	into := path.Clean(target)
	isThere := w.Program() != "rsync" && (into == path.Clean(w.folder) || slices.Contains(w.made, into))
	*from = append(*from, sources(rooted, target, w.file, w.items, isThere)...)
	return ""
}

// operandsOf gives what a command copies, and where to.
func operandsOf(words []shell.Word) (operands []shell.Word, target string) {
	for i := 0; i < len(words); i++ {
		switch text := words[i].Text; {
		case text == "-t" && i+1 < len(words):
			i++
			target = words[i].Text
		case slices.Contains([]string{"-m", "-o", "-g", "-S"}, text): // of install: mode, owner, group, suffix
			i++
		case !strings.HasPrefix(text, "-"):
			operands = append(operands, words[i])
		}
	}
	if target == "" && len(operands) > 1 {
		target = operands[len(operands)-1].Text
		operands = operands[:len(operands)-1]
	}
	return operands, target
}

// sources gives the operands that become a file where they are copied to a target. items are what a loop runs over: in
// it, a word that is not known is one of them.
func sources(operands []shell.Word, target, file string, items []string, isThere bool) []string {
	var all []string
	for _, w := range operands {
		for _, text := range braces(w.Text) {
			for _, item := range append([]string{"$()"}, items...) {
				from := strings.ReplaceAll(text, "$()", item)
				to := path.Clean(strings.ReplaceAll(target, "$()", path.Base(item)))
				if item != "$()" && !strings.Contains(text, "$()") {
					continue
				}
				if source := becomes(from, to, file, strings.Contains(target, "$()"), isThere); source != "" {
					all = append(all, source)
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// becomes gives the file that is copied to another one, "" when from is not copied there. A name that a loop makes is
// that of what it copies. A folder is copied into one that is there already, under its own name.
func becomes(from, to, file string, loopName, isThere bool) string {
	folder, name := path.Split(from)
	base := path.Base(file)
	matches, _ := path.Match(name, base)
	switch inFolder := to == path.Dir(file) || loopName && path.Dir(to) == path.Dir(file); {
	case strings.Contains(from, "$"):
		return ""
	case to == file && !strings.ContainsAny(name, "*?["):
		return from
	case inFolder && matches:
		return path.Join(folder, base)
	case isThere && name != "." && !strings.ContainsAny(name, "*?["):
		below := path.Join(to, path.Base(from))
		if !Below(file, below) || file == below {
			return ""
		}
		return path.Join(from, inside(file, below))
	case inFolder && (name == "" || name == "." ||
		path.Ext(name) == "" && !strings.ContainsAny(name, "*?[")): // a folder
		return path.Join(from, base)
	}
	return ""
}

// braces gives what a shell makes of the first braces in a word: a{b,c}d is abd and acd.
func braces(text string) []string {
	before, rest, ok := strings.Cut(text, "{")
	inside, after, closed := strings.Cut(rest, "}")
	if !ok || !closed || !strings.Contains(inside, ",") || strings.HasSuffix(before, "$") {
		return []string{text}
	}
	var all []string
	for _, piece := range strings.Split(inside, ",") {
		all = append(all, before+piece+after)
	}
	return all
}
