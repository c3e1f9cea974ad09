package mention

import (
	"slices"
	"strings"
	"testing"
)

func TestTargets(t *testing.T) {
	for name, c := range map[string]struct {
		added []string // settings, with commas between their hosts
		want  []string
	}{
		"two servers":                           {[]string{"a", "b"}, []string{"a", "b"}},
		"one setting":                           {[]string{"a,b"}, []string{"a,b"}},
		"forms of one name":                     {[]string{"es", "es.logs.svc", "ES-0.es"}, []string{"es,es.logs.svc,ES-0.es"}},
		"forms of one address":                  {[]string{"10.0.0.1", "[::ffff:10.0.0.1]"}, []string{"10.0.0.1,[::ffff:10.0.0.1]"}},
		"two hosts of a domain":                 {[]string{"a.logs.example", "b.logs.example"}, []string{"a.logs.example", "b.logs.example"}},
		"a setting with both":                   {[]string{"a", "b", "c", "b,a", "a"}, []string{"a,b", "c"}},
		"a name that others were a form of":     {[]string{"x", "es-0.es.a.example", "es-1.es.b.example", "es"}, []string{"x", "es-0.es.a.example,es-1.es.b.example,es"}},
		"the own machine and what a run knows":  {[]string{"localhost", "127.0.0.1", "${HOST}", "#{host}", ""}, nil},
		"one that is known by way of two more":  {[]string{"a", "b", "c", "a,b", "b,c", "c"}, []string{"a,b,c"}},
		"joined servers stand where one was":    {[]string{"a", "b", "a,b", "d"}, []string{"a,b", "d"}},
		"unlike names that only a domain joins": {[]string{"a.example.com", "b.example.com", "c.example.com"}, []string{"a.example.com", "b.example.com", "c.example.com"}},
	} {
		t.Run(name, func(t *testing.T) {
			var targets Targets
			for i, hosts := range c.added {
				targets.Add(strings.Split(hosts, ","), string(rune('p'+i)))
			}
			var got []string
			for _, one := range targets.List() {
				got = append(got, strings.Join(one.Hosts, ","))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestTargetsMeant(t *testing.T) {
	var targets Targets
	targets.Add([]string{"a", "b.logs.svc"}, "one")
	targets.Add([]string{"c"}, "two")
	ours := targets.Meant([]string{"https://b:9200"})
	for host, want := range map[string]bool{"a": true, "b": true, "a.logs": true, "c": false} {
		if got := ours.Called(host) != ""; got != want {
			t.Errorf("%s: meant is %t, want %t", host, got, want)
		}
	}
	if !targets.Meant([]string{"https://d:9200"}).Empty() {
		t.Error("a server that nobody calls is meant")
	}
	if by := targets.List()[0].By; !slices.Equal(by, []string{"one"}) {
		t.Errorf("called by %q", by)
	}
}
