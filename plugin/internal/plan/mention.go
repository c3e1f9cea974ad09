package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/pipeline"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// mention is a place that names an Elasticsearch of this stream.
type mention struct {
	object *object.Object
	path   patch.Path // of the text
	inside patch.Path // in a YAML file there
	offset int        // in the text

	service string
	key     string // of the ConfigMap or Secret: a file, or a variable
	place   string // for messages
}

// hit is a name in a text, and where it stands.
type hit struct {
	offset int
	name   string
}

// hits gives every place of a text that calls one of names as a host, in order. Lines that are comments name nothing.
func hits(text string, names []string) []hit {
	var all []hit
	start := 0
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		if !strings.HasPrefix(trimmed, "#") && !strings.HasPrefix(trimmed, "// ") {
			for _, name := range names {
				for at := callAt(line, name, 0); at >= 0; at = callAt(line, name, at+len(name)) {
					all = append(all, hit{start + at, name})
				}
				if setsHost(trimmed, name) {
					all = append(all, hit{start + strings.LastIndex(line, name), name})
				}
			}
		}
		start += len(line)
	}
	slices.SortStableFunc(all, func(a, b hit) int { return cmp.Compare(a.offset, b.offset) })
	return all
}

// calledIn gives the first of names that a text calls as a host, "" when there is none.
func calledIn(text string, names []string) string {
	for _, h := range hits(text, names) {
		return h.name
	}
	return ""
}

// setsHost holds for a line that gives a host by its bare name, as configuration files do: es_host: es, Host es, URL
// = es.
func setsHost(line, host string) bool {
	if !strings.Contains(line, host) {
		return false
	}
	words := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\r\n:=>\"',[]{}", r) })
	if len(words) > 0 && words[0] == "-" {
		words = words[1:]
	}
	return len(words) == 2 && isHostName(words[0]) && isHostWord(words[1], host)
}

// isHostName tells whether a setting or variable of that name holds a host.
func isHostName(name string) bool {
	name = strings.ToLower(name)
	said := func(word string) bool { return strings.Contains(name, word) }
	return !said("seed") && slices.ContainsFunc([]string{"host", "url", "addr", "server", "endpoint"}, said)
}

// hitsAt gives those of a value at a path of a YAML file as well: there the name that says host is the field's.
func hitsAt(at patch.Path, text string, names []string) []hit {
	all := hits(text, names)
	fields := slices.DeleteFunc(slices.Clone(at), func(s patch.Step) bool { return s.Field == "" })
	if len(fields) == 0 {
		return all
	}
	field := fields[len(fields)-1].Field
	field = field[strings.LastIndex(field, ".")+1:]
	for _, name := range names {
		if isHostWord(text, name) && isHostName(field) && !strings.Contains(strings.ToLower(field), "name") {
			all = append(all, hit{0, name})
		}
	}
	return all
}

// reference is a variable in a text: ${NAME}, ${NAME:default}, $(NAME) or Ruby's #{ENV['NAME'] || 'default'}.
type reference struct {
	span
	name, fallback string
	hasFallback    bool
}

func references(text string) []reference {
	var all []reference
	for at := 0; at < len(text); {
		rest := text[at:]
		end := strings.IndexAny(rest, "})") + 1
		ruby := strings.HasPrefix(rest, "#{ENV[")
		if end == 0 || !ruby && !strings.HasPrefix(rest, "${") && !strings.HasPrefix(rest, "$(") {
			next := strings.IndexAny(rest[1:], "$#")
			if next < 0 {
				break
			}
			at += 1 + next
			continue
		}
		if ruby {
			end = strings.IndexByte(rest, '}') + 1
		}
		r := reference{span: span{at, at + end}}
		inner := pipeline.Ruby(rest[:end])
		r.name, r.fallback, r.hasFallback = strings.Cut(inner[2:len(inner)-1], ":")
		r.fallback = strings.TrimPrefix(r.fallback, "-")
		all = append(all, r)
		at += end
	}
	return all
}

// reading is a text as its program sees it, with the variables of its container.
type reading struct {
	text   string
	pieces []piece
}

// piece is what stands in a reading for a reference of the text.
type piece struct {
	span
	written span
}

func (p *planner) read(w *recognise.Workload, text string) reading {
	var b strings.Builder
	var r reading
	last := 0
	for _, ref := range references(text) {
		value := ref.fallback
		if _, _, found, ok := p.variable(w, ref.name); ok {
			value = found
		}
		b.WriteString(text[last:ref.from])
		from := b.Len()
		b.WriteString(value)
		r.pieces = append(r.pieces, piece{span{from, b.Len()}, ref.span})
		last = ref.to
	}
	r.text = b.String() + text[last:]
	return r
}

// written gives the place in the text as it is written.
func (r reading) written(offset int) int {
	shift := 0
	for _, p := range r.pieces {
		switch {
		case offset < p.from:
			return offset + shift
		case offset < p.to:
			return p.written.from
		}
		shift = p.written.to - p.to
	}
	return offset + shift
}

// hits gives the places of a text, as it is written, at which a container's program sees a server named.
func (p *planner) hits(w *recognise.Workload, at patch.Path, text string) []hit {
	r := p.read(w, text)
	all := hitsAt(at, r.text, p.services)
	for i, h := range all {
		all[i].offset = r.written(h.offset)
	}
	return all
}
