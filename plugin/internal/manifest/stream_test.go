package manifest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var streamCases = []struct {
	name string
	in   string
	want []string // texts of the documents; a byte order mark is none of them
}{
	{"an empty stream has no documents", "", nil},
	{"one document without a marker", "a: 1\n", []string{"a: 1\n"}},
	{"each marker starts a document", "---\na: 1\n---\nb: 2\n", []string{"---\na: 1\n", "---\nb: 2\n"}},
	{"the first document may lack its marker", "a: 1\n---\nb: 2\n", []string{"a: 1\n", "---\nb: 2\n"}},
	{"comments above the first marker are a document of their own", "# c\n\n---\na: 1\n", []string{"# c\n\n", "---\na: 1\n"}},
	{"markers may follow each other", "---\n---\n\n---\n# nothing\n", []string{"---\n", "---\n\n", "---\n# nothing\n"}},
	{"a comment may follow the marker", "--- # c\na: 1\n--- # d\n", []string{"--- # c\na: 1\n", "--- # d\n"}},
	{"blanks may follow the marker", "---   \na: 1\n---\t\n", []string{"---   \na: 1\n", "---\t\n"}},
	{"content may follow the marker", "--- {a: 1}\n--- |\n x\n--- !!map\na: 1\n", []string{"--- {a: 1}\n", "--- |\n x\n", "--- !!map\na: 1\n"}},
	{"a marker may end the file", "a: 1\n---", []string{"a: 1\n", "---"}},
	{"four dashes and a key of three are no markers", "a: 1\n----\n---a: 2\n", []string{"a: 1\n----\n---a: 2\n"}},
	{"an indented marker is content", "a: |\n  ---\n  x\nb: \"x\n  ---\n  y\"\n---\nc: 1\n", []string{"a: |\n  ---\n  x\nb: \"x\n  ---\n  y\"\n", "---\nc: 1\n"}},
	{"line ends may be CR LF", "---\r\na: 1\r\n---\r\nb: 2\r\n", []string{"---\r\na: 1\r\n", "---\r\nb: 2\r\n"}},
	{"a byte order mark belongs to the stream", "\ufeff---\na: 1\n---\nb: 2\n", []string{"---\na: 1\n", "---\nb: 2\n"}},
	{"an end marker belongs to the document above", "---\na: 1\n...\n---\nb: 2\n", []string{"---\na: 1\n...\n", "---\nb: 2\n"}},
	{"directives belong to the document below", "%YAML 1.1\n%TAG !e! tag:x,2000:\n---\na: 1\n...\n%YAML 1.1\n---\nb: 2\n",
		[]string{"%YAML 1.1\n%TAG !e! tag:x,2000:\n---\na: 1\n...\n", "%YAML 1.1\n---\nb: 2\n"}},
	{"comments may stand among directives", "# c\n%YAML 1.1\n# d\n---\na: 1\n... # e\n# f\n\n%YAML 1.1\n---\nb: 2\n",
		[]string{"# c\n", "%YAML 1.1\n# d\n---\na: 1\n... # e\n# f\n\n", "%YAML 1.1\n---\nb: 2\n"}},
	{"a percent sign in the first column of content is content", "a: \"x\n%y\"\n---\nb: 1\n", []string{"a: \"x\n%y\"\n", "---\nb: 1\n"}},
	{"a document that does not parse is a span like any other", "---\na: [\n---\nb: 2\n", []string{"---\na: [\n", "---\nb: 2\n"}},
	{"the last line may lack its end", "---\na: 1\n---\nb: 2", []string{"---\na: 1\n", "---\nb: 2"}},
}

