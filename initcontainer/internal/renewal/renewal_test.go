package renewal

import (
	"strings"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/test/pki"
)

func TestParse(t *testing.T) {
	keys, err := Parse("b/tls.crt, a/ca.crt,a/ca.crt")
	if err != nil || len(keys) != 2 || keys[0] != (Key{Secret, "a", "ca.crt"}) || keys[1] != (Key{Secret, "b", "tls.crt"}) {
		t.Errorf("%v, %v", keys, err)
	}
	keys, err = Parse("ConfigMap/a/ca.crt,ConfigMap/b,a/ca.crt")
	if err != nil || len(keys) != 3 || keys[0] != (Key{ConfigMap, "a", "ca.crt"}) || keys[1] != (Key{Secret, "ConfigMap", "b"}) || keys[2] != (Key{Secret, "a", "ca.crt"}) {
		t.Errorf("%v, %v", keys, err)
	}
	for _, bad := range []string{"", "a", "a/", "/b", "a/b/c", "Secret/a/b", "ConfigMap/a/b/c", "ConfigMap/../b", "../b", "a/..", "a/b,", "a/b c"} {
		if keys, err := Parse(bad); err == nil {
			t.Errorf("%q passes: %v", bad, keys)
		}
	}
}

func TestDigest(t *testing.T) {
	base := Content{{Secret, "a", "x"}: []byte("1"), {Secret, "a", "y"}: []byte("2")}
	if base.Digest() != (Content{{Secret, "a", "y"}: []byte("2"), {Secret, "a", "x"}: []byte("1")}).Digest() {
		t.Error("the order counts")
	}
	for name, other := range map[string]Content{
		"another value":  {{Secret, "a", "x"}: []byte("1"), {Secret, "a", "y"}: []byte("3")},
		"another Secret": {{Secret, "b", "x"}: []byte("1"), {Secret, "a", "y"}: []byte("2")},
		"values swapped": {{Secret, "a", "x"}: []byte("2"), {Secret, "a", "y"}: []byte("1")},
		"a ConfigMap":    {{ConfigMap, "a", "x"}: []byte("1"), {Secret, "a", "y"}: []byte("2")},
		"a key fewer":    {{Secret, "a", "x"}: []byte("1")},
	} {
		if other.Digest() == base.Digest() {
			t.Errorf("%s is the same", name)
		}
	}
}

func TestFault(t *testing.T) {
	ca := pki.NewCA("ca")
	now := time.Now()
	leaf := ca.Leaf(pki.Options{CN: "x", ClientAuth: true})
	other := ca.Leaf(pki.Options{CN: "x", ClientAuth: true})
	past := ca.Leaf(pki.Options{CN: "x", ClientAuth: true, NotBefore: now.Add(-48 * time.Hour), NotAfter: now.Add(-24 * time.Hour)})
	pair := func(cert, key []byte) Content {
		return Content{{Secret, "s", "ca.crt"}: ca.Cert, {Secret, "s", "tls.crt"}: cert, {Secret, "s", "tls.key"}: key}
	}
	for _, test := range []struct {
		name    string
		content Content
		says    string
	}{
		{"a pair", pair(leaf.Cert, leaf.Key), ""},
		{"a CA alone", Content{{Secret, "s", "ca.crt"}: ca.Cert}, ""},
		{"a key alone", Content{{Secret, "s", "tls.key"}: leaf.Key}, ""},
		{"no PEM", Content{{Secret, "s", "client.p12"}: {0x30, 1}}, ""},
		{"a key of another certificate", pair(leaf.Cert, other.Key), "half done"},
		{"the past", pair(past.Cert, past.Key), "valid until"},
		{"an encrypted key", pair(leaf.Cert, []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")), ""},
	} {
		err := test.content.Fault(now)
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", test.name, err, test.says)
		}
	}
	if err := pair(leaf.Cert, leaf.Key).Fault(now.Add(-1000 * time.Hour * 24)); err == nil || !strings.Contains(err.Error(), "valid from") {
		t.Errorf("long before: %v", err)
	}
}
