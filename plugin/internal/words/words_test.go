package words

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestIn(t *testing.T) {
	for name, c := range map[string]struct {
		words []string
		text  string
		want  bool
	}{
		"a word at an even place":         {[]string{"kibana"}, "a kibana", true},
		"a word at an odd place":          {[]string{"kibana"}, "a: kibana", true},
		"a word that is the text":         {[]string{"kibana"}, "kibana", true},
		"a word at the end":               {[]string{"abcde"}, "xabcde", true},
		"a word that ends too early":      {[]string{"kibana"}, "a kiban", false},
		"a text shorter than a window":    {[]string{"kibana"}, "kib", false},
		"a short word":                    {[]string{"es"}, "http://es:9200", true},
		"one of several, long and short":  {[]string{"apm", "kibana", "search"}, "the search", true},
		"none of several":                 {[]string{"apm", "kibana", "search"}, "the sear ch, a kiba", false},
		"a window without the rest of it": {[]string{"elasticsearch"}, "elastic elas", false},
		"an empty set":                    {nil, "kibana", false},
		"the empty word":                  {[]string{""}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Of(c.words).In([]byte(c.text)); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}

// What looking for one word after the other finds, a set finds.
func TestInIsContains(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	text := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "abc"[r.IntN(3)]
		}
		return string(b)
	}
	both := [2]int{}
	for range 20_000 {
		words := make([]string, r.IntN(4))
		for i := range words {
			words[i] = text(1 + r.IntN(16))
		}
		in, want := text(r.IntN(60)), false
		if len(words) > 0 && r.IntN(2) == 0 {
			in += words[0] + text(r.IntN(9))
		}
		for _, w := range words {
			want = want || strings.Contains(in, w)
		}
		if got := Of(words).In([]byte(in)); got != want {
			t.Fatalf("%q in %q: got %t", words, in, got)
		}
		if want {
			both[0]++
		} else {
			both[1]++
		}
	}
	if min(both[0], both[1]) < 1000 {
		t.Errorf("%v cases of each: too few to say anything", both)
	}
}

func BenchmarkIn(b *testing.B) {
	text := bytes.Repeat([]byte("        - name: settings\n          mountPath: /etc/settings\n          readOnly: true\n"), 1<<14)
	for name, words := range map[string][]string{
		"one word":  {"lasticsearch"},
		"ten words": {"lasticsearch", "ibana", "LASTICSEARCH", "filebeat", "metricbeat", "logstash", "fluent-bit", "curator", "--es.uri", "agent.yml"},
	} {
		b.Run(name, func(b *testing.B) {
			set := Of(words)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if set.In(text) {
					b.Fatal("found")
				}
			}
		})
	}
}

// TestFolded holds that a word is found in any case, wherever it begins.
func TestFolded(t *testing.T) {
	for _, word := range []string{"es", "search", "search-Master"} {
		for before := range 5 {
			for _, form := range []string{strings.ToUpper(word), strings.ToLower(word), word} {
				if text := strings.Repeat("x", before) + form; !Folded([]string{word}).In([]byte(text)) {
					t.Errorf("%q is not found in %q", word, text)
				}
			}
		}
		if Folded([]string{word}).In([]byte("nothing of that")) {
			t.Errorf("%q is found", word)
		}
	}
}

// TestAlike holds that the names of many releases, which begin and end alike, do not all stand under one window.
func TestAlike(t *testing.T) {
	var names []string
	for i := range 320 {
		names = append(names, fmt.Sprintf("elk-%d-elasticsearch", i))
	}
	for _, set := range []*Set{Of(names), Folded(names)} {
		for _, name := range names {
			if !set.In([]byte("at " + name + ":9200")) {
				t.Errorf("%s is not found", name)
			}
		}
		if set.In([]byte("at elk-x-elasticsearch:9200, elk-320-elasticsearch")) {
			t.Error("a name is found that is none")
		}
		for window, words := range set.windows {
			if len(words) > 10 {
				t.Fatalf("%d words have the window %x", len(words), window)
			}
		}
	}
}

func TestShortest(t *testing.T) {
	for want, words := range map[int][]string{2: {"es", "search-master"}, 6: {"search", "search-master"}, 0: {""}} {
		if got := Of(words).Shortest(); got != want {
			t.Errorf("%q: %d, want %d", words, got, want)
		}
	}
}

// TestNumberIsWhole holds that a number, such as a port, is no part of another one.
func TestNumberIsWhole(t *testing.T) {
	set := Folded([]string{"9200"})
	for text, want := range map[string]bool{
		"9200": true, "port: 9200": true, ":9200/": true, "%3A9200": true, "19200": false, "92001": false, "592001 9200": true, "": false,
	} {
		if got := set.In([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if !Of([]string{"9200"}).In([]byte("19200")) {
		t.Error("a set of words as they are written looks at numbers")
	}
}
