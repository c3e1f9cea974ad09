package object

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Word is a word of a command, as its program gets it.
type Word struct {
	Text  string // without quotes; variables are replaced where they are known, and left as they are where not
	Known bool   // all of the text is
}

// Calls gives the commands that a command line runs: itself, and every command of the scripts in it. A loop over words is one, called for.
// ok is false where a script cannot be parsed.
func (c Container) Calls(argv []string) (calls [][]Word, ok bool) {
	var all []Word
	for _, word := range argv {
		text, known := c.kubernetesVariables(word)
		all = append(all, Word{text, known})
	}
	calls, ok = [][]Word{all}, true
	read := map[string]bool{}
	for i := 0; i < len(calls); i++ { // a script may start another shell, or itself
		for _, script := range scripts(calls[i]) {
			if read[script] {
				continue
			}
			read[script] = true
			inside, parsed := c.callsIn(script)
			calls, ok = append(calls, inside...), ok && parsed
		}
	}
	return calls, ok
}

// scripts gives the arguments of a shell that are scripts.
func scripts(call []Word) []string {
	var all []string
	at := slices.IndexFunc(call, func(w Word) bool { return isShell(w.Text) })
	for i := at + 1; at >= 0 && i < len(call); i++ {
		if isScript(call[i-1].Text) && !isScript(call[i].Text) {
			all = append(all, call[i].Text)
		}
	}
	return all
}

func isShell(program string) bool {
	return slices.Contains([]string{"sh", "bash", "ash", "dash", "ksh", "zsh"}, path.Base(program))
}

// isScript tells whether a shell takes its next argument for a script: -c, -ec, -lc, and the -- behind them.
func isScript(option string) bool {
	return option == "--" || strings.HasPrefix(option, "-") && !strings.HasPrefix(option, "--") && strings.HasSuffix(option, "c")
}

// kubernetesVariables puts in what Kubernetes does for $(NAME); $$ stands for $. A value from elsewhere is not known.
// https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
func (c Container) kubernetesVariables(text string) (string, bool) { return c.expanded(text, 0) }

// expanded does so for a text that variables lead to in so many steps. A variable sees those before it only, so that the steps end.
func (c Container) expanded(text string, steps int) (string, bool) {
	known := steps <= len(Items(c.Node, "env"))
	var b strings.Builder
	for {
		i := strings.IndexByte(text, '$')
		if i < 0 || i+1 == len(text) {
			return b.String() + text, known
		}
		b.WriteString(text[:i])
		text = text[i:]
		name, _, closed := strings.Cut(strings.TrimPrefix(text, "$("), ")")
		e, defined := c.Env(name)
		switch {
		case text[1] == '$':
			b.WriteByte('$')
			text = text[2:]
		case text[1] == '(' && closed && defined && !e.From && known && b.Len() < 1<<16: // a text that doubles at each step ends there
			value, ok := c.expanded(e.Value, steps+1)
			b.WriteString(value)
			known, text = ok, text[len(name)+3:]
		case text[1] == '(' && closed && defined:
			b.WriteString("${" + name + "}")
			known, text = false, text[len(name)+3:]
		default:
			b.WriteByte('$')
			text = text[1:]
		}
	}
}

// callsIn parses a script. A variable is known where the script sets it once, to something known, on the way that every run takes, or
// where it leaves it to the environment of the container. There is no interpreter.
func (c Container) callsIn(script string) ([][]Word, bool) {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(script), "")
	if err != nil {
		return nil, false
	}
	s := scope{container: c, set: map[string][]*syntax.Assign{}, certain: map[*syntax.Assign]bool{}}
	s.assignments(file)
	var calls [][]Word
	syntax.Walk(file, func(node syntax.Node) bool {
		switch node := node.(type) {
		case *syntax.CallExpr:
			if len(node.Args) > 0 {
				calls = append(calls, s.words(nil, node.Args))
			}
		case *syntax.WordIter:
			calls = append(calls, s.words([]Word{{"for", true}}, node.Items))
		}
		return true
	})
	return calls, true
}