func TestSplitCutsAtMarkersAndJoinsToTheSameBytes(t *testing.T) {
	for _, c := range streamCases {
		t.Run(c.name, func(t *testing.T) {
			s := mustSplit(t, c.in)
			var got []string
			line := 1
			for _, d := range s.Documents() {
				got = append(got, string(d.Text()))
				if d.Line() != line {
					t.Errorf("document starts on line %d, Line gives %d", line, d.Line())
				}
				line += strings.Count(string(d.Text()), "\n")
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("documents (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.in, streamText(t, s)); diff != "" {
				t.Errorf("Join(Split(x)) (-x +got):\n%s", diff)
			}
		})
	}
}

// Whatever document is removed, or gets another in front of it, the others stay what they are.
func TestDocumentsKeepTheirMeaningWhenOthersComeAndGo(t *testing.T) {
	for _, c := range streamCases {
		if strings.Contains(strings.Join(meanings(t, c.want), ""), "yaml: line") {
			continue // a document that does not parse hides those behind it from a parser of streams
		}
		for i := range mustSplit(t, c.in).Documents() {
			s := mustSplit(t, c.in)
			s.Remove(s.Documents()[i])
			want := append(append([]string(nil), meanings(t, c.want[:i])...), meanings(t, c.want[i+1:])...)
			if diff := cmp.Diff(want, meanings(t, []string{streamText(t, s)})); diff != "" {
				t.Errorf("%s: document %d removed (-want +got):\n%s", c.name, i, diff)
			}
			s = mustSplit(t, c.in)
			s.InsertBefore(s.Documents()[i], "new: doc\n")
			want = append(append(append([]string(nil), meanings(t, c.want[:i])...), "new: doc\n"), meanings(t, c.want[i:])...)
			if diff := cmp.Diff(want, meanings(t, []string{streamText(t, s)})); diff != "" {
				t.Errorf("%s: put before document %d (-want +got):\n%s", c.name, i, diff)
			}
		}
	}
}

func TestInsertedAndRemovedDocuments(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		change         func(s *Stream, docs []*Document)
	}{
		{
			"a new document gets a marker", "---\na: 1\n---\nb: 2\n", "---\na: 1\n---\nnew: 1\n---\nb: 2\n",
			func(s *Stream, docs []*Document) { s.InsertBefore(docs[1], "new: 1\n") },
		}, {
			"before a first document without a marker, the marker goes behind the new one", "a: 1\n", "---\nnew: 1\n---\na: 1\n",
			func(s *Stream, docs []*Document) { s.InsertBefore(docs[0], "new: 1\n") },
		}, {
			"a byte order mark stays first", "\ufeffa: 1\n", "\ufeff---\nnew: 1\n---\na: 1\n",
			func(s *Stream, docs []*Document) { s.InsertBefore(docs[0], "new: 1\n") },
		}, {
			"directives get an end marker above them", "%YAML 1.1\n---\na: 1\n", "---\nnew: 1\n...\n%YAML 1.1\n---\na: 1\n",
			func(s *Stream, docs []*Document) { s.InsertBefore(docs[0], "new: 1\n") },
		}, {
			"directives keep an end marker when the document above them goes", "---\na: 1\n---\nb: 2\n...\n%YAML 1.1\n---\nc: 3\n", "---\na: 1\n...\n%YAML 1.1\n---\nc: 3\n",
			func(s *Stream, docs []*Document) { s.Remove(docs[1]) },
		}, {
			"line ends follow the stream", "---\r\na: 1\r\n", "---\r\nnew: 1\r\n---\r\na: 1\r\n",
			func(s *Stream, docs []*Document) { s.InsertBefore(docs[0], "new: 1\n") },
		}, {
			"of several new documents the first stays first", "---\na: 1\n", "---\nx: 1\n---\ny: 1\n---\na: 1\n",
			func(s *Stream, docs []*Document) {
				s.InsertBefore(docs[0], "x: 1\n")
				s.InsertBefore(docs[0], "y: 1\n")
			},
		}, {
			"a document can take the place of a removed one", "---\na: 1\n---\nb: 2\n", "---\nnew: 1\n---\nb: 2\n",
			func(s *Stream, docs []*Document) { s.Remove(docs[0]); s.InsertBefore(docs[0], "new: 1\n") },
		}, {
			"an inserted document can be edited", "---\na: 1\n", "---\nnew: 2\n---\na: 1\n",
			func(s *Stream, docs []*Document) { _ = s.InsertBefore(docs[0], "new: 1\n").Edit(set("new", "2")) },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustSplit(t, c.in)
			c.change(s, s.Documents())
			if diff := cmp.Diff(c.want, streamText(t, s)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSplitRefusesUTF16(t *testing.T) {
	for _, in := range []string{"\xff\xfea\x00", "\xfe\xff\x00a"} {
		_, err := Split([]byte(in))
		if want := "the input is UTF-16, and must be UTF-8"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestStreamErrorsNameEveryDocument(t *testing.T) {
	s := mustSplit(t, "---\nkind: Deployment\nmetadata:\n  name: x\nspec: {a}\n---\nb: !t 1\n")
	for i, d := range s.Documents() {
		if err := d.Edit(set([]string{"spec.a", "b"}[i], "2")); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Bytes()
	want := "Deployment/x (line 1): cannot edit spec.a without rewriting it: it has no colon\n" +
		"document (line 6): cannot edit b without rewriting it: it has a tag"
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
}

func mustSplit(t testing.TB, in string) *Stream {
	t.Helper()
	s, err := Split([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func streamText(t *testing.T, s *Stream) string {
	t.Helper()
	out, err := s.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
