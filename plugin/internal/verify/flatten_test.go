package verify

import (
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
)

func TestATemplateIsATextThatNothingShows(t *testing.T) {
	stream, err := manifest.Split([]byte("store:\n  user: a\n  password: {{ env \"PASSWORD\" | quote }}\n  tls: {enabled: true}\n"))
	if err != nil {
		t.Fatal(err)
	}
	set := caller{}.flatten(stream.Documents()[0], place{}, "")
	if v := set["store.password"]; !v.hidden || v.at.line != 3 {
		t.Errorf("%+v", v)
	}
	if set["store.user"].text() != "a" || set["store.tls.enabled"].text() != "true" || len(set) != 3 {
		t.Errorf("%+v", set)
	}
}
