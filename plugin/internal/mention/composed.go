package mention

import (
	"slices"
	"strings"
)

// A program may put the host of an address together while it runs. Its port stands there all the same, where it is
// written out: an address at the port of a server may be that server's.

// composed gives the hosts in a text that are put together and have a port of a server behind them: $A-$B:9200,
// %s-%s:9200, {host}:9200.
func (n *Names) composed(text string) []hit {
	var all []hit
	given := givens{text: text, ports: n.ports, port: map[string]bool{}, host: map[string]bool{}}
	for at := 0; at < len(text); at++ {
		next := strings.IndexByte(text[at:], ':')
		if next < 0 {
			break
		}
		at += next
		from := hostBefore(text, at)
		host := text[from:at]
		if isComposed(host) && !isOwn(host, n.onMachine) && given.isPortAt(at+1) && !given.isHost(host) {
			all = append(all, hit{Span: Span{from, at}, name: host, composed: true})
		}
	}
	return all
}

// givens are what a text gives its variables. Each is looked for once.
type givens struct {
	text       string
	ports      ports
	port, host map[string]bool // what is known of variables
}

func asked(known map[string]bool, name string, ask func() bool) bool {
	is, ok := known[name]
	if !ok {
		is = ask()
		known[name] = is
	}
	return is
}

func (g givens) isHost(host string) bool {
	return asked(g.host, host, func() bool { return isGiven(g.text, host) })
}

// isPortAt tells whether a port of a server stands at a place of a text, or a variable that the text gives one.
func (g givens) isPortAt(at int) bool {
	text := g.text
	name := strings.TrimLeft(text[at:min(len(text), at+3)], "${(")
	start := at + min(len(text)-at, 3) - len(name)
	end := start
	for end < len(text) && isWordByte(text[end]) {
		end++
	}
	if start == at {
		return g.ports[text[at:end]]
	}
	variable := text[start:end]
	return end > start && text[at] == '$' && asked(g.port, variable, func() bool { return g.givesPort(variable) })
}

// givesPort tells whether a text gives a variable the number of a port of a server.
func (g givens) givesPort(variable string) bool {
	for rest := g.text; ; {
		at := strings.Index(rest, variable)
		if at < 0 {
			return false
		}
		rest = rest[at+len(variable):]
		value := strings.TrimLeft(rest, ":-=\"' ")
		end := 0
		for end < len(value) && isWordByte(value[end]) {
			end++
		}
		if len(value) < len(rest) && g.ports[value[:end]] {
			return true
		}
	}
}

// wordBytes are what the names of variables are made of.
const wordBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

func isWordByte(c byte) bool { return isNameByte(c) && c != '-' && c != '.' }

// farthestHost bounds how long a host is looked for.
const farthestHost = 200

// hostBefore gives where the host begins that ends at a place of a text. What is in brackets belongs to it as a whole.
func hostBefore(text string, end int) int {
	from := end
	for from > max(0, end-farthestHost) {
		c := text[from-1]
		switch opening := strings.IndexByte(")}]`", c); {
		case opening >= 0:
			open := openedAt(text[:from-1], "({[`"[opening], c)
			if open < 0 {
				return from
			}
			from = open
		case isNameByte(c), strings.IndexByte("$%#", c) >= 0:
			from--
		default:
			return from
		}
	}
	return from
}

// openedAt gives the place of the bracket that is closed behind a text; -1 where it is not on its line.
func openedAt(text string, opening, closing byte) int {
	depth := 1
	for i := len(text) - 1; i >= 0 && text[i] != '\n'; i-- {
		switch text[i] {
		case opening:
			if depth--; depth == 0 {
				return i
			}
		case closing:
			depth++
		}
	}
	return -1
}

// isComposed tells whether something of a host is only known while a program runs.
func isComposed(host string) bool {
	in := func(mark string) bool { return strings.Contains(host, mark) }
	return slices.ContainsFunc([]string{"$", "%s", "%v", "{", "`"}, in)
}

// ownNames are what the variables are called in which pods have their own address, and the command that prints it.
var (
	ownNames     = []string{"hostname", "pod_ip", "podip", "pod_name", "podname", "my_pod_ip", "my_pod_name"}
	machineNames = []string{"host_ip", "node_name", "nodename", "node_ip"}
)

// isOwn tells whether a host is the pod in which it is put together, or the machine, where no server is on that itself.
func isOwn(host string, onMachine bool) bool {
	name, _, _ := strings.Cut(strings.Trim(strings.ToLower(host), "${}()` "), " ")
	return slices.Contains(ownNames, name) || strings.HasPrefix(name, autodiscovered) ||
		slices.Contains(machineNames, name) && !onMachine
}

// autodiscovered begins what Beats know of a pod that they have found.
const autodiscovered = "data."

// isGiven tells whether a host is one variable, and the text gives that a value which stands there: what the value
// says is judged by itself.
func isGiven(text, host string) bool {
	variable := strings.Trim(host, "${}")
	if variable == "" || len(host)-len(variable) > len("${}") || strings.Trim(variable, wordBytes) != "" {
		return false
	}
	given := false
	for at := 0; ; {
		next := strings.Index(text[at:], variable)
		if next < 0 {
			return given
		}
		from := at + next
		at = from + len(variable)
		value, ok := assigned(text[:from], text[at:])
		if ok && !isLiteral(value) {
			return false
		}
		given = given || ok
	}
}

// assigned gives what a variable is given where it stands between two texts: NAME=, NAME: and set $NAME
func assigned(before, after string) (value string, ok bool) {
	if strings.HasSuffix(before, "set $") && strings.HasPrefix(after, " ") {
		return strings.TrimLeft(after, " "), true
	}
	if before != "" && (isWordByte(before[len(before)-1]) || strings.IndexByte("${", before[len(before)-1]) >= 0) {
		return "", false
	}
	rest := strings.TrimLeft(strings.TrimLeft(after, `"'`), " ")
	value = strings.TrimLeft(rest, ":=>")
	return strings.TrimLeft(value, " "), len(value) < len(rest)
}

// isLiteral tells whether a value is one word that is written out.
func isLiteral(value string) bool {
	value = strings.TrimLeft(value, `"'`)
	end := 0
	for end < len(value) && isNameByte(value[end]) {
		end++
	}
	return end > 0 && (end == len(value) || strings.IndexByte(" \t\r\n\"';,}", value[end]) >= 0)
}

// isOpen tells whether a composed host in a reading of a text is told by nothing that was found there: neither by a
// name, nor by a command whose words are known.
func isOpen(at Span, found map[Span]int, uses []use) bool {
	for span := range found {
		if span.From < at.To && at.From < span.To {
			return false
		}
	}
	return !slices.ContainsFunc(uses,
		func(u use) bool { return u.known && at.From <= u.span.From && u.span.From < at.To })
}

// substitutes tells whether a name is what a command of sed puts in: s/HOST/search/.
func (h hit) substitutes(text string) bool {
	line := lineBefore(text, h.From)
	if line == "" || h.To == len(text) || strings.IndexByte("/|#,~@", line[len(line)-1]) < 0 ||
		text[h.To] != line[len(line)-1] {
		return false
	}
	begin := strings.LastIndex(line[:len(line)-1], "s"+line[len(line)-1:])
	return begin >= 0 && (begin == 0 || !isNameByte(line[begin-1])) && !strings.ContainsAny(line[begin:], " \t")
}
