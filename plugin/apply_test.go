package plugin

import "testing"

func TestDifferingWords(t *testing.T) {
	a, b := differingWords(`curl -u elastic:s3cret http://a:1 x`, `curl -u elastic:s3cret https://a:1 x`)
	if a != "http://a:1" || b != "https://a:1" {
		t.Errorf("got %q and %q", a, b)
	}
}

func TestWithoutCredentials(t *testing.T) {
	for text, want := range map[string]string{
		"--es.uri=https://elastic:s3cret@es:9200": "--es.uri=https://…@es:9200",
		"https://es:9200 mail@example.org":        "https://es:9200 mail@example.org",
		`["https://u:p@a","https://u:p@b"]`:       `["https://…@a","https://…@b"]`,
		"plain":                                   "plain",
	} {
		if got := withoutCredentials(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
