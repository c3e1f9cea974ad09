package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
)

// set makes one setting, and holds that making it again changes nothing.
func set(t *testing.T, l Language, text, section, name string, nth int, key string, values ...string) string {
	t.Helper()
	value := patch.Strs(values...)
	if len(values) == 1 {
		value = patch.Str(values[0])
	}
	at := Plugin{Section: section, Name: name, Nth: nth}
	fresh, _, err := l.Set(text, Wish{at.String(), key, value})
	if err != nil {
		t.Fatalf("%s: %v", at, err)
	}
	again, outcomes, err := l.Set(fresh, Wish{at.String(), key, value})
	if err != nil || again != fresh || outcomes[0].Changed || outcomes[0].Before == nil {
		t.Errorf("%s: the second run gives %q, %v, %v", at, again, outcomes, err)
	}
	return fresh
}

// names lists the plugins of a text, and one setting of each.
func names(t *testing.T, l Language, text, key string) []string {
	t.Helper()
	plugins, err := l.Plugins(text)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, p := range plugins {
		v, _ := p.Get(key)
		all = append(all, strings.TrimSpace(p.String()+" "+strings.Join(v.Values, " ")))
	}
	return all
}

const logstashText = `# output { elasticsearch { hosts => "comment" } }
input { elasticsearch { hosts => "a:9200" query => '{ "query": { "match_all": {} } }' } }
filter {
  if [type] == "x{" and [m] =~ /^\/a{2}$/ or "d" in [tags] { # }
    mutate { add_field => { "note" => "output { elasticsearch { } }" "k" => "v" } }
  } else if [n] > 3 {
    elasticsearch { hosts => ["b"] fields => { "@timestamp" => "started" } }
  } else { drop {} }
}
output {
  stdout { codec => rubydebug }
  file { path => "/tmp/elasticsearch { }.log" codec => line { format => "%{a}" } }
  elasticsearch {
    hosts => ["http://c:9200", # the first
              'http://d:9200']
    ssl => false # not yet
  }
  "elasticsearch" { "hosts" => "${ES:http://e:9200}" workers => 2 }
  elasticsearch {}
}
`

