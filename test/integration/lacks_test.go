//go:build integration

package integration

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// lacks says what of want is not in got, a line each. An API server adds fields, leaves out what is empty, orders lists by their keys
// and writes quantities its own way; all of that is as wanted.
func lacks(path string, want, got any) []string {
	switch want := want.(type) {
	case map[string]any:
		have, ok := got.(map[string]any)
		if !ok && len(want) > 0 {
			return []string{different(path, want, got)}
		}
		var lines []string
		for _, key := range slices.Sorted(maps.Keys(want)) {
			lines = append(lines, lacks(path+"."+key, want[key], have[key])...)
		}
		return lines
	case []any:
		have, _ := got.([]any)
		if len(have) != len(want) {
			return []string{different(path, want, got)}
		}
		var lines []string
		for i, item := range want {
			if !slices.ContainsFunc(have, func(h any) bool { return len(lacks("", item, h)) == 0 }) {
				lines = append(lines, lacks(fmt.Sprintf("%s[%d]", path, i), item, have[i])...)
			}
		}
		return lines
	}
	if got == nil && (want == nil || want == "" || want == false && strings.HasSuffix(path, ".publishNotReadyAddresses")) || reflect.DeepEqual(want, got) || sameQuantity(path, want, got) {
		return nil
	}
	return []string{different(path, want, got)}
}

// mentions lists the names and texts below value that hold word, with the path of each.
func mentions(path string, value any, word string) []string {
	var lines []string
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if strings.Contains(key, word) {
				lines = append(lines, fmt.Sprintf("%s[%s]", path, key))
			}
			lines = append(lines, mentions(path+"."+key, value[key], word)...)
		}
	case []any:
		for i, item := range value {
			lines = append(lines, mentions(fmt.Sprintf("%s[%d]", path, i), item, word)...)
		}
	case string:
		if strings.Contains(value, word) {
			lines = append(lines, path+": "+value)
		}
	}
	return lines
}

func sameQuantity(path string, want, got any) bool {
	if !strings.Contains(path, ".resources.") {
		return false
	}
	a, errA := resource.ParseQuantity(fmt.Sprint(want))
	b, errB := resource.ParseQuantity(fmt.Sprint(got))
	return errA == nil && errB == nil && a.Cmp(b) == 0
}

func different(path string, want, got any) string {
	a, errA := json.Marshal(want)
	b, errB := json.Marshal(got)
	if errA != nil || errB != nil {
		return fmt.Sprintf("%s: want %v, got %v", path, want, got)
	}
	return fmt.Sprintf("%s: want %s, got %s", path, a, b)
}
