package measure

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// Replace puts text between two lines of a document: <!-- NAME: begin --> and <!-- NAME: end -->.
func Replace(document, name, text string) error {
	begin, end := "<!-- "+name+": begin -->\n", "<!-- "+name+": end -->\n"
	old, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	above, rest, opened := strings.Cut(string(old), begin)
	_, below, closed := strings.Cut(rest, end)
	if !opened || !closed {
		return fmt.Errorf("%s: there are no lines %q and %q between which the tables could go", document, begin, end)
	}
	return os.WriteFile(document, []byte(above+begin+text+end+below), 0o644)
}

// Machine is when and where it was measured, as part of a sentence.
func Machine() string {
	return fmt.Sprintf("on %s: %s, %d cores, %s, %s", time.Now().UTC().Format("2 January 2006"), processor(), runtime.NumCPU(), kernel(), runtime.Version())
}

// Milliseconds is how the tables show a time.
func Milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

// Size is how they show a number of bytes.
func Size(bytes int) string {
	if bytes < 1_000_000 {
		return fmt.Sprintf("%d KB", bytes/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}

func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range bytes.Lines(text) {
		if name, value, ok := strings.Cut(string(line), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func kernel() string {
	out, err := exec.Command("uname", "-sr").Output()
	if err != nil {
		return runtime.GOOS
	}
	name, version, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	version, _, _ = strings.Cut(version, "-")
	return name + " " + version
}
