package pod

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// enter runs a command with the container's folder laid over the root of this machine: absolute paths in scripts, settings and
// .curlrc files mean what they mean in the container, and who runs is whom the pod says. Everything is gone when the command ends.
const enter = `set -e
work=$1 root=$2 user=$3 groups=$4; shift 4
mount -t tmpfs tmpfs "$work"
mkdir "$work/layer" "$work/all"
cp -a "$root/." "$work/layer"
mount -t overlay overlay -o "lowerdir=$work/layer:/" "$work/all"
mount --rbind /dev "$work/all/dev"
mount --rbind /proc "$work/all/proc"
mount --bind "$root/tmp" "$work/all/tmp"
exec chroot --userspec="$user:$user" --groups="$groups" "$work/all" "$@"
`

// CanRun tells why containers cannot be entered here; nil when they can.
func CanRun() error {
	if os.Getuid() != 0 {
		return fmt.Errorf("entering a container's file system needs root (mount, chroot)")
	}
	for _, program := range []string{"unshare", "chroot", "mount"} {
		if _, err := exec.LookPath(program); err != nil {
			return err
		}
	}
	return nil
}

// enterBare runs a static program with the container's folder as the root: nothing of this machine is there but devices and processes.
// What it writes stays.
const enterBare = `set -e
root=$1 user=$2 groups=$3; shift 3
mkdir -p "$root/dev" "$root/proc" "$root/tmp"
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
[ -z "$user" ] || exec chroot --userspec="$user:$user" --groups="$groups" "$root" "$@"
exec chroot "$root" "$@"
`

// CanRunStatic tells why Static cannot work here; nil when it can. It needs no root where the system has user namespaces for everybody.
func CanRunStatic() error {
	for _, program := range []string{"unshare", "chroot", "mount"} {
		if _, err := exec.LookPath(program); err != nil {
			return err
		}
	}
	if out, err := exec.Command("unshare", append(namespaces(), "true")...).CombinedOutput(); err != nil {
		return fmt.Errorf("entering a container's file system needs root or user namespaces: %w: %s", err, out)
	}
	return nil
}

func namespaces() []string {
	all := []string{"--mount", "--propagation", "private"}
	if os.Getuid() != 0 {
		all = append(all, "--user", "--map-root-user")
	}
	return all
}

// Static makes a command that runs a static program in the container: as the container's user when this is root, else as oneself,
// who then passes for the owner of every file.
func (c *Container) Static(ctx context.Context, words ...string) *exec.Cmd {
	user, groups := "", ""
	if os.Getuid() == 0 {
		user, groups = c.who()
	}
	args := append(namespaces(), "sh", "-c", enterBare, "enter", c.Root, user, groups)
	command := exec.CommandContext(ctx, "unshare", append(args, words...)...)
	command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=/"}, c.Environ()...)
	return command
}

// who gives the user and the groups of the container.
func (c *Container) who() (user, groups string) {
	id := c.User
	if id < 0 {
		id = 65532 // of our own image
	}
	all := []string{strconv.Itoa(id)}
	for _, g := range c.Groups {
		all = append(all, strconv.Itoa(g))
	}
	return all[0], strings.Join(all, ",")
}

// Command makes a command that runs in the container, as the container's user. Files that it writes to /tmp stay for the next one.
func (c *Container) Command(ctx context.Context, work string, words ...string) (*exec.Cmd, error) {
	if err := os.MkdirAll(work, 0o755); err != nil {
		return nil, err
	}
	tmp := c.Path("tmp")
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return nil, err
	}
	if err := os.Chmod(tmp, 0o1777); err != nil {
		return nil, err
	}
	user, groups := c.who()
	args := append([]string{"--mount", "--propagation", "private", "sh", "-c", enter, "enter", work, c.Root, user, groups}, words...)
	command := exec.CommandContext(ctx, "unshare", args...)
	command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent"}, c.Environ()...)
	return command, nil
}

// Host lets the container resolve names to loopback.
func (c *Container) Host(names ...string) error {
	return c.put("etc/hosts", []byte("127.0.0.1 localhost "+strings.Join(names, " ")+"\n"), 0o644)
}

// Program puts a static program into the container.
func (c *Container) Program(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return c.put(to, text, 0o755)
}

// Edit replaces a text that stands once in a file of the container.
func (c *Container) Edit(file, old, text string) error {
	all, err := os.ReadFile(c.Path(file))
	if err != nil {
		return err
	}
	if n := strings.Count(string(all), old); n != 1 {
		return fmt.Errorf("%s holds %q %d times, not once", file, old, n)
	}
	info, err := os.Stat(c.Path(file))
	if err != nil {
		return err
	}
	return os.WriteFile(c.Path(file), []byte(strings.Replace(string(all), old, text, 1)), info.Mode())
}

func (c *Container) put(name string, text []byte, mode os.FileMode) error {
	at := c.Path(name)
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(at, text, mode); err != nil {
		return err
	}
	return os.Chmod(at, mode)
}
