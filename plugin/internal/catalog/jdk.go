package catalog

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"github.com/elk-mtls/elk-mtls/plugin/internal/regex"
)

// The options -XX that the JDK knows both in version 17 and in 25, as -XX:+PrintFlagsFinal lists them on x86: a name a
// line, what it takes (bool, size, number, text), and diagnostic or experimental for those that have to be unlocked.
//
//go:embed jdk-flags.txt
var jdkFlags string

var flagsOfJDK = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(jdkFlags) {
		name, says, _ := strings.Cut(strings.TrimSpace(line), " ")
		all[name] = says
	}
	return all
})

// JDKOption is what the JDK makes of one of its options.
type JDKOption int

// The answers.
const (
	TakenByJDK   JDKOption = iota
	UnknownToJDK           // to the versions that are known
	RefusedByJDK           // in any version
)

var (
	flagSize   = regex.Of(`^-?(0[xX][0-9a-fA-F]+|[0-9]+)[kKmMgGtT]?$`)
	flagNumber = regex.Of(`^-?[0-9]*\.?[0-9]+$`)
)

// knownToJDK are the beginnings of its options -X.
var knownToJDK = [...]string{"-Xbatch", "-Xbootclasspath/a:", "-Xcheck:", "-Xcomp", "-Xdebug", "-Xdiag", "-Xint",
	"-Xlog", "-Xmixed", "-Xmn", "-Xms", "-Xmx", "-Xnoclassgc", "-Xrs", "-Xrun", "-Xshare:", "-Xss",
	"-XshowSettings", "-Xverify"}

var unlocks = map[string]string{"diagnostic": "UnlockDiagnosticVMOptions",
	"experimental": "UnlockExperimentalVMOptions"}

// OptionOfJDK judges an option; before holds those in front of it, which may unlock it.
// https://docs.oracle.com/en/java/javase/25/docs/specs/man/java.html
func OptionOfJDK(option string, before []string) JDKOption {
	flag, isFlag := strings.CutPrefix(option, "-XX:")
	switch {
	case !isFlag && strings.HasPrefix(option, "-X"):
		if !slices.ContainsFunc(knownToJDK[:], func(known string) bool { return strings.HasPrefix(option, known) }) {
			return UnknownToJDK
		}
		return TakenByJDK
	case !isFlag:
		return TakenByJDK
	}
	name, value, given := strings.Cut(strings.TrimLeft(flag, "+-"), "=")
	says, known := flagsOfJDK()[name]
	kind, lock, _ := strings.Cut(says, " ")
	unlock := unlocks[lock]
	switch isSwitched := flag != strings.TrimLeft(flag, "+-"); {
	case !known:
		return UnknownToJDK
	case unlock != "" && name != unlock && !slices.Contains(before, "-XX:+"+unlock),
		isSwitched != (kind == "bool"), given == (kind == "bool"),
		kind == "size" && !flagSize().MatchString(value), kind == "number" && !flagNumber().MatchString(value):
		return RefusedByJDK
	}
	return TakenByJDK
}