// copiedFrom gives the files of which commands may make a file by copying one as it is: under a new name, into a folder, with its folder, or in
// a loop over a folder.
func copiedFrom(calls [][]Word, file string) []string {
	var all []string
	inFolder := func(folder string) string { return path.Join(strings.TrimRight(folder, "*."), path.Base(file)) }
	loop := ""
	for _, call := range calls {
		at := slices.IndexFunc(call, func(w Word) bool {
			return slices.Contains([]string{"cp", "install", "mv", "ln", "rsync", "cat", "for"}, path.Base(w.Text))
		})
		switch {
		case at < 0:
			continue
		case call[at].Text == "for":
			if loop = ""; len(call) == at+2 && strings.HasSuffix(call[at+1].Text, "/*") {
				loop = inFolder(call[at+1].Text)
			}
			continue
		case loop != "" && slices.ContainsFunc(call[at+1:], func(w Word) bool { return !w.Known }):
			all = append(all, loop)
			continue
		case path.Base(call[at].Text) == "cat" || len(call) < at+3:
			continue
		}
		sources, target := call[at+1:len(call)-1], path.Clean(call[len(call)-1].Text)
		for _, source := range sources {
			switch {
			case target == file:
				all = append(all, sources[len(sources)-1].Text)
			case target != path.Dir(file):
			case path.Base(source.Text) == path.Base(file):
				all = append(all, source.Text)
			default: // a file of another name is not there, and a folder has it
				all = append(all, inFolder(source.Text))
			}
		}
	}
	return all
}

// scope is what the variables of a script are.
type scope struct {
	container Container
	set       map[string][]*syntax.Assign // nil entries stand for other ways to set a variable, such as read
	certain   map[*syntax.Assign]bool     // every run makes them
}

func (s scope) assignments(file *syntax.File) {
	for _, statement := range file.Stmts {
		switch command := statement.Cmd.(type) {
		case *syntax.CallExpr:
			for _, a := range command.Assigns {
				s.certain[a] = len(command.Args) == 0
			}
		case *syntax.DeclClause:
			for _, a := range command.Args {
				s.certain[a] = true
			}
		}
	}
	syntax.Walk(file, func(node syntax.Node) bool {
		switch node := node.(type) {
		case *syntax.Assign:
			if node.Name != nil && !node.Naked {
				s.set[node.Name.Value] = append(s.set[node.Name.Value], node)
			}
		case *syntax.WordIter:
			s.set[node.Name.Value] = append(s.set[node.Name.Value], nil)
		case *syntax.CallExpr:
			for _, name := range setters(node) {
				s.set[name] = append(s.set[name], nil)
			}
		}
		return true
	})
}

// setters gives the variables that a command sets.
func setters(call *syntax.CallExpr) []string {
	var names []string
	for i, arg := range call.Args {
		switch text := arg.Lit(); {
		case i == 0 && !slices.Contains([]string{"read", "mapfile", "readarray", "getopts", "unset"}, text):
			return nil
		case i > 0 && !strings.HasPrefix(text, "-"):
			names = append(names, text)
		}
	}
	return names
}

func (s scope) words(all []Word, args []*syntax.Word) []Word {
	for _, arg := range args {
		all = append(all, s.word(arg.Parts))
	}
	return all
}

func (s scope) word(parts []syntax.WordPart) Word {
	w := Word{Known: true}
	for _, part := range parts {
		var piece Word
		switch part := part.(type) {
		case *syntax.Lit:
			piece = Word{strings.ReplaceAll(strings.ReplaceAll(part.Value, "\\\n", ""), "\\", ""), true}
		case *syntax.SglQuoted:
			piece = Word{part.Value, true}
		case *syntax.DblQuoted:
			piece = s.word(part.Parts)
		case *syntax.ParamExp:
			piece = s.variable(part)
		default:
			piece = Word{Text: "$"}
		}
		w.Text += piece.Text
		w.Known = w.Known && piece.Known
	}
	return w
}

// variable gives the value of $NAME and ${NAME}, and of ${NAME:-fallback} where nothing sets NAME.
func (s scope) variable(param *syntax.ParamExp) Word {
	unknown := Word{Text: "$"}
	if param.Param == nil || param.Length || param.Excl || param.Index != nil || param.Slice != nil || param.Repl != nil {
		return unknown
	}
	name := param.Param.Value
	unknown.Text = "${" + name + "}"
	fallback := param.Exp != nil && slices.Contains([]syntax.ParExpOperator{syntax.DefaultUnset, syntax.DefaultUnsetOrNull}, param.Exp.Op)
	if param.Exp != nil && !fallback {
		return unknown
	}
	all := s.set[name]
	switch {
	case len(all) == 1 && all[0] != nil && s.certain[all[0]] && all[0].End().Offset() <= param.Pos().Offset():
		a := all[0]
		if a.Append || a.Array != nil || a.Index != nil {
			return unknown
		}
		if a.Value == nil {
			return Word{Known: true}
		}
		return s.word(a.Value.Parts)
	case len(all) > 0:
		return unknown
	}
	e, ok := s.container.Env(name)
	switch {
	case ok && !e.From:
		text, known := s.container.kubernetesVariables(e.Value)
		return Word{text, known}
	case !ok && fallback && len(Items(s.container.Node, "envFrom")) == 0:
		if param.Exp.Word == nil {
			return Word{Known: true}
		}
		return s.word(param.Exp.Word.Parts)
	}
	return unknown
}
