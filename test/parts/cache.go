package parts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// A part is something that can be built once and kept.
type part struct {
	name    string
	what    string                   // what it is and where it comes from, for the plan
	minutes float64                  // to build it with nothing cached, on two cores
	own     string                   // environment variable by which the user names one of their own; "" for none
	program string                   // the first or only program in its folder
	needs   func() error             // a *Missing when this machine lacks what the build needs
	inputs  func() ([]string, error) // all that decides about the result
	build   func(ctx context.Context, dir string) error
	// installed reports whether a part that belongs to the system, not into the cache, is there; nil for the others.
	installed func() bool
}

// dir returns the folder that holds the part, which it builds first if need be. Of several processes that ask at
// once, one builds and the others wait; a build that was broken off leaves nothing that could be taken for a result.
func (p part) dir(ctx context.Context) (string, error) {
	if own, set := p.ownPath(); set {
		return own, nil
	}
	if p.installed != nil {
		return "", p.install(ctx)
	}
	final, err := p.path()
	if err != nil {
		return "", err
	}
	if isDir(final) {
		return final, nil
	}
	if err := p.needs(); err != nil {
		return "", err
	}
	unlock, err := lock(ctx, filepath.Join(filepath.Dir(final), p.name+".lock"), p.name)
	if err != nil {
		return "", fmt.Errorf("%s: waiting for its lock: %w", p.name, err)
	}
	defer unlock()
	if isDir(final) { // built while we waited
		return final, nil
	}
	temp, err := scratch(filepath.Dir(final), "."+p.name+"-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(temp) }()
	if err := p.build(ctx, temp); err != nil {
		return "", fmt.Errorf("building %s: %w", p.name, err)
	}
	return final, os.Rename(temp, final)
}

// install makes a part of the system's be there.
func (p part) install(ctx context.Context) error {
	if p.installed() {
		return nil
	}
	if err := p.needs(); err != nil {
		return err
	}
	cache, err := cacheDir()
	if err != nil {
		return err
	}
	unlock, err := lock(ctx, filepath.Join(cache, p.name+".lock"), p.name)
	if err != nil {
		return fmt.Errorf("%s: waiting for its lock: %w", p.name, err)
	}
	defer unlock()
	if p.installed() { // while we waited
		return nil
	}
	return p.build(ctx, "")
}

// scratch makes a folder to build in, after removing what builds that were killed have left. The caller has the lock.
func scratch(cache, prefix string) (string, error) {
	old, err := filepath.Glob(filepath.Join(cache, prefix+"*"))
	if err != nil {
		return "", err
	}
	for _, folder := range old {
		if err := os.RemoveAll(folder); err != nil {
			return "", err
		}
	}
	folder, err := os.MkdirTemp(cache, prefix)
	if err != nil {
		return "", err
	}
	return folder, os.Chmod(folder, 0o755) // the server reads it as another user
}

// ready reports whether dir would return at once; the error is a *Missing when it never could.
func (p part) ready() (bool, error) {
	if _, set := p.ownPath(); set {
		return true, nil
	}
	if p.installed != nil {
		if p.installed() {
			return true, nil
		}
		return false, p.needs()
	}
	path, err := p.path()
	if err != nil || isDir(path) {
		return err == nil, err
	}
	return false, p.needs()
}

func (p part) ownPath() (string, bool) {
	if p.own == "" {
		return "", false
	}
	path := os.Getenv(p.own)
	return path, path != ""
}

func (p part) path() (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	inputs, err := p.inputs()
	if err != nil {
		return "", fmt.Errorf("%s: %w", p.name, err)
	}
	return filepath.Join(cache, p.name+"-"+hash(inputs)), nil
}

func cacheDir() (string, error) {
	dir := os.Getenv("ELK_MTLS_CACHE")
	if dir == "" {
		base := os.Getenv("XDG_CACHE_HOME")
		if base == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				return "", fmt.Errorf("no place for the real parts; set ELK_MTLS_CACHE: %w", err)
			}
			base = filepath.Join(home, ".cache")
		}
		dir = filepath.Join(base, "elk-mtls")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o755)
}

func hash(inputs []string) string {
	h := sha256.New()
	for _, input := range inputs {
		_, _ = fmt.Fprintf(h, "%d:%s", len(input), input)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// lock takes the file lock at path, which the system drops when this process ends, however it ends.
func lock(ctx context.Context, path, name string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for waits := 0; ; waits++ {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			_ = f.Close()
			return nil, err
		}
		if waits == 10 {
			say("  %s: another process is building it, waiting", name)
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// contents lists the files below root that keep accepts, each as its name followed by its text: inputs for a hash.
func contents(root fs.FS, keep func(name string) bool) ([]string, error) {
	var all []string
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !keep(name) {
			return err
		}
		text, err := fs.ReadFile(root, name)
		all = append(all, name, string(text))
		return err
	})
	return all, err
}
