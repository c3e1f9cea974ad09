package manifest

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// largeDocuments are documents on which anything worse than linear takes minutes, each with a change that must show as
// one line.
func largeDocuments(size int) []editCase {
	var oneLine, deep strings.Builder
	for i := range size / 32 {
		fmt.Fprintf(&oneLine, "{\"key%08d\": \"välue %08d\"}, ", i, i)
	}
	depth := 0
	for ; depth < 400; depth++ {
		fmt.Fprintf(&deep, "%sk:\n", strings.Repeat(" ", 2*depth))
	}
	literal := "a: |\n" + strings.Repeat("  --- kind: Deployment # kibana\n", size/32)
	flow := "a: [" + oneLine.String() + "x] # c\nb: 1\n"
	bottom := strings.Repeat(" ", 2*depth)
	lines := strings.Repeat("- name: x\n  value: \"y\" # c\n", size/32)
	spaces := "a: x" + strings.Repeat(" ", size) + "y # c\n"
	return []editCase{
		{"a long literal block", literal, literal + "  x\n", text("a", strings.Repeat("--- kind: Deployment # kibana\n", size/32)+"x\n")},
		{"behind a long literal block", literal, literal + "b: 1\n", set("b", "1")},
		{"a long line", flow, strings.Replace(flow, "x] # c", "x, z] # c", 1), insert("a", size/32+1, "z")},
		{"behind a long line", flow, strings.Replace(flow, "b: 1", "b: 2", 1), set("b", "2")},
		{"a long list", lines, lines + "- z\n", insert("", size/32, "z")},
		{"a deep mapping", deep.String() + bottom + "x: 1\n", deep.String() + bottom + "x: 2\n", set(strings.Repeat("k.", depth)+"x", "2")},
		{"below a deep mapping", deep.String() + bottom + "x: 1\n", deep.String() + bottom + "x: 1\nz: 2\n", set("z", "2")},
		{"long white space in a plain scalar", spaces, "a: z # c\n", set("a", "z")},
	}
}

func BenchmarkEdit(b *testing.B) {
	in, err := os.ReadFile("testdata/elasticsearch.yaml")
	if err != nil {
		b.Fatal(err)
	}
	s, err := Split(in)
	if err != nil {
		b.Fatal(err)
	}
	statefulSet := s.Documents()[2].Text()
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Parse(statefulSet); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parse, patch, splice, check", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			d, err := Parse(statefulSet)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := patchLikeOurs(d); err != nil {
				b.Fatal(err)
			}
			if _, err := d.Bytes(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parse, nothing changed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			d, err := Parse(statefulSet)
			if err != nil {
				b.Fatal(err)
			}
			if err := d.Edit(all()); err != nil {
				b.Fatal(err)
			}
			if _, err := d.Bytes(); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, size := range []int{1 << 18, 1 << 20} {
		for _, c := range largeDocuments(size) {
			b.Run(fmt.Sprintf("%s, %d KB", c.name, size>>10), func(b *testing.B) {
				for b.Loop() {
					d, err := Parse([]byte(c.in))
					if err != nil {
						b.Fatal(err)
					}
					if err := d.Edit(c.change); err != nil {
						b.Fatal(err)
					}
					if _, err := d.Bytes(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
