package catalog

import (
	"slices"
	"strings"
)

// Case is a container that runs a program, as its documentation has it, and what is so of it. {url} stands for the
// address of Elasticsearch, {host} for its name, {ca}, {cert} and {key} for mounted files, {alias} for a name of it
// that its certificate does not cover, {far} for one of it with the port 9443 alone, {tls} with 443 alone, {locked}
// and {lockedcert} for a pair with an encrypted key, {store} for a store of the pair and {trust} for one of its CA,
// both with the password "open", {print} for the fingerprint of its CA.
type Case struct {
	Name  string
	Image string   // "": the first of Images, or x/program, with the tag 8.19.0
	Args  []string // of the container
	Env   []string // NAME=value
	File  string   // where Text is mounted; "" for none
	Text  string
	Mode  string // of the file; "": 0644
	Want  Want
	// Touched says that the post-renderer sets something in it all the same.
	Touched bool
	// Open says that something of the program is in no manifest, such as the policy of a Fleet Server: proven is
	// PROVEN IF then.
	Open bool
}

// Want says what is so of a case under client authentication required.
type Want int

// What may be so.
const (
	// Holds: every connection is let in. verify proves it; the post-renderer leaves every byte as it is.
	Holds Want = iota
	// NeedsPair: it names addresses alone, or addresses and a login. The post-renderer secures it; verify proves its
	// output, and not the input.
	NeedsPair
	// Breaks: one thing in it shuts a connection out. verify does not prove it; the post-renderer refuses or mends it.
	Breaks
	// Assumes: verify proves it under an assumption, such as that nobody is between where nothing verifies
	// Elasticsearch.
	Assumes
)

// casesAt makes cases of a block of settings, which stands at a place of a file: around holds it, with %s in its
// stead. Each of breaks replaces the line of the block with the same setting, or is added to it; one that begins with
// ~ leads to an assumption.
func casesAt(name, file, around, block string, breaks ...string) []Case {
	text := func(block string) string { return strings.ReplaceAll(around, "%s", indent(block, around)) }
	all := []Case{{Name: name, File: file, Text: text(block)}}
	for _, line := range breaks {
		want := Breaks
		if rest, ok := strings.CutPrefix(line, "~"); ok {
			line, want = rest, Assumes
		}
		all = append(all, Case{Name: name + " with " + line, File: file, Text: text(replaced(block, line)), Want: want})
	}
	return all
}

// lacking makes a case of a block that names addresses and a login, and no certificate.
func lacking(name, file, around, block string) []Case {
	all := casesAt(name, file, around, block)
	all[0].Want = NeedsPair
	return all
}

// byVariable makes of the first of some cases one in which a variable says what stands for placeholder, in its own
// spelling.
func byVariable(all []Case, placeholder, reference string, want Want) []Case {
	c := all[0]
	c.Name, c.Want = c.Name+", by "+reference, want
	c.Text = strings.Replace(c.Text, placeholder, reference, 1)
	c.Env = append(slices.Clone(c.Env), "EMPTY=")
	if strings.Contains(reference, "SAID") {
		c.Env = append(c.Env, "SAID="+placeholder)
	}
	return []Case{c}
}

// twice makes a case in which a key of the block stands twice.
func twice(file, around, block string) []Case {
	last := block[strings.LastIndexByte(block, '\n')+1:]
	all := casesAt(around+", a key twice", file, around, block+"\n"+last)
	all[0].Want = Breaks
	return all
}

// replaced puts a line where one with the same setting stands, else behind all others.
func replaced(block, line string) string {
	lines := strings.Split(block, "\n")
	name := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(": =", r) })[0]
	for i, old := range lines {
		if strings.HasPrefix(old, name) {
			lines[i] = line
			return strings.Join(lines, "\n")
		}
	}
	return strings.Join(append(lines, line), "\n")
}

// indent puts the lines of a block below the first, which stands where %s does.
func indent(block, around string) string {
	before, _, _ := strings.Cut(around, "%s")
	column := len(before) - strings.LastIndexByte(before, '\n') - 1
	return strings.ReplaceAll(block, "\n", "\n"+strings.Repeat(" ", column))
}

// locked puts a pair with an encrypted key, which "open" opens, in place of that of a block.
func locked(block string) string {
	return strings.NewReplacer("{cert}", "{lockedcert}", "{key}", "{locked}").Replace(block)
}

// relative names the mounted files from a folder, from which up leads to the root.
func relative(block, up string) string {
	return strings.NewReplacer("{ca}", up+"{ca}", "{cert}", up+"{cert}", "{key}", up+"{key}").Replace(block)
}