func TestLogstashFindsPluginsAndNoDecoys(t *testing.T) {
	got := names(t, Logstash(), logstashText, "hosts")
	want := []string{
		"input.elasticsearch[0] a:9200", "filter.mutate[0]", "filter.elasticsearch[0] b", "filter.drop[0]", "output.stdout[0]", "output.file[0]",
		"output.elasticsearch[0] http://c:9200 http://d:9200", "output.elasticsearch[1] ${ES:http://e:9200}", "output.elasticsearch[2]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLogstashChangesNothingElse(t *testing.T) {
	l := Logstash()
	text := set(t, l, logstashText, "output", "elasticsearch", 0, "cacert", "/ca.crt")
	text = set(t, l, text, "output", "elasticsearch", 0, "hosts", "https://c:9200", "https://d:9200")
	text = set(t, l, text, "output", "elasticsearch", 1, "keystore", "/k.p12")
	text = set(t, l, text, "output", "elasticsearch", 2, "keystore", "/k.p12")
	text = set(t, l, text, "input", "elasticsearch", 0, "hosts", "https://a:9200")
	text, _, err := l.Set(text, Wish{"output.elasticsearch[0]", "ssl", patch.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer(
		`hosts => "a:9200"`, `hosts => "https://a:9200"`,
		`["http://c:9200", # the first
              'http://d:9200']`, `["https://c:9200", "https://d:9200"]`,
		"ssl => false # not yet\n", "ssl => true # not yet\n    cacert => \"/ca.crt\"\n",
		"workers => 2 }", `workers => 2 keystore => "/k.p12" }`,
		"elasticsearch {}", `elasticsearch { keystore => "/k.p12"}`,
	).Replace(logstashText)
	if diff := cmp.Diff(want, text); diff != "" {
		t.Error(diff)
	}
}

func TestLogstashSaysWhereItStops(t *testing.T) {
	for text, want := range map[string]string{
		"output { elasticsearch { hosts => } }":    "line 1 of the pipeline: expected a value",
		"output {\n elasticsearch { hosts \"a\" }": "line 2 of the pipeline: expected =>",
		"output { if [a] == \"b { }":               `line 1 of the pipeline: expected the end of what begins with "`,
		"output { stdout {} ":                      "line 1 of the pipeline: expected the name of a plugin, or }",
		"apiVersion: v1":                           "line 1 of the pipeline: expected input, filter or output",
		"output { stdout { a => [1, } }":           "line 1 of the pipeline: expected a value",
	} {
		if _, err := Logstash().Plugins(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestFluentBit(t *testing.T) {
	const text = `[SERVICE]
    Flush 1
@INCLUDE other.conf

[OUTPUT]
    name            ES
    # Host decoy
    Host            a
    TLS             Off

[OUTPUT]
    Name stdout
[OUTPUT]
Name es
Host b`
	l := FluentBit()
	if diff := cmp.Diff([]string{"SERVICE[0]", "OUTPUT.es[0] a", "OUTPUT.stdout[0]", "OUTPUT.es[1] b"}, names(t, l, text, "host")); diff != "" {
		t.Error(diff)
	}
	got := set(t, l, set(t, l, set(t, l, text, "OUTPUT", "es", 0, "tls", "on"), "OUTPUT", "es", 0, "tls.ca_file", "/ca"), "OUTPUT", "es", 1, "tls", "on")
	want := strings.NewReplacer("TLS             Off\n", "TLS             on\n    tls.ca_file     /ca\n", "Host b", "Host b\ntls on").Replace(text)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFluentd(t *testing.T) {
	const text = `# <match decoy> @type elasticsearch
<label @OUT>
  <match audit.**>
    @type copy
    <store>
      @type "elasticsearch"
      hosts "https://u:p@a:9200" # comment
      template {"a": "</store>",
        "b": [1]}
      <buffer>
        @type file
      </buffer>
    </store>
  </match>
  <match **>
    @type elasticsearch_data_stream
    host b # comment
    ssl_verify
  </match>
</label>
`
	l := Fluentd()
	want := []string{"label[0]", "match.copy[0]", "store.elasticsearch[0] https://u:p@a:9200", "buffer.file[0]", "match.elasticsearch_data_stream[0]"}
	if diff := cmp.Diff(want, names(t, l, text, "hosts")); diff != "" {
		t.Error(diff)
	}
	got := set(t, l, set(t, l, text, "store", "elasticsearch", 0, "ca_file", "/ca"), "match", "elasticsearch_data_stream", 0, "host", "c")
	changed := strings.NewReplacer("\"b\": [1]}\n", "\"b\": [1]}\n      ca_file /ca\n", "host b #", "host c #").Replace(text)
	if diff := cmp.Diff(changed, got); diff != "" {
		t.Error(diff)
	}
	for bad, want := range map[string]string{
		"</match>":                               "line 1 of the configuration: </match> ends what nothing began",
		"<match>\n @type elasticsearch":          "line 1 of the configuration: <match> has no end",
		"<match>\n host \"a\n</match>":           "line 2 of the configuration: a string has no end",
		"<match>\n template {\"a\": 1\n</match>": "line 2 of the configuration: a list or hash has no end",
	} {
		if _, err := l.Plugins(bad); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", bad, err, want)
		}
	}
}

// FuzzSet holds for any text that a language reads: a setting that was set is read back, a second run changes nothing,
// every other setting of every plugin is as before, and so is every byte outside of the one that was set.
func FuzzSet(f *testing.F) {
	f.Add(logstashText, uint8(0), "x")
	f.Add("[OUTPUT]\n Name es\n", uint8(1), "a b")
	f.Add("<match a>\n @type x\n</match>", uint8(2), "#")
	f.Fuzz(func(t *testing.T, text string, which uint8, value string) {
		l := []Language{Logstash(), FluentBit(), Fluentd()}[which%3]
		if strings.ContainsAny(value, "\n\r\"'\\#") || strings.TrimSpace(value) != value || value == "" || strings.ContainsAny(value[:1], "[{<") {
			return
		}
		before, err := l.Plugins(text)
		if err != nil {
			return
		}
		for _, p := range before {
			fresh, _, err := l.Set(text, Wish{p.String(), "tls.ca_file", patch.Str(value)})
			if err != nil {
				t.Fatal(err)
			}
			again, _, err := l.Set(fresh, Wish{p.String(), "tls.ca_file", patch.Str(value)})
			if err != nil || again != fresh {
				t.Fatalf("%q becomes %q, then %q, %v", text, fresh, again, err)
			}
			after, err := l.Plugins(fresh)
			if err != nil || len(after) != len(before) {
				t.Fatalf("%q becomes %q: %d plugins in place of %d, %v", text, fresh, len(after), len(before), err)
			}
			old, _ := p.Get("tls.ca_file")
			if kept := common(text, fresh); kept < len(text)-(old.End-old.Offset) {
				t.Fatalf("%q becomes %q: other bytes are changed", text, fresh)
			}
			for i := range after {
				mine := after[i].String() == p.String()
				if got, _ := after[i].Get("tls.ca_file"); mine && !slices.Equal(got.Values, []string{value}) {
					t.Fatalf("%q becomes %q: %s has %q, not %q", text, fresh, p, got.Values, value)
				}
				if diff := cmp.Diff(others(before[i], mine), others(after[i], mine)); diff != "" {
					t.Fatalf("%q becomes %q: other settings of %s are changed: %s", text, fresh, after[i], diff)
				}
			}
		}
	})
}

// common gives how many bytes two texts have in common, at the beginning and at the end.
func common(a, b string) int {
	head := 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	return head + tail
}

// others gives what a plugin has, but for what was set in it.
func others(p Plugin, mine bool) []string {
	all := []string{p.String()}
	for _, s := range p.Settings() {
		if !mine || !p.same(s.Name, "tls.ca_file") {
			all = append(all, fmt.Sprintf("%s %q", s.Name, s.Values))
		}
	}
	return all
}

// TestComments holds that a # begins a comment outside of settings only.
func TestComments(t *testing.T) {
	text := "# one\noutput { x { a => \"#b\" } # two\n c { } }\n"
	plugins, err := Logstash().Plugins(text)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range Comments(text, plugins) {
		got = append(got, text[c.Offset:c.End])
	}
	if diff := cmp.Diff([]string{"# one", "# two"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestSetTogether holds that wishes fulfilled together are what they are one after the other, also where two are for
// one setting, or where a setting comes behind another that is new.
func TestSetTogether(t *testing.T) {
	wish := func(plugin, name, value string) Wish { return Wish{plugin, name, patch.Str(value)} }
	for name, c := range map[string]struct {
		language Language
		text     string
		wishes   []Wish
	}{
		"logstash": {Logstash(), logstashText, []Wish{
			wish("output.elasticsearch[1]", "a", "1"), wish("output.elasticsearch[0]", "b", "2"), wish("output.elasticsearch[0]", "hosts", "x"),
			wish("output.elasticsearch[0]", "c", "3"), wish("input.elasticsearch[0]", "query", "q"), wish("output.elasticsearch[0]", "b", "4"),
			wish("output.elasticsearch[0]", "b", "4"),
		}},
		"logstash, nothing in it": {Logstash(), "output { elasticsearch { } }", []Wish{
			wish("output.elasticsearch[0]", "a", "1"), wish("output.elasticsearch[0]", "b", "2"),
		}},
		"fluent bit": {FluentBit(), "[OUTPUT]\n  Name es\n  Host   h # there\n[OUTPUT]\n  Name es\n", []Wish{
			wish("OUTPUT.es[1]", "tls", "on"), wish("OUTPUT.es[0]", "tls", "on"), wish("OUTPUT.es[0]", "host", "i"), wish("OUTPUT.es[1]", "tls.ca_file", "c"),
		}},
		"fluentd": {Fluentd(), "<match a>\n  @type copy\n  <store>\n    @type elasticsearch\n  </store>\n  x y\n</match>\n", []Wish{
			wish("store.elasticsearch[0]", "ca_file", "c"), wish("store.elasticsearch[0]", "client_key", "k"), wish("match.copy[0]", "z", "1"),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			single, each := c.text, []Outcome(nil)
			for _, w := range c.wishes {
				fresh, outcomes, err := c.language.Set(single, w)
				if err != nil {
					t.Fatal(err)
				}
				single, each = fresh, append(each, outcomes...)
			}
			together, outcomes, err := c.language.Set(c.text, c.wishes...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(single, together); diff != "" {
				t.Errorf("-one by one +together:\n%s", diff)
			}
			if diff := cmp.Diff(each, outcomes); diff != "" {
				t.Errorf("outcomes: -one by one +together:\n%s", diff)
			}
		})
	}
}
