package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// suite is the tests of one package, compiled once, with all mutants in them.
type suite struct {
	folder, binary string
	tests          map[int][]string // those that come to a mutant, by its number
}

// perMutant is more than the tests take on a machine with other work; a mutant that never ends is found too.
const perMutant = 3 * time.Minute

// suites compiles the tests of the packages, and of the whole program, which is the last one, and finds out which test comes to which mutant.
func suites(ctx context.Context, packages []string, mutants []mutant, dir string) ([]*suite, error) {
	shown, err := overlay(mutants, dir)
	if err != nil {
		return nil, err
	}
	var all []*suite
	for _, name := range append(slices.Clone(packages), "") {
		s := &suite{folder: filepath.Join("plugin", "internal", name), binary: filepath.Join(dir, "tests-of-"+name), tests: map[int][]string{}}
		if name == "" {
			s.folder = "plugin"
		}
		said, err := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", shown, "-ldflags", "-X "+activePackage+".folder="+dir,
			"-o", s.binary, "./"+s.folder).CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("go test -c ./%s: %w\n%s", s.folder, err, said)
		}
		if err := s.look(ctx, dir); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// look runs each test by itself and notes which mutants it comes to. The quickest tests come first.
func (s *suite) look(ctx context.Context, dir string) error {
	listed, err := s.run(ctx, "-test.list", ".")
	if err != nil {
		return fmt.Errorf("%w\n%s", err, listed)
	}
	type taken struct {
		test string
		time time.Duration
		asks []int
	}
	var all []taken
	asked := filepath.Join(dir, "asked")
	if err := os.WriteFile(filepath.Join(dir, "active"), nil, 0o600); err != nil {
		return err
	}
	for _, test := range strings.Fields(string(listed)) {
		if err := errors.Join(os.RemoveAll(asked), os.Mkdir(asked, 0o700)); err != nil {
			return err
		}
		start := time.Now()
		if said, err := s.run(ctx, "-test.run", "^"+test+"$"); err != nil {
			return fmt.Errorf("%s fails without any mutant: %w\n%s", test, err, said)
		}
		t := taken{test: test, time: time.Since(start)}
		files, err := os.ReadDir(asked)
		if err != nil {
			return err
		}
		for _, f := range files {
			n, err := strconv.Atoi(f.Name())
			if err != nil {
				return err
			}
			t.asks = append(t.asks, n)
		}
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b taken) int { return int(a.time - b.time) })
	for _, t := range all {
		for _, n := range t.asks {
			s.tests[n] = append(s.tests[n], t.test)
		}
	}
	return nil
}

// kills tells whether a test fails with a mutant. The quicker half of those that come to it is tried first.
func (s *suite) kills(ctx context.Context, m mutant, dir string) (bool, error) {
	tests := s.tests[m.number]
	if err := os.WriteFile(filepath.Join(dir, "active"), []byte(strconv.Itoa(m.number)), 0o600); err != nil {
		return false, err
	}
	quick := len(tests) / 2
	for _, some := range [][]string{tests[:quick], tests[quick:]} {
		if len(some) == 0 {
			continue
		}
		if _, err := s.run(ctx, "-test.failfast", "-test.timeout", perMutant.String(), "-test.run", "^("+strings.Join(some, "|")+")$"); err != nil {
			return true, ctx.Err()
		}
	}
	return false, nil
}

// run runs tests in a session of their own: what a mutant does to its terminal or its group must not stop or end us.
func (s *suite) run(ctx context.Context, args ...string) ([]byte, error) {
	ctx, stop := context.WithTimeout(ctx, 2*perMutant)
	defer stop()
	command := exec.CommandContext(ctx, s.binary, args...)
	command.Dir, command.SysProcAttr = s.folder, &syscall.SysProcAttr{Setsid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	return command.CombinedOutput()
}
