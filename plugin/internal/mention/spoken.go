package mention

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// callers are programs whose words are addresses.
var callers = []string{"curl", "wget", "http", "https", "xh", "elasticdump", "esrally", "openssl", "ab", "hey", "wrk",
	"siege", "vegeta"}

// waiters only try whether a host or a port is there: no certificate is asked for.
var waiters = []string{"wait-for-it", "wait-for-it.sh", "wait-for", "ping", "nslookup", "dig", "getent", "host",
	"telnet"}

// speech tells what the commands make of parts of a text.
type speech []part

type part struct {
	span     Span
	strength Strength
}

func (s speech) at(at Span) (Strength, bool) {
	strongest, found := Nothing, false
	for _, part := range s {
		if part.span.holds(at) && (part.strength == Nothing || part.span.From == at.From) {
			strongest, found = max(strongest, part.strength), true
		}
	}
	return strongest, found
}

// use is a word of a command that is made of variables: what it says stands elsewhere, perhaps for other commands too.
type use struct {
	span     Span   // of the first variable
	text     string // of the word, with their values
	key      string // the option in front of it
	strength Strength
	spoken   bool
	known    bool // all of the word is
}

// at tells what the command makes of a part of the word, as if that were written out.
func (u use) at(at Span) (Strength, bool) {
	return u.strength, u.spoken && (u.strength == Nothing || at.From == 0)
}

// sayings are what commands make of a text: of its parts, and of variables in it.
type sayings struct {
	parts speech
	uses  []use
}

// spoken gives what the commands of a container make of their words, by the scalars that these stand in.
func (n *known) spoken(seen process.Process) map[*yaml.Node]*sayings {
	all := words{}
	for _, run := range seen.Runs {
		for _, command := range run.Commands {
			if w, name, strength := n.forwarded(command); name != "" && len(w.Written) > 0 {
				at := w.Written[0]
				said := all.of(run, at.Word)
				said.uses = append(said.uses, use{Span{at.From, at.To}, name, "", strength, true, true})
				continue
			}
			if !command.IsPrint() || staysInLog(run) {
				all.take(run, command)
			}
		}
	}
	return all
}

// words are what commands make of the texts that they stand in.
type words map[*yaml.Node]*sayings

func (all words) of(run process.Run, word int) *sayings {
	n := run.Args[word].Node
	if all[n] == nil {
		all[n] = &sayings{}
	}
	return all[n]
}

// take notes what a command makes of its words.
func (all words) take(run process.Run, command shell.Command) {
	strength, ok := spokenBy(command)
	for i, w := range wordsOf(command) {
		if isWaiter(command) && (i != 1 || strings.Contains(w.Text, "://")) {
			continue // what follows is the command that it starts
		}
		for i, p := range w.Written {
			said := all.of(run, p.Word)
			if starts := i == 0; ok && (starts || strength == Nothing) { // an address starts its word
				said.parts = append(said.parts, part{Span{p.From, p.To}, strength})
			}
		}
		if len(w.Uses) > 0 && (ok || !isInert(command)) {
			at := w.Uses[0]
			said := all.of(run, at.Word)
			said.uses = append(said.uses, use{Span{at.From, at.To}, w.Text, optionIn(command.Words, i), strength, ok,
				w.Known})
		}
	}
}

// isInert holds for commands that call nobody, whatever their words are.
func isInert(c shell.Command) bool {
	main := c.Main()
	return len(main) == 0 || process.IsTool(main[0].Text) || c.IsShell()
}

// optionIn gives the option in front of a word of a command.
func optionIn(words []shell.Word, i int) string {
	if i == 0 || i > len(words) || !strings.HasPrefix(words[i-1].Text, "-") || strings.Contains(words[i-1].Text, "=") {
		return ""
	}
	return strings.TrimLeft(words[i-1].Text, "-")
}

// staysInLog tells whether what the commands of a script print goes nowhere but into the log of the container.
func staysInLog(run process.Run) bool {
	for _, arg := range run.Args {
		text := harmless.Replace(arg.Text)
		if strings.ContainsAny(text, "|>`") || strings.Contains(text, "$(") || strings.Contains(text, "<(") {
			return false
		}
	}
	return true
}

// harmless are redirections that send nothing to a file or program.
var harmless = strings.NewReplacer("||", "", ">&2", "", "2>&1", "", "1>&2", "", "2>/dev/null", "", ">/dev/null", "",
	"> /dev/null", "", "&>/dev/null", "")

