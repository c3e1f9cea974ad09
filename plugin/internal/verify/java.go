package verify

import (
	"errors"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/regex"
)

// judgeJava looks at options for the JDK that move the settings.
func judgeJava(stage, tls *Aspect, c caller, home string) {
	for _, name := range []string{"CLI_JAVA_OPTS", "ES_JAVA_OPTS", "JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS"} {
		if v := c.env[name]; strings.Contains(v.text(), "-Des.") || v.hidden && name == "CLI_JAVA_OPTS" {
			stage.assume("%s: the options of %s change no setting of Elasticsearch", c, name)
		}
	}
	own := append(javaFiles(tls, c, home), javaWords(c.env["ES_JAVA_OPTS"])...)
	own.judgeHeap(tls)
	own.judgeKnown(tls, c)
	javaWords(c.env["CLI_JAVA_OPTS"]).judgeKnown(tls, c)
}

// javaOptions are the options of one JDK, in their order.
type javaOptions []javaOption

type javaOption struct {
	text string
	at   place
}

func javaWords(v value) javaOptions {
	var all javaOptions
	if v.hidden {
		return nil
	}
	for _, word := range strings.Fields(v.text()) {
		all = append(all, javaOption{word, v.at})
	}
	return all
}

// javaLine is a line of a file of options, which may name the versions of the JDK that it is for.
// https://www.elastic.co/docs/reference/elasticsearch/jvm-settings#set-jvm-options
var javaLine = regex.Of(`^(?:([0-9]+)(-)?([0-9]+)?:)?(-.*)$`)

// javaFiles gives the options in the files of a server that each of its JDKs reads.
func javaFiles(a *Aspect, c caller, home string) javaOptions {
	files := []string{path.Join(home, "jvm.options")}
	for _, file := range c.mountedIn(path.Join(home, "jvm.options.d")) {
		if strings.HasSuffix(file, ".options") {
			files = append(files, file)
		}
	}
	var all javaOptions
	for _, file := range files {
		l := c.follow(file, c.at(file, nil))
		for line := range strings.Lines(string(l.Content.Text)) {
			line = strings.TrimRight(line, "\r\n")
			switch found := javaLine().FindStringSubmatch(line); {
			case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
			case found == nil:
				a.fail(l.at, NotStarted, "%s has the line %q, which is no option: Elasticsearch does not start",
					l.What(), line)
			case isForAll(found[1], found[2]+found[3]):
				all = append(all, javaOption{found[4], l.at})
			}
		}
	}
	return all
}

// isForAll tells whether a line is for all versions of the JDK that are known: 8-: or nothing stands in front of it.
func isForAll(from, to string) bool {
	n, err := strconv.Atoi(from)
	return from == "" || to == "-" && err == nil && n <= 17
}

// judgeKnown looks for options with which the JDK does not start.
func (all javaOptions) judgeKnown(a *Aspect, c caller) {
	var before []string
	for _, o := range all {
		before = append(before, o.text)
	}
	if slices.Contains(before, "-XX:+IgnoreUnrecognizedVMOptions") {
		return
	}
	for i, o := range all {
		switch catalog.OptionOfJDK(o.text, before[:i]) {
		case catalog.RefusedByJDK:
			a.fail(o.at, NotStarted, "with the option %s the JDK does not start", o.text)
		case catalog.UnknownToJDK:
			a.assume("%s: its JDK knows the option %s, which those of version 17 and 25 do not both: it does "+
				"not start without", c, o.text)
		case catalog.TakenByJDK:
		}
	}
}

// judgeHeap looks at the sizes of the heap, with which the JDK may not start.
func (all javaOptions) judgeHeap(a *Aspect) {
	sizes, at := map[string]int64{}, place{}
	for _, o := range all {
		for _, name := range []string{"-Xms", "-Xmx"} {
			size, ok := strings.CutPrefix(o.text, name)
			if !ok {
				continue
			}
			at = o.at
			if sizes[name] = bytesOf(size); sizes[name] < 0 {
				a.fail(at, NotStarted, "%s has %s, which is no size: the JDK does not start", at.path, o.text)
			}
		}
	}
	if most := sizes["-Xmx"]; most > 0 && sizes["-Xms"] > most {
		a.fail(at, NotStarted, "%s has an initial heap that is larger than its maximum: the JDK does not start",
			at.path)
	}
}

// bytesOf gives a size as the JDK writes it, 512m; 0 for one of more digits than anybody needs, or in other digits,
// below 0 for what is none.
func bytesOf(size string) int64 {
	digits, unit := size, 0
	if last := len(size) - 1; last >= 0 {
		if unit = strings.IndexByte("kmgt", size[last]|0x20) + 1; unit > 0 {
			digits = size[:last]
		}
	}
	switch count, err := strconv.ParseInt(digits, 10, 64); {
	case err == nil && count > math.MaxInt64>>(10*unit):
		return 0
	case err == nil && !strings.HasPrefix(digits, "+"):
		return count << (10 * unit)
	case errors.Is(err, strconv.ErrRange) || strings.HasPrefix(digits, "0x"):
		return 0
	}
	return -1
}
