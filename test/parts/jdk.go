package parts

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// A jdk is a Java development kit: its home, and its feature version, 17 for instance.
type jdk struct {
	home    string
	feature int
}

func (j jdk) bin(name string) string { return filepath.Join(j.home, "bin", name) }

// Java gives the program java that runs the Elasticsearch that is tested with.
func Java() (string, error) {
	kit, err := javaFor(elasticsearchVersion())
	return kit.bin("java"), err
}

// findJDK returns the first kit of that version or newer: JAVA_HOME, then the javac on PATH, then where systems and
// version managers put them.
func findJDK(atLeast int) (jdk, error) {
	var older []string
	for _, home := range jdkHomes() {
		kit, err := readJDK(home)
		if err != nil {
			continue
		}
		if kit.feature >= atLeast {
			return kit, nil
		}
		older = append(older, fmt.Sprintf("%d in %s", kit.feature, home))
	}
	why := "no JDK found"
	if len(older) > 0 {
		why = fmt.Sprintf("the JDKs found are older: %s", older)
	}
	return jdk{}, errors.New(why)
}

func jdkHomes() []string {
	var homes []string
	if home := os.Getenv("JAVA_HOME"); home != "" {
		homes = append(homes, home)
	}
	if javac, err := exec.LookPath("javac"); err == nil {
		if target, err := filepath.EvalSymlinks(javac); err == nil {
			homes = append(homes, filepath.Dir(filepath.Dir(target)))
		}
	}
	user, _ := os.UserHomeDir()
	for _, pattern := range []string{
		"/usr/lib/jvm/*", "/usr/java/*", "/opt/java/*", "/Library/Java/JavaVirtualMachines/*/Contents/Home",
		filepath.Join(user, ".sdkman/candidates/java/*"), filepath.Join(user, ".jdks/*"),
	} {
		found, _ := filepath.Glob(pattern)
		homes = append(homes, found...)
	}
	return homes
}

var javaVersion = regexp.MustCompile(`(?m)^JAVA_VERSION="(\d+)`)

func readJDK(home string) (jdk, error) {
	if _, err := os.Stat(filepath.Join(home, "bin", "javac")); err != nil {
		return jdk{}, err
	}
	release, err := os.ReadFile(filepath.Join(home, "release"))
	if err != nil {
		return jdk{}, err
	}
	found := javaVersion.FindSubmatch(release)
	if found == nil {
		return jdk{}, fmt.Errorf("%s/release names no JAVA_VERSION", home)
	}
	feature, err := strconv.Atoi(string(found[1]))
	return jdk{home: home, feature: feature}, err
}
