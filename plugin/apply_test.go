package main

import "testing"

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
