package catalog

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/regex"
)

// kind is what values a setting of Elasticsearch takes: "bool", "ports", "words:a|b" (those in small letters
// in any), "memory" (of which it may be a share), "share" (of a disk), "number", which may not be below 0 where it has
// bounds, and "int", "long", "time" and "bytes", which may have others: "time:1000:3600000" are milliseconds.
type kind struct {
	says  string // what it takes, in words
	takes func(text, bounds string) bool
}

var valueKinds = map[string]kind{
	"bool":   {"true and false only", func(text, _ string) bool { return text == "true" || text == "false" }},
	"words":  {"", isWord},
	"int":    {"a whole number", func(text, bounds string) bool { return isInt(text, 32, bounds) }},
	"long":   {"a whole number", func(text, bounds string) bool { return isInt(text, 64, bounds) }},
	"number": {"a number", isNumber},
	"ports":  {"a port or a range of ports", func(text, _ string) bool { return isPorts(text) }},
	"time":   {"a time with its unit, such as 30s", isTime},
	"bytes":  {"a size with its unit, such as 512mb", isBytes},
	"memory": {"a size with its unit, such as 512mb, or a share, such as 10%", isMemory},
	"share":  {"a size with its unit, such as 512mb, or a share, such as 10%", isShare},
}

// kindsOf gives what the list says of values in a version, or in any of those that may be meant.
func kindsOf(said []string, major int) []string {
	var all []string
	for _, word := range said {
		version, only, _ := strings.Cut(word, ":")
		n, err := strconv.Atoi(version)
		switch {
		case word == "secure" || err == nil && only == "":
		case err != nil:
			all = append(all, word)
		case major < firstClosed || n == major:
			all = append(all, only)
		}
	}
	return all
}

// Refuses tells what a setting takes, where that is not this value: Elasticsearch does not start with it.
func (r Registered) Refuses(text string) (takes string, refused bool) {
	for _, of := range r.kinds {
		name, bounds, _ := strings.Cut(of, ":")
		k := valueKinds[name]
		if k.takes(text, bounds) {
			return "", false
		}
		takes = k.says
		if name == "words" {
			takes = strings.ReplaceAll(bounds, "|", ", ")
		} else if least, most, bounded := strings.Cut(bounds, ":"); bounded {
			takes += between(least, most, map[string]string{"time": "ms", "bytes": "b"}[name])
		}
	}
	return takes, takes != ""
}

func between(least, most, unit string) string {
	switch {
	case most == "":
		return ", at least " + least + unit
	case least == "":
		return ", at most " + most + unit
	}
	return ", from " + least + unit + " to " + most + unit
}

func isWord(text, words string) bool {
	return slices.ContainsFunc(strings.Split(words, "|"), func(word string) bool {
		return text == word || word == strings.ToLower(text)
	})
}

// within tells whether a number is within bounds, an empty one of which is none.
func within(n *big.Int, bounds string) bool {
	least, most, _ := strings.Cut(bounds, ":")
	from, isFrom := new(big.Int).SetString(least, 10)
	to, isTo := new(big.Int).SetString(most, 10)
	return (!isFrom || n.Cmp(from) >= 0) && (!isTo || n.Cmp(to) <= 0)
}

// isInt reads a whole number as Java does, which takes a plus.
func isInt(text string, bits int, bounds string) bool {
	n, ok := whole(text, bits)
	return ok && within(n, bounds)
}

func whole(text string, bits int) (*big.Int, bool) {
	n, err := strconv.ParseInt(text, 10, bits)
	return big.NewInt(n), err == nil
}

func isNumber(text, bounds string) bool {
	text = strings.TrimSpace(text)
	return decimal().MatchString(text) && (bounds == "" || !strings.HasPrefix(text, "-"))
}

// decimal is a number as Java reads it.
var decimal = regex.Of(`^[+-]?(NaN|Infinity|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[fFdD]?)$`)

// isPorts looks at the first of some ports, and ranges of them: Elasticsearch takes the others where that is in use.
// https://github.com/elastic/elasticsearch/blob/v8.19.0/server/src/main/java/org/elasticsearch/common/transport/PortsRange.java
func isPorts(text string) bool {
	first, _, _ := strings.Cut(text, ",")
	from, to, isRange := strings.Cut(first, "-")
	n, err := strconv.ParseUint(strings.TrimPrefix(strings.TrimSpace(from), "+"), 10, 16)
	if err != nil || !isRange {
		return err == nil
	}
	most, err := strconv.ParseInt(strings.TrimSpace(to), 10, 32)
	return err == nil && most >= int64(n)
}

// unit is how often the smallest one is in another.
type unit struct {
	name  string
	times int64
}

var (
	timeUnits = []unit{{"nanos", 1}, {"micros", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9},
		{"d", 86400e9}}
	byteUnits = []unit{{"kb", 1 << 10}, {"k", 1 << 10}, {"mb", 1 << 20}, {"m", 1 << 20}, {"gb", 1 << 30},
		{"g", 1 << 30}, {"tb", 1 << 40}, {"t", 1 << 40}, {"pb", 1 << 50}, {"p", 1 << 50}, {"b", 1}}
)

// inUnits reads a number with a unit, in any letters and with space around it.
func inUnits(text string, units []unit) (number string, times int64) {
	text = strings.ToLower(strings.TrimSpace(text))
	for _, u := range units {
		if number, ok := strings.CutSuffix(text, u.name); ok {
			return strings.TrimSpace(number), u.times
		}
	}
	return text, 0
}

// isBare holds for the two numbers that need no unit: 0, and -1, which is no limit.
func isBare(text, bounds string) bool {
	return text == "0" && within(new(big.Int), bounds) || text == "-1" && within(big.NewInt(-1), bounds)
}

// isTime reads a time. M would be months.
// https://github.com/elastic/elasticsearch/blob/v8.19.0/libs/core/src/main/java/org/elasticsearch/core/TimeValue.java
func isTime(text, bounds string) bool {
	number, times := inUnits(text, timeUnits)
	if times == 0 {
		return isBare(number, bounds)
	}
	n, ok := whole(number, 64)
	if !ok || n.Cmp(big.NewInt(-1)) < 0 || strings.HasSuffix(strings.TrimSpace(text), "M") {
		return false
	}
	n.Mul(n, big.NewInt(times))
	return within(n.Div(n, big.NewInt(1e6)), bounds)
}

// isBytes reads a size, which may have a fraction.
// https://github.com/elastic/elasticsearch/blob/v8.19.0/server/src/main/java/org/elasticsearch/common/unit/ByteSizeValue.java
func isBytes(text, bounds string) bool {
	number, times := inUnits(text, byteUnits)
	if times == 0 {
		return isBare(number, bounds)
	}
	n, ok := whole(number, 64)
	if !ok {
		return times > 1 && decimal().MatchString(number) && !strings.HasPrefix(number, "-")
	}
	n.Mul(n, big.NewInt(times))
	return n.IsInt64() && n.Cmp(big.NewInt(-1)) >= 0 && within(n, bounds)
}

// isMemory reads a size, or a share of the heap.
func isMemory(text, _ string) bool {
	share, ok := strings.CutSuffix(text, "%")
	return isBytes(text, "") || ok && isUpTo(share, 100)
}

// isShare reads a size, or a share of a disk.
func isShare(text, _ string) bool { return isMemory(text, "") || isUpTo(text, 1) }

func isUpTo(text string, most float64) bool {
	n, err := strconv.ParseFloat(strings.TrimRight(strings.TrimSpace(text), "dDfF"), 64)
	return err == nil && (math.IsNaN(n) || n >= 0 && n <= most)
}
