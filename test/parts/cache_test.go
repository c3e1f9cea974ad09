package parts

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func fakePart(build func(ctx context.Context, dir string) error) part {
	return part{
		name:   "fake",
		own:    "FAKE_HOME",
		needs:  func() error { return nil },
		inputs: func() ([]string, error) { return []string{"text"}, nil },
		build:  build,
	}
}

func TestOfManyWhoAskOneBuilds(t *testing.T) {
	t.Setenv("ELK_MTLS_CACHE", t.TempDir())
	var builds atomic.Int32
	p := fakePart(func(_ context.Context, dir string) error {
		builds.Add(1)
		return os.WriteFile(filepath.Join(dir, "result"), []byte("done"), 0o600)
	})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			dir, err := p.dir(context.Background())
			if err != nil {
				t.Error(err)
				return
			}
			if text, err := os.ReadFile(filepath.Join(dir, "result")); err != nil || string(text) != "done" {
				t.Errorf("got %q, %v", text, err)
			}
		})
	}
	all.Wait()
	if n := builds.Load(); n != 1 {
		t.Errorf("built %d times", n)
	}
}

func TestABrokenBuildLeavesNothingToMistakeForAResult(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("ELK_MTLS_CACHE", cache)
	broken := errors.New("out of coffee")
	p := fakePart(func(_ context.Context, dir string) error {
		return errors.Join(os.WriteFile(filepath.Join(dir, "half"), nil, 0o600), broken)
	})
	if _, err := p.dir(t.Context()); !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	if ready, err := p.ready(); ready || err != nil {
		t.Errorf("ready: %v, %v", ready, err)
	}
	left, err := filepath.Glob(filepath.Join(cache, "*fake-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestWhatTheUserHasIsTakenAsItIs(t *testing.T) {
	t.Setenv("FAKE_HOME", "/somewhere")
	p := fakePart(func(context.Context, string) error { return errors.New("must not build") })
	if dir, err := p.dir(t.Context()); dir != "/somewhere" || err != nil {
		t.Errorf("got %q, %v", dir, err)
	}
}

func TestOtherInputsAreAnotherResult(t *testing.T) {
	if hash([]string{"ab", "c"}) == hash([]string{"a", "bc"}) {
		t.Error("the hash does not see where one input ends")
	}
}

// recorder notes how SkipOrFail would end a test.
type recorder struct{ ended string }

func (*recorder) Helper()                 {}
func (r *recorder) Skipf(string, ...any)  { r.ended += "skip" }
func (r *recorder) Fatalf(string, ...any) { r.ended += "fail" }

func TestAMissingPartIsSkippedUnlessItIsRequired(t *testing.T) {
	missing := error(&Missing{Part: "elasticsearch", Why: "no JDK found", Remedy: "install one"})
	for _, c := range []struct {
		name     string
		err      error
		required string
		want     string
	}{
		{"nothing wrong", nil, "1", ""},
		{"missing", missing, "", "skip"},
		{"missing but required", missing, "1", "fail"},
		{"another error", errors.New("boom"), "", "fail"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("ELK_MTLS_REQUIRE_REAL", c.required)
			r := &recorder{}
			SkipOrFail(r, c.err)
			if r.ended != c.want {
				t.Errorf("ended with %q, want %q", r.ended, c.want)
			}
		})
	}
	if !OnlyMissing(errors.Join(missing, missing)) || OnlyMissing(errors.Join(missing, errors.New("boom"))) {
		t.Error("OnlyMissing tells the two apart wrongly")
	}
}

func TestWithoutMavenElasticsearchIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := installer{version: DefaultElasticsearch}.needs()
	var missing *Missing
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "ES_HOME") {
		t.Errorf("got %v", err)
	}
}

func TestReadJDK(t *testing.T) {
	home := t.TempDir()
	for name, text := range map[string]string{"bin/javac": "", "release": "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"17.0.15\"\n"} {
		path := filepath.Join(home, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if kit, err := readJDK(home); err != nil || kit != (jdk{home: home, feature: 17}) {
		t.Errorf("got %+v, %v", kit, err)
	}
}
