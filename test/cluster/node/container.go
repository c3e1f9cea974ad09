package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A Container is a program of an image that the cluster has. It runs once, by runc: without rights, without a network, and with a
// root that nobody may write to.
type Container struct {
	Image string
	User  int // and group
	Args  []string
	Env   []string
	Stdin io.Reader
	Tmp   string // the folder that is /tmp there, where it starts
}

// Run gives what a container writes to stdout. The error has what it writes to stderr.
func (c *Cluster) Run(ctx context.Context, o Container) (stdout []byte, err error) {
	bundle, err := os.MkdirTemp(c.folder, "container-")
	if err != nil {
		return nil, err
	}
	config, err := json.Marshal(o.config())
	if err != nil {
		return nil, err
	}
	root := filepath.Join(bundle, "rootfs")
	if err := errors.Join(os.WriteFile(filepath.Join(bundle, "config.json"), config, 0o600), os.Mkdir(root, 0o755)); err != nil {
		return nil, err
	}
	if err := c.ctr(ctx, nil, "images", "mount", "--rw", o.Image, root); err != nil {
		return nil, err
	}
	defer func() {
		err = errors.Join(err, c.ctr(context.WithoutCancel(ctx), nil, "images", "unmount", "--rm", root))
	}()
	cmd := exec.CommandContext(ctx, "runc", "--root", filepath.Join(c.folder, "runc"), "run", "--bundle", bundle, filepath.Base(bundle))
	var message strings.Builder
	cmd.Stdin, cmd.Stderr = o.Stdin, &message
	stdout, err = cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s as %d: %w\n%s", o.Image, o.User, err, message.String())
	}
	return stdout, err
}

// config is what runc reads. https://github.com/opencontainers/runtime-spec/blob/main/config.md
func (o Container) config() any {
	type fields = map[string]any
	var namespaces []fields
	for _, kind := range []string{"pid", "ipc", "uts", "mount", "network"} {
		namespaces = append(namespaces, fields{"type": kind})
	}
	return fields{
		"ociVersion": "1.0.2",
		"process": fields{
			"args": o.Args, "env": o.Env, "cwd": "/tmp", "user": fields{"uid": o.User, "gid": o.User},
			"noNewPrivileges": true,
		},
		"root": fields{"path": "rootfs", "readonly": true},
		"mounts": []fields{
			{"destination": "/proc", "type": "proc", "source": "proc"},
			{"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
			{"destination": "/tmp", "type": "bind", "source": o.Tmp, "options": []string{"rbind", "rw"}},
		},
		"linux": fields{"namespaces": namespaces},
	}
}
