package plugin

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// TestPicture holds docs/verify.svg to what a terminal of 80 columns shows: the stock release, what changes, and the patched release.
func TestPicture(t *testing.T) {
	stock := read(t, "../examples/release/rendered.yaml")
	settings := config.Settings{Mode: config.ModeCertToken, ClientAuthentication: config.Required}.WithDefaults()
	settings.InitContainer.Image = testImage
	patched, outcome, err := transform(stock, settings)
	if err != nil {
		t.Fatal(err)
	}
	proven := func(text []byte) string {
		stream, err := manifest.Split(text)
		if err != nil {
			t.Fatal(err)
		}
		proof := proofOf(settings)
		proof.Now = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
		g, err := verify.Manifests(stream, nil, proof)
		if err != nil {
			t.Fatal(err)
		}
		return paintVerify(g.Text(), minWidth)
	}
	golden(t, "../docs/verify.svg", []byte(picture([]shown{
		{"helm template elk ./chart | elk-mtls verify", excerpt(t, proven(stock), "NOT PROVEN", "Findings", "https://github.com/elk-mtls/elk-mtls/blob/main/docs/findings/EMT002.md")},
		{"helm template elk ./chart | elk-mtls diff", excerpt(t, paintDiff(outcome.Diff(), minWidth), "StatefulSet/elasticsearch-master (line", "CURL_HOME", "configfile.html")},
		{"helm template elk ./chart | elk-mtls | elk-mtls verify", excerpt(t, proven(patched), "PROVEN IF", "Assumptions", `holds the key "tls.key"`)},
	})))
}

// shown is a command and what the terminal shows then.
type shown struct{ command, output string }

// excerpt gives the lines of an output from the one with the first word on, to the one with the last, which comes behind those between.
func excerpt(t *testing.T, text string, words ...string) string {
	t.Helper()
	var b strings.Builder
	began, next := false, 0
	for line := range strings.Lines(text) {
		began = began || strings.Contains(line, words[0])
		if !began {
			continue
		}
		b.WriteString(line)
		for next < len(words) && strings.Contains(line, words[next]) {
			next++
		}
		if next == len(words) {
			return b.String() + "…\n"
		}
	}
	t.Fatalf("no %q in\n%s", words[next], text)
	return ""
}

// The look of a terminal, and the size of a letter in it.
const (
	letterWidth, lineHeight, margin = 7.8, 18, 16
	pictureHead                     = `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="%[2]d" viewBox="0 0 %[1]d %[2]d" role="img">` + "\n" +
		"<title>elk-mtls verify says NOT PROVEN of a stock release; elk-mtls diff shows a change; elk-mtls verify says PROVEN IF of the patched release</title>\n" +
		"<!-- made by TestPicture: make golden -->\n" +
		`<rect width="100%%" height="100%%" rx="8" fill="#161b22"/>` + "\n" +
		`<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13" fill="#d7dde4" xml:space="preserve">` + "\n"
)

// styles are the attributes of a text in each colour that the program writes.
var styles = map[string]string{
	red: ` fill="#ff7b72"`, green: ` fill="#56d364"`, "\x1b[33m": ` fill="#e3b341"`, bold: ` font-weight="bold"`, faint: ` fill="#8b949e"`, plain: "",
}

var escapeCode = regexp.MustCompile("\x1b\\[[0-9]+m")

// picture draws a terminal.
func picture(all []shown) string {
	var lines []string
	for i, s := range all {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, faint+"$ "+plain+bold+s.command+plain)
		lines = append(lines, strings.Split(strings.TrimSuffix(s.output, "\n"), "\n")...)
	}
	var b strings.Builder
	row := 0
	for _, line := range lines {
		style, column := "", 0
		draw := func(text string) {
			for letters := []rune(text); len(letters) > 0; {
				if column == minWidth { // A terminal breaks what is wider than itself.
					row, column = row+1, 0
				}
				part := letters[:min(len(letters), minWidth-column)]
				words := strings.TrimLeft(string(part), " ")
				if words != "" {
					fmt.Fprintf(&b, "<text x=\"%.1f\" y=\"%d\"%s>%s</text>\n",
						margin+letterWidth*float64(column+len(string(part))-len(words)), margin+(row+1)*lineHeight-5, style, html.EscapeString(words))
				}
				letters, column = letters[len(part):], column+len(part)
			}
		}
		from := 0
		for _, at := range escapeCode.FindAllStringIndex(line, -1) {
			draw(line[from:at[0]])
			style, from = styles[line[at[0]:at[1]]], at[1]
		}
		draw(line[from:])
		row++
	}
	return fmt.Sprintf(pictureHead, int(minWidth*letterWidth)+2*margin, row*lineHeight+2*margin) + b.String() + "</g>\n</svg>\n"
}

// Colours and columns of a terminal are kept, and its text is no markup.
func TestPictureOfColours(t *testing.T) {
	got := picture([]shown{{"a <b>", "  " + red + "no" + plain + "  if\n" + strings.Repeat("w", minWidth) + "x\ny\n"}})
	for _, want := range []string{
		`font-weight="bold">a &lt;b&gt;</text>`, `<text x="31.6" y="47" fill="#ff7b72">no</text>`, `<text x="62.8" y="47">if</text>`,
		`w</text>`, `<text x="16.0" y="83">x</text>`, `<text x="16.0" y="101">y</text>`, `height="122"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}
