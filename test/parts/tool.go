package parts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

const mainModule = "module github.com/elk-mtls/elk-mtls\n"

// A tool is a module under test/tools out of which programs are built. Its go.mod says which version.
type tool struct {
	folder   string
	programs []program
	tags     string                                            // of the build; "" for none
	ldflags  func(version func(module string) string) []string // besides -s -w; nil for none
}

type program struct {
	name string
	pkg  string
}

// part makes the tool something that can be built once and kept.
func (t tool) part(name, what string, minutes float64, own string) part {
	return part{
		name: name, what: what, minutes: minutes, own: own, program: t.programs[0].name,
		needs:  func() error { return t.needs(name) },
		inputs: t.inputs,
		build:  t.build,
	}
}

func (t tool) needs(name string) error {
	if _, err := exec.LookPath("go"); err != nil {
		return &Missing{Part: name, Why: "no go on PATH", Remedy: "install Go"}
	}
	return nil
}

func (t tool) inputs() ([]string, error) {
	dir, err := t.dir()
	if err != nil {
		return nil, err
	}
	flags, err := t.flags()
	if err != nil {
		return nil, err
	}
	texts, err := contents(os.DirFS(dir), func(name string) bool {
		return name == "go.mod" || name == "go.sum" || strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
	})
	texts = append(texts, runtime.Version(), runtime.GOOS, runtime.GOARCH, flags, fmt.Sprint(t.programs))
	if t.tags != "" {
		texts = append(texts, t.tags)
	}
	return texts, err
}

func (t tool) build(ctx context.Context, out string) error {
	dir, err := t.dir()
	if err != nil {
		return err
	}
	flags, err := t.flags()
	if err != nil {
		return err
	}
	for _, p := range t.programs {
		err := step("building "+t.folder+": "+p.name, func() error {
			args := []string{"build", "-trimpath", "-tags", t.tags, "-ldflags", flags, "-o", filepath.Join(out, p.name), p.pkg}
			return run(ctx, dir, []string{"CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=readonly"}, "go", args...)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (t tool) dir() (string, error) {
	root, err := repository()
	return filepath.Join(root, "test", "tools", t.folder), err
}

func (t tool) flags() (string, error) {
	flags := []string{"-s", "-w"}
	if t.ldflags == nil {
		return strings.Join(flags, " "), nil
	}
	dir, err := t.dir()
	if err != nil {
		return "", err
	}
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return "", err
	}
	more := t.ldflags(func(module string) string { return required(string(mod), module) })
	return strings.Join(append(flags, more...), " "), nil
}

// required returns the version of module that a go.mod requires, "v1.34.4", or "" if it does not.
func required(gomod, module string) string {
	line := regexp.MustCompile(`(?m)^(?:require)?\s+` + regexp.QuoteMeta(module) + `\s+(v\S+)`)
	if found := line.FindStringSubmatch(gomod); found != nil {
		return found[1]
	}
	return ""
}

// minor returns "34" for v1.34.4 as for v0.34.4.
func minor(version string) string {
	if fields := strings.Split(version, "."); len(fields) == 3 {
		return fields[1]
	}
	return ""
}

// repository finds the root of this module above the working folder, where go test and go run are.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(mod, []byte(mainModule)) {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("the working folder is not inside the elk-mtls repository, which holds test/tools")
		}
		dir = parent
	}
}

// run runs a command to its end; its output is shown, the end of it, only when it fails.
func run(ctx context.Context, dir string, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, tail(string(out), 20))
	}
	return nil
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