// reaching are commands of kubectl by which it is at a server: what it forwards is called, and what it runs in a pod
// may call.
var reaching = map[string]Strength{"port-forward": Address, "exec": May, "debug": May}

// forwarded gives the word by which a command brings a server to the own machine of its container, or runs something
// in its pod, and a name of that server: kubectl port-forward service/search 9200. What calls it there names no
// server.
func (n *known) forwarded(c shell.Command) (w shell.Word, name string, strength Strength) {
	if len(c.Words) == 0 || !slices.Contains(forwarders, c.Program()) {
		return shell.Word{}, "", Nothing
	}
	at := slices.IndexFunc(c.Words, func(w shell.Word) bool { return reaching[w.Text] != Nothing })
	if at < 0 {
		return shell.Word{}, "", Nothing
	}
	target, ok := operand(c.Words[at+1:])
	if !ok {
		return shell.Word{}, "", Nothing
	}
	kind, of, isTyped := strings.Cut(target.Text, "/")
	switch {
	case !isTyped:
		name = n.ofPod(kind)
	case slices.Contains([]string{"svc", "service", "services"}, kind):
		name = n.Called(of)
	case slices.Contains([]string{"po", "pod", "pods"}, kind):
		name = n.ofPod(of)
	default:
		name = n.ofWorkload(func(o *object.Object) bool { return of == o.Name })
	}
	return target, name, reaching[c.Words[at].Text]
}

// operand gives the first word that is neither an option of kubectl nor the value of one.
func operand(words []shell.Word) (shell.Word, bool) {
	for i := 0; i < len(words); i++ {
		text := words[i].Text
		switch {
		case !strings.HasPrefix(text, "-"):
			return words[i], true
		case !strings.Contains(text, "=") && !slices.Contains(switches, text):
			i++
		}
	}
	return shell.Word{}, false
}

// switches are the options of kubectl that take no value.
var switches = []string{
	"-i", "-t", "-it", "-ti", "--stdin", "--tty", "-q", "--quiet", "--insecure-skip-tls-verify",
	"--match-server-version", "--warnings-as-errors", "--disable-compression", "--help", "-h",
}

// forwarders are programs that forward ports of a cluster.
var forwarders = []string{"kubectl", "oc"}

// ofPod gives a name of the server that a pod of a StatefulSet runs; "" for none. The pods of others have names that
// nobody can write down.
func (n *known) ofPod(name string) string {
	return n.ofWorkload(func(o *object.Object) bool {
		number, isIts := strings.CutPrefix(name, o.Name+"-")
		return isIts && number != "" && strings.Trim(number, "0123456789") == ""
	})
}

// ofWorkload gives a name of the server that such a workload runs; "" for none.
func (n *known) ofWorkload(isIts func(o *object.Object) bool) string {
	for _, label := range slices.Sorted(maps.Keys(n.labels)) {
		if known := n.labels[label]; slices.ContainsFunc(known.servers, isIts) {
			return known.name
		}
	}
	return ""
}

func isWaiter(c shell.Command) bool { return slices.Contains(waiters, c.Program()) }

// wordsOf gives the words of a command that it may call: those of curl are known.
func wordsOf(c shell.Command) []shell.Word {
	requests := c.Requests()
	if len(requests) == 0 {
		return c.Words
	}
	var all []shell.Word
	for _, r := range requests {
		all = append(all, r.Addresses...)
	}
	return all
}

// spokenBy tells what the words of a command are.
func spokenBy(c shell.Command) (Strength, bool) {
	isOne := func(of []string) bool {
		return slices.ContainsFunc(c.Words, func(w shell.Word) bool { return slices.Contains(of, path.Base(w.Text)) })
	}
	switch {
	case len(c.Words) == 0 || c.Words[0].Text == "<<" || c.Words[0].Text == "for":
		return Nothing, false
	case c.IsPrint() || isWaiter(c):
		return Nothing, true
	case slices.Contains([]string{"nc", "ncat", "netcat"}, c.Program()):
		triesOnly := func(w shell.Word) bool {
			return len(w.Text) > 1 && w.Text[0] == '-' && w.Text[1] != '-' && slices.Contains([]byte(w.Text), 'z')
		}
		if slices.ContainsFunc(c.Words, triesOnly) {
			return Nothing, true
		}
		return Address, true
	case isOne(callers) && !c.IsShell():
		return Address, true
	}
	return Nothing, false
}
