package plugin

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/report"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// onlyReported holds an output to its report: every object is untouched byte for byte, or reported as changed, added or removed; and
// in a changed one every line that differs belongs to a reported path.
func onlyReported(t *testing.T, input, output []byte, r *report.Report) {
	t.Helper()
	before, after := documents(t, input), documents(t, output)
	entries := map[string]bool{}
	for _, e := range append(append([]report.Entry(nil), r.Added...), r.Removed...) {
		entries[e.Object.Kind+"/"+e.Object.Name] = true
	}
	for id, old := range before {
		fresh, ok := after[id]
		if !ok && !entries[id] {
			t.Errorf("%s is gone, and the report does not say so", id)
		}
		if !ok || old == fresh {
			continue
		}
		linesReported(t, id, old, fresh, reportedPaths(r, id))
	}
	for id := range after {
		if _, ok := before[id]; !ok && !entries[id] {
			t.Errorf("%s is new, and the report does not say so", id)
		}
	}
}

// documents gives the text of every document by kind and name; a hook and an object of the release may share both.
func documents(t *testing.T, stream []byte) map[string]string {
	t.Helper()
	s, err := manifest.Split(stream)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, doc := range s.Documents() {
		id := nameOf(doc)
		if id == "" {
			continue
		}
		if _, twice := texts[id]; twice {
			id += " (hook)"
		}
		texts[id] = withoutMarker(string(doc.Text()))
	}
	return texts
}

// known has the names of documents by their text: most documents are in many streams.
var known sync.Map

// nameOf gives kind and name of the object in a document, or of the first; "" when there is none.
func nameOf(doc *manifest.Document) string {
	text := string(doc.Text())
	if name, ok := known.Load(text); ok {
		return name.(string)
	}
	name := ""
	if objects, err := object.In(doc); err == nil && len(objects) > 0 {
		name = objects[0].ID.String()
	}
	known.Store(text, name)
	return name
}

// withoutMarker drops the line between two documents: which of them it belongs to is a matter of form.
func withoutMarker(text string) string {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "---\r\n"), "---\n")
	return text
}

func reportedPaths(r *report.Report, id string) []string {
	var paths []string
	for _, p := range r.Patched {
		if p.Object.Kind+"/"+p.Object.Name == id {
			for _, c := range p.Changes {
				path, _, _ := strings.Cut(c.Path, " > ")
				paths = append(paths, path)
				if list, ok := strings.CutSuffix(path, "["+c.Before+"]"); ok && c.Before != "" {
					paths = append(paths, list+"["+c.After+"]")
				}
			}
		}
	}
	return paths
}

func linesReported(t *testing.T, id, old, fresh string, paths []string) {
	t.Helper()
	oldLines, freshLines := withoutClosing(old), withoutClosing(fresh)
	oldPaths, freshPaths := pathsByLine(t, old), pathsByLine(t, fresh)
	removed, added := lineDiff(oldLines, freshLines)
	solid := map[string]bool{} // what was there and held something: its own line has no reason to change
	for _, line := range oldPaths {
		for _, path := range line {
			solid[path] = true
		}
	}
	for _, side := range []struct {
		sign    string
		numbers []int
		lines   []string
		paths   map[int][]string
	}{{"-", removed, oldLines, oldPaths}, {"+", added, freshLines, freshPaths}} {
		for _, n := range side.numbers {
			if strings.TrimSpace(side.lines[n]) != "" && !(side.sign == "-" && grew(side.lines[n], freshLines, added)) && !related(side.paths[n+1], paths, solid) {
				t.Errorf("%s: line %d is in no reported change (at %v, reported %v):\n%s%s", id, n+1, side.paths[n+1], paths, side.sign, side.lines[n])
			}
		}
	}
}

// withoutClosing gives lines without the comma or bracket at their end: a flow list over several lines moves them when it grows.
func withoutClosing(text string) []string {
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		if end := strings.TrimRight(line, "\r\n"); strings.HasSuffix(end, ",") || strings.HasSuffix(end, "]") {
			lines[i] = strings.TrimRight(end, "],") + "\n"
		}
	}
	return lines
}

// grew holds for a line that is still there, with more behind it: the last one of a flow list. What stands behind it is looked at.
func grew(line string, fresh []string, added []int) bool {
	for _, n := range added {
		if strings.HasPrefix(fresh[n], strings.TrimRight(line, "\n")+",") {
			return true
		}
	}
	return false
}

// related holds when a line stands at or below a reported path, or when it belongs to a parent that a reported path needed: one that
// was not there, or that stood on one line with all its children.
func related(line, reported []string, solid map[string]bool) bool {
	for _, at := range line {
		path, whole := strings.CutSuffix(at, wholeMark)
		for _, r := range reported {
			if path == r || strings.HasPrefix(path, r+".") || strings.HasPrefix(path, r+"[") ||
				(whole || !solid[path]) && (strings.HasPrefix(r, path+".") || strings.HasPrefix(r, path+"[")) {
				return true
			}
		}
	}
	return false
}

// wholeMark marks the path of a collection that stands on one line with all its children, or has none.
const wholeMark = " (whole)"

// pathsByLine tells which paths stand on each line, from 1. A flow, empty or null collection is marked.
func pathsByLine(t *testing.T, text string) map[int][]string {
	t.Helper()
	root, err := yaml.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	at := map[int][]string{}
	var walk func(n *yaml.Node, path string)
	note := func(line int, n *yaml.Node, path string) {
		if n.Kind != yaml.ScalarNode && (n.Style&yaml.FlowStyle != 0 || len(n.Content) == 0) || n.ShortTag() == yaml.NodeTagNull {
			path += wholeMark
		}
		at[line] = append(at[line], path)
	}
	walk = func(n *yaml.Node, path string) {
		for i := 0; i < len(n.Content); i++ {
			child, below := n.Content[i], path
			if n.Kind == yaml.MappingNode {
				name := n.Content[i].Value
				i++
				child = n.Content[i]
				switch {
				case strings.ContainsAny(name, "./"):
					below += "[" + name + "]"
				case path == "":
					below = name
				default:
					below += "." + name
				}
				note(n.Content[i-1].Line, child, below)
			} else {
				name := child.Value
				if strings.Contains(name, "\n") {
					name = strconv.Itoa(i) // a script
				}
				if child.Kind == yaml.MappingNode {
					name = object.Text(child, "name")
				}
				below += fmt.Sprintf("[%s]", name)
			}
			note(child.Line, child, below)
			walk(child, below)
		}
	}
	walk(root, "")
	last := []string(nil)
	for line := 1; line <= strings.Count(text, "\n")+1; line++ { // the further lines of a block scalar
		if at[line] == nil {
			at[line] = last
		}
		last = at[line][max(0, len(at[line])-1):]
	}
	return at
}

// lineDiff gives the numbers of the lines, from 0, that a longest common subsequence leaves over.
func lineDiff(a, b []string) (removed, added []int) {
	lengths := make([][]int, len(a)+1)
	for i := range lengths {
		lengths[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				lengths[i][j] = lengths[i+1][j+1] + 1
			} else {
				lengths[i][j] = max(lengths[i+1][j], lengths[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && lengths[i+1][j] >= lengths[i][j+1]:
			removed = append(removed, i)
			i++
		default:
			added = append(added, j)
			j++
		}
	}
	return removed, added
}
