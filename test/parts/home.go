package parts

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// serverID is the user and group that the server runs as when we are root, which it refuses: those of the official
// images.
const serverID = 1000

// newHome makes the folder that one node lives in, reachable by the server's user: the cache may not be.
func newHome() (string, error) {
	home, err := os.MkdirTemp("", "elk-mtls-elasticsearch-")
	if err != nil {
		return "", err
	}
	return home, handOver(home)
}

func makeDir(path string) error {
	if err := os.MkdirAll(path, 0o750); err != nil {
		return err
	}
	return handOver(path)
}

// writeFile writes a file of the server's, and the folders above it, by renaming over.
func writeFile(path string, content []byte) error {
	dir := filepath.Dir(path)
	if !isDir(dir) {
		if err := errors.Join(makeDir(filepath.Dir(dir)), makeDir(dir)); err != nil {
			return err
		}
	}
	temp, err := os.CreateTemp(dir, ".new-")
	if err != nil {
		return err
	}
	_, err = temp.Write(content)
	if err = errors.Join(err, temp.Close(), handOver(temp.Name())); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

// handOver gives a file or folder to the server's user, if that is not ours.
func handOver(path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Chown(path, serverID, serverID)
}

// unprivileged makes the command run as the server's user, and in a process group of its own: Ctrl-C is for us, who
// then stop it.
func unprivileged(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: serverID, Gid: serverID}
	}
	return cmd
}

// linkTree makes a copy of a tree whose files are hard links where the file system allows it.
func linkTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		if entry.IsDir() {
			return makeDir(target)
		}
		if os.Link(path, target) == nil {
			return nil
		}
		return copyFile(path, target)
	})
}

func copyFile(from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}
