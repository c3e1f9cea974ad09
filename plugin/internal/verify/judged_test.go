package verify

import "testing"

// TestSpeaks holds the table of how an address is called.
func TestSpeaks(t *testing.T) {
	for _, c := range []struct {
		name           string
		address        address
		says, isHidden bool
		want           spoken
	}{
		{"https", address{scheme: "https", text: "https://es"}, false, false, overTLS},
		{"https against another setting", address{scheme: "https", text: "https://es"}, false, true, overTLS},
		{"http", address{scheme: "http", text: "http://es"}, true, false, plain},
		{"nothing of it is known", address{hidden: true, text: "?"}, true, false, unknownScheme},
		{"a name that is not known, and a port", address{hidden: true, text: "${A}:9200"}, false, false, schemeless},
		{"a name that is not known, a port, and https", address{hidden: true, text: "${A}:9200"}, true, false, overTLS},
		{"a setting says https", address{text: "es:9200"}, true, false, overTLS},
		{"a setting that is not known", address{text: "es:9200"}, false, true, unknownSwitch},
		{"no setting", address{text: "es:9200"}, false, false, schemeless},
	} {
		if got := c.address.speaks(c.says, c.isHidden); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

// TestPresents holds the table of what a client presents, for everything that its settings may name.
func TestPresents(t *testing.T) {
	for i := range 1 << 7 {
		has := func(bit int) bool { return i>>bit&1 == 1 }
		n := named{store: has(0), made: has(1) && has(0), cert: has(2), key: has(3), hidden: has(4), options: has(5), required: has(6)}
		rows := []struct {
			applies bool
			want    presented
		}{
			{n.store && !n.made && (n.cert || n.key), contradiction},
			{n.store && !n.made && !n.cert && !n.key, inStore},
			{n.made && n.cert && n.key, pair},
			{n.made && !(n.cert && n.key), halfMade},
			{!n.store && !n.cert && !n.key && !n.required, none},
			{!n.store && !n.cert && !n.key && n.required && n.options, inOptions},
			{!n.store && !n.cert && !n.key && n.required && !n.options, half},
			{!n.store && n.cert != n.key, half},
			{!n.store && n.cert && n.key && n.hidden, hiddenPair},
			{!n.store && n.cert && n.key && !n.hidden, pair},
		}
		applied := 0
		for _, row := range rows {
			if !row.applies {
				continue
			}
			applied++
			if got := n.presents(); got != row.want {
				t.Errorf("%+v: got %d, want %d", n, got, row.want)
			}
		}
		if applied != 1 {
			t.Errorf("%+v: %d rows of the table apply", n, applied)
		}
	}
}
