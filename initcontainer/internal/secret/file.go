package secret

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/protocol"
)

// File is a Secret manifest in a file. A rename is no compare-and-swap, so the first Get takes a lock file beside it,
// which is held until Close.
type File struct {
	Place
	path string
	uid  string // of a file that is not there yet
	lock *os.File
}

// NewFile makes a store of the file at path, which need not be there.
func NewFile(path string, place Place) *File { return &File{Place: place, path: path} }

// String names the file for messages.
func (f *File) String() string { return "Secret file " + f.path }

// Get reads the file; one that is not there is a blank Secret.
func (f *File) Get(context.Context) (protocol.State, error) {
	if err := f.acquire(); err != nil {
		return protocol.State{}, err
	}
	s, version, err := f.read()
	if err != nil {
		return protocol.State{}, err
	}
	return stateOf(s, version, f.Place), nil
}

func (f *File) acquire() error {
	if f.lock != nil {
		return nil
	}
	lock, err := os.OpenFile(f.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("%s: %w", f, err)
	}
	if err := tryLock(lock); err != nil {
		_ = lock.Close()
		return failure.New(failure.Unreachable, fmt.Errorf("%s: another process holds %s.lock: %w", f, f.path, err),
			"the other run ends within its own --timeout")
	}
	f.lock = lock
	return nil
}

// read returns the manifest, and a digest of the file as its version.
func (f *File) read() (*corev1.Secret, string, error) {
	text, err := os.ReadFile(f.path)
	var s *corev1.Secret
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s = blank(f.Place, f.uid)
	case err != nil:
		return nil, "", fmt.Errorf("%s: %w", f, err)
	default:
		if s, err = parse(text); err != nil {
			return nil, "", fmt.Errorf("%s: %w", f, err)
		}
	}
	f.adopt(s)
	sum := sha256.Sum256(text)
	return s, hex.EncodeToString(sum[:]), nil
}

// adopt gives the manifest a UID. It is one for all of a run, also when the file has none, or vanishes: the names that
// were made before stay ours.
func (f *File) adopt(s *corev1.Secret) {
	if uid := s.Annotations[uidKey]; uid != "" {
		f.uid = uid
	}
	if f.uid == "" {
		f.uid = newUID()
	}
	if s.Annotations == nil {
		s.Annotations = map[string]string{}
	}
	s.Annotations[uidKey] = f.uid
}

// Patch writes a new file and renames it over the old one, which must still be what from was read of.
func (f *File) Patch(_ context.Context, from, to protocol.State) (protocol.State, error) {
	s, version, err := f.read()
	if err == nil && version != from.Version {
		err = fmt.Errorf("%s %w", f, errChanged)
	}
	if err != nil {
		return protocol.State{}, &NotDone{err}
	}
	apply(s, from, to, f.Key)
	text, err := yaml.Marshal(s)
	if err != nil {
		return protocol.State{}, &NotDone{err}
	}
	if err := replace(f.path, text); err != nil {
		return protocol.State{}, fmt.Errorf("%s: %w", f, err)
	}
	sum := sha256.Sum256(text)
	return stateOf(s, hex.EncodeToString(sum[:]), f.Place), nil
}

// replace puts text at path, readable for the owner only: after it either the old file is there or the whole new one.
func replace(path string, text []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(text)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// Close gives the lock back. The lock file stays: who removes it may remove another's.
func (f *File) Close() error {
	if f.lock == nil {
		return nil
	}
	return f.lock.Close()
}

// Stdout is a Secret that begins blank, lives in memory and is printed at the end: it never reads, so it always gives a
// new token.
type Stdout struct {
	Place
	out     io.Writer
	secret  *corev1.Secret
	version string
}

// NewStdout makes a blank Secret that is printed to out.
func NewStdout(out io.Writer, place Place) *Stdout {
	return &Stdout{Place: place, out: out, secret: blank(place, newUID()), version: next("")}
}

// String names it for messages.
func (*Stdout) String() string { return "Secret on standard output" }

// Get returns what was written so far.
func (s *Stdout) Get(context.Context) (protocol.State, error) {
	return stateOf(s.secret, s.version, s.Place), nil
}

// Patch changes the Secret in memory.
func (s *Stdout) Patch(_ context.Context, from, to protocol.State) (protocol.State, error) {
	apply(s.secret, from, to, s.Key)
	s.version = next(s.version)
	return stateOf(s.secret, s.version, s.Place), nil
}

// Print writes the manifest.
func (s *Stdout) Print() error {
	text, err := yaml.Marshal(s.secret)
	if err != nil {
		return err
	}
	if _, err := s.out.Write(text); err != nil {
		return fmt.Errorf("%s: %w", s, err)
	}
	return nil
}
