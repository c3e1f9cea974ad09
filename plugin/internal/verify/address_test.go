package verify

import "testing"

func TestShownAddress(t *testing.T) {
	for text, want := range map[string]string{
		"https://search:9200":                                 "https://search:9200",
		"search:9200":                                         "search:9200",
		"http://bob:pw@search:9200/index?x":                   "http://search:9200",
		"http://search:9200 pw":                               "http://search:9200",
		"{password: pw, url: 'http://search:9200', more: pw}": "http://search:9200",
		"--password=pw\nhttps://[2001:db8::1]:9200":           "https://[2001:db8::1]:9200",
		"https://{a,b}:9200":                                  "https://{a,b}:9200",
	} {
		if got := parseAddress(text, value{}).text; got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}
