package shell

import (
	"slices"
	"strings"
)

// Config reads a file of options of curl: .curlrc, or one behind -K. Until 8.6 curl takes the beginning of a long name
// for all of it.
// https://curl.se/docs/manpage.html#-K, https://github.com/curl/curl/pull/12631
func Config(text string) Request {
	var words []Word
	odd := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value := line, ""
		if end := strings.IndexAny(line, separators(line)); end >= 0 {
			name, value = line[:end], strings.TrimLeft(line[end:], separators(line))
		}
		if !strings.HasPrefix(name, "-") {
			name = "--" + name
		}
		words = append(words, Word{Text: name, Known: true})
		long, isLong := strings.CutPrefix(name, "--")
		switch valued := slices.Contains(longWithValue, long); {
		case value == "":
		case isLong && !valued:
			odd = true // an abbreviation, or an option that is not known here
		default:
			words = append(words, Word{Text: unquoted(value), Known: true})
		}
	}
	all := requests(words)
	all[0].Diverted = all[0].Diverted || odd || len(all) > 1
	return all[0]
}

// separators gives the bytes between the name and the value of an option.
func separators(line string) string {
	if line[0] == '-' {
		return " \t"
	}
	return " \t=:"
}

// unquoted gives a value of a file of options: in quotes a backslash stands before what it would not be alone, without
// them it ends at white space.
func unquoted(value string) string {
	if value[0] != '"' {
		return strings.Fields(value)[0]
	}
	var b strings.Builder
	for i := 1; i < len(value) && value[i] != '"'; i++ {
		if value[i] == '\\' && i+1 < len(value) {
			i++
			if at := strings.IndexByte("tnrv", value[i]); at >= 0 {
				b.WriteByte("\t\n\r\v"[at])
				continue
			}
		}
		b.WriteByte(value[i])
	}
	return b.String()
}

// withoutPassword takes the password off that may stand behind the name of a certificate: file:password. \: is a colon
// of the name.
func withoutPassword(w Word) (name, password Word) {
	const scheme = "file:"
	begin := 0
	if strings.HasPrefix(w.Text, scheme) {
		begin = len(scheme)
	}
	password = w
	password.Text = ""
	var b strings.Builder
	i := begin
	for ; i < len(w.Text) && w.Text[i] != ':'; i++ {
		if w.Text[i] == '\\' && i+1 < len(w.Text) && strings.IndexByte(`:\`, w.Text[i+1]) >= 0 {
			i++
		}
		b.WriteByte(w.Text[i])
	}
	if !strings.HasPrefix(w.Text, "pkcs11:") {
		password.Text = strings.TrimPrefix(w.Text[i:], ":")
		w.Text = w.Text[:begin] + b.String()
	}
	return w, password
}

// Join gives the request with what a file of options says besides; false where the two say an option in different ways.
func (r Request) Join(file Request) (Request, bool) {
	same := true
	options := map[string]Word{}
	for _, name := range kept {
		own, said := r.Options[name]
		other, also := file.Options[name]
		same = same && !(said && also && own.Text != other.Text)
		switch {
		case said:
			options[name] = own
		case also:
			options[name] = other
		}
	}
	r.Options, r.Others = options, append(slices.Clone(r.Others), file.Others...)
	r.Addresses = append(slices.Clone(r.Addresses), file.Addresses...)
	r.Insecure, r.Diverted = r.Insecure || file.Insecure, r.Diverted || file.Diverted || len(file.Files) > 0
	return r, same
}
