package verify

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// judgeJava looks at options for the JDK that move the settings.
func judgeJava(stage, tls *Aspect, c caller) {
	for _, name := range []string{"CLI_JAVA_OPTS", "ES_JAVA_OPTS", "JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS"} {
		if v := c.env[name]; strings.Contains(v.text(), "-Des.") || v.hidden && name == "CLI_JAVA_OPTS" {
			stage.assume("%s: the options of %s change no setting of Elasticsearch", c, name)
		}
	}
	judgeHeap(tls, c.env["ES_JAVA_OPTS"])
}

// judgeHeap looks at the sizes of the heap, with which the JDK may not start.
func judgeHeap(a *Aspect, v value) {
	if v.hidden {
		return
	}
	sizes := map[string]int64{}
	for _, word := range strings.Fields(v.text()) {
		for _, name := range []string{"-Xms", "-Xmx"} {
			size, ok := strings.CutPrefix(word, name)
			if !ok {
				continue
			}
			if sizes[name] = bytesOf(size); sizes[name] < 0 {
				a.fail(v.at, NotStarted, "ES_JAVA_OPTS has %s, which is no size: the JDK does not start", word)
			}
		}
	}
	if most := sizes["-Xmx"]; most > 0 && sizes["-Xms"] > most {
		a.fail(v.at, NotStarted, "ES_JAVA_OPTS has an initial heap that is larger than its maximum: the JDK "+
			"does not start")
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
