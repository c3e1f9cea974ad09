package shell

import (
	"slices"
	"strings"
)

// Downloads gives what a command calls by GNU Wget, in the words of curl: cacert, capath, cert, cert-type and key. The
// Wget of BusyBox knows none of these options, and does not start with one of them.
// https://www.gnu.org/software/wget/manual/html_node/HTTPS-_0028SSL_002fTLS_0029-Options.html
func (c Command) Downloads() []Request {
	at := c.runs("wget")
	if at < 0 {
		return nil
	}
	r := downloads(c.Words[at+1:]).By(c)
	if r.asks || c.Program() == "xargs" || !c.Sure && !slices.ContainsFunc(r.Addresses, Word.HasHost) {
		return nil
	}
	return []Request{r}
}

// wgetSays are the options of Wget that say how it connects, by the names that curl has for them.
var wgetSays = map[string]string{
	"ca-certificate": "cacert", "ca-directory": "capath", "certificate": "cert", "certificate-type": "cert-type",
	"private-key": "key",
}

// Options of Wget that take a value. A letter n has another behind it.
const wgetShort = "oaeiBtOTwQPUlARDIX"

var wgetLong = strings.Fields(`accept accept-regex append-output base bind-address body-data body-file ca-certificate
	ca-directory certificate certificate-type ciphers config connect-timeout crl-file cut-dirs default-page
	directory-prefix dns-timeout domains egd-file exclude-directories exclude-domains execute ftp-password ftp-user
	header hsts-file http-passwd http-password http-user ignore-tags include-directories input-file level limit-rate
	load-cookies local-encoding max-redirect method output-document output-file password pinnedpubkey post-data
	post-file prefer-family private-key private-key-type progress proxy-passwd proxy-password proxy-user quota
	read-timeout referer regex-type reject reject-regex rejected-log remote-encoding report-speed restrict-file-names
	save-cookies secure-protocol start-pos timeout tries user user-agent wait waitretry warc-file`)

// downloads reads the arguments of Wget.
func downloads(words []Word) Request {
	r := Request{Options: map[string]Word{}, IgnoresFiles: true, ByWget: true}
	for i := 0; i < len(words); i++ {
		w := words[i]
		next := func() Word {
			if i++; i < len(words) {
				return words[i]
			}
			return Word{}
		}
		switch long, isLong := strings.CutPrefix(w.Text, "--"); {
		case isLong && long == "":
			r.Addresses = append(r.Addresses, words[i+1:]...)
			return r
		case isLong:
			r.downloadBy(w, long, next)
		case strings.HasPrefix(w.Text, "-") && len(w.Text) > 1:
			r.letters(w, next)
		default:
			r.Addresses = append(r.Addresses, w)
		}
	}
	return r
}

// downloadBy notes an option with a long name.
func (r *Request) downloadBy(w Word, long string, next func() Word) {
	name, text, joined := strings.Cut(long, "=")
	given := w
	given.Text = text
	if !joined && slices.Contains(wgetLong, name) {
		given = next()
	}
	switch says := wgetSays[name]; {
	case says != "":
		r.Options[says] = given
	case name == "no-check-certificate":
		r.Insecure = true
	case name == "help" || name == "version":
		r.asks = true
	case name == "input-file" || name == "execute" || name == "config": // which may name addresses and options
		r.Diverted = true
	default:
		r.Sent = append(r.Sent, given)
	}
}

// letters goes through options by letters, of which one that takes a value is the last: -qO-.
func (r *Request) letters(w Word, next func() Word) {
	for at := 1; at < len(w.Text); at++ {
		switch letter := w.Text[at]; {
		case letter == 'n':
			at++
		case letter == 'h' || letter == 'V':
			r.asks = true
		case strings.IndexByte(wgetShort, letter) >= 0:
			given := w
			if given.Text = w.Text[at+1:]; given.Text == "" {
				given = next()
			}
			r.Diverted = r.Diverted || letter == 'i' || letter == 'e'
			r.Sent = append(r.Sent, given)
			return
		}
	}
}
