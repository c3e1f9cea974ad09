package truth

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fault is a mistake that is planted in verify.
type fault struct{ name, file, old, new string }

// readFaults reads testdata/faults.txt: "# name", the file, what stands there behind "< ", and what takes its place behind "> ".
func readFaults() ([]fault, error) {
	text, err := os.ReadFile("testdata/faults.txt")
	if err != nil {
		return nil, err
	}
	var all []fault
	for _, block := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		var f fault
		for line := range strings.Lines(block) {
			line = strings.TrimSuffix(line, "\n")
			switch mark, rest, _ := strings.Cut(line, " "); mark {
			case "#":
				f.name = rest
			case "<":
				f.old = rest
			case ">":
				f.new = rest
			default:
				f.file = filepath.Join("..", "..", line)
			}
		}
		all = append(all, f)
	}
	return all, nil
}

// planted gives the text of the file with the fault in it.
func (f fault) planted() (string, error) {
	text, err := os.ReadFile(f.file)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), f.old+"\n"); n != 1 {
		return "", fmt.Errorf("%s: %s holds this line %d times: %s", f.name, f.file, n, f.old)
	}
	return strings.Replace(string(text), f.old+"\n", f.new+"\n", 1), nil
}

// TestFaultsFitTheCode holds that what each of them replaces is there once: code moves.
func TestFaultsFitTheCode(t *testing.T) {
	faults, err := readFaults()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		if _, err := f.planted(); err != nil {
			t.Error(err)
		}
	}
	if len(faults) == 0 {
		t.Error("there are none")
	}
}
