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

// Command makes a command that runs in the container, as the container's user. Files that it writes to /tmp stay for the next one.
func (c *Container) Command(ctx context.Context, work string, words ...string) (*exec.Cmd, error) {
	user := c.User
	if user < 0 {
		user = 65532 // of our own image
	}
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
	groups := []string{strconv.Itoa(user)}
	for _, g := range c.Groups {
		groups = append(groups, strconv.Itoa(g))
	}
	args := append([]string{"--mount", "--propagation", "private", "sh", "-c", enter, "enter", work, c.Root, strconv.Itoa(user), strings.Join(groups, ",")}, words...)
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
