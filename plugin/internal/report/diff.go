package report

import (
	"fmt"
	"strings"
)

// Changes counts what a run changes: changes in objects, objects added and removed.
func (r *Report) Changes() int {
	n := len(r.Added) + len(r.Removed)
	for _, p := range r.Patched {
		n += len(p.Changes)
	}
	return n
}

// Diff gives every change for a person to read: what stood at a place, what stands there then, why, and the
// documentation.
func (r *Report) Diff() string {
	var b strings.Builder
	for _, p := range r.Patched {
		if len(p.Changes) == 0 {
			continue
		}
		fmt.Fprintf(&b, "%s/%s (line %d)%s\n", p.Object.Kind, p.Object.Name, p.Line, p.as())
		for _, c := range p.Changes {
			fmt.Fprintf(&b, "  %s\n", c.Path)
			if c.Before != "" {
				b.WriteString("    - " + c.Before + "\n")
			}
			if c.After != "" {
				b.WriteString("    + " + c.After + "\n")
			}
			b.WriteString("    # " + c.because(" ") + "\n")
		}
		b.WriteByte('\n')
	}
	for _, e := range r.Added {
		b.WriteString("+ " + e.Object.Kind + "/" + e.Object.Name + ": " + e.Why + "\n")
	}
	for _, e := range r.Removed {
		b.WriteString("- " + e.Object.Kind + "/" + e.Object.Name + ": " + e.Why + "\n")
	}
	if len(r.Added)+len(r.Removed) > 0 {
		b.WriteByte('\n')
	}
	b.WriteString(r.sum() + "\n")
	return b.String()
}

// Unified gives the same in the form of a unified diff, for tools that colour one: a hunk is a place in an object, and
// the reasons are comments. It shows what changes and nothing around it, as that may be a secret; so it cannot be
// applied.
func (r *Report) Unified() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", r.sum())
	for _, p := range r.Patched {
		if len(p.Changes) == 0 {
			continue
		}
		name := p.Object.Kind + "/" + p.Object.Name
		fmt.Fprintf(&b, "--- %s\n+++ %s\n", name, name)
		for _, c := range p.Changes {
			fmt.Fprintf(&b, "@@ %s @@\n# %s\n", c.Path, c.because(" "))
			if c.Before != "" {
				b.WriteString("-" + c.Before + "\n")
			}
			if c.After != "" {
				b.WriteString("+" + c.After + "\n")
			}
		}
	}
	for _, e := range r.Added {
		fmt.Fprintf(&b, "--- /dev/null\n+++ %s/%s\n# %s\n", e.Object.Kind, e.Object.Name, e.Why)
	}
	for _, e := range r.Removed {
		fmt.Fprintf(&b, "--- %s/%s\n+++ /dev/null\n# %s\n", e.Object.Kind, e.Object.Name, e.Why)
	}
	return b.String()
}

// Markdown gives the same for a pull request: a table for each object.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### elk-mtls: mode %s, client authentication %s\n\n%s\n", r.Mode, r.ClientAuthentication, r.sum())
	for _, p := range r.Patched {
		if len(p.Changes) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n<details><summary><b>%s/%s</b>%s: %s</summary>\n\n| where | before | after | why |\n| --- "+
			"| --- | --- | --- |\n",
			p.Object.Kind, p.Object.Name, p.as(), count(len(p.Changes), "change"))
		for _, c := range p.Changes {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", code(c.Path), code(c.Before), code(c.After),
				cell(c.because(" — ")))
		}
		b.WriteString("\n</details>\n")
	}
	for _, list := range []struct {
		title   string
		entries []Entry
	}{{"added", r.Added}, {"removed", r.Removed}} {
		if len(list.entries) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n| %s | why |\n| --- | --- |\n", list.title)
		for _, e := range list.entries {
			fmt.Fprintf(&b, "| %s | %s |\n", code(e.Object.Kind+"/"+e.Object.Name), cell(e.Why))
		}
	}
	if len(r.Todo) > 0 {
		b.WriteString("\nTo do:\n")
		for _, line := range r.Todo {
			fmt.Fprintf(&b, "- %s\n", cell(line.String()))
		}
	}
	return b.String()
}

// sum is a diff in one line.
func (r *Report) sum() string {
	changed := 0
	for _, p := range r.Patched {
		if len(p.Changes) > 0 {
			changed++
		}
	}
	if r.Changes() == 0 {
		return "no changes: everything is in place"
	}
	return fmt.Sprintf("%s changed, %d added, %d removed; %s", count(changed, "object"), len(r.Added), len(r.Removed),
		count(r.Untouched, "other document")+" as before")
}

func (p Patched) as() string {
	if p.RecognisedAs == "" {
		return ""
	}
	return " is " + p.RecognisedAs
}

func (c Change) because(between string) string {
	if c.Link == "" {
		return c.Why
	}
	return c.Why + between + c.Link
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// code gives text in the cell of a table as it is; it holds no line end.
func code(text string) string {
	if text == "" {
		return ""
	}
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if strings.Contains(text, "`") {
		text = " " + text + " "
	}
	return fence + cell(text) + fence
}

func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(text)
}
