package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/elk-mtls/elk-mtls/test/cluster/node"
)

const cgroupRoot = "/sys/fs/cgroup"

// keep runs the namespaces until over, or until their first process ends, which is then an error.
func keep(spec node.Spec, over <-chan struct{}) (err error) {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP) // whoever wants us to end ends, or closes our stdin
	const maps = "/proc/sys/vm/max_map_count"                      // the chart's privileged init container raises it, for the whole machine
	before, err := os.ReadFile(maps)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.WriteFile(maps, before, 0o600)) }()
	groups, err := makeCgroups(spec.Cgroup)
	defer func() { err = errors.Join(err, removeCgroups(groups), removeFolder(spec.Folder)) }()
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	// Leases and probes have deadlines, which others on this machine must not make it miss. nice goes on where it may not.
	first := exec.Command("nice", "-n", "-5", self, "init", spec.Folder)
	first.Stdout, first.Stderr = os.Stdout, os.Stderr
	first.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
	}
	stdin, err := first.StdinPipe()
	if err != nil {
		return err
	}
	defer func() { _ = stdin.Close() }()
	if err := first.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- first.Wait() }()
	pid := strconv.Itoa(first.Process.Pid)
	if err := os.WriteFile(filepath.Join(spec.Folder, node.PIDFile), []byte(pid), 0o600); err != nil {
		return errors.Join(err, first.Process.Kill())
	}
	select {
	case err := <-ended:
		// The folder holds the reason. It is removed when somebody has had the time to read it.
		select {
		case <-over:
		case <-time.After(time.Minute):
		}
		return fmt.Errorf("the first process ended: %w", err)
	case <-over:
		kill := first.Process.Kill() // and the kernel ends all others in the namespaces
		var killed *exec.ExitError
		if err := <-ended; !errors.As(err, &killed) {
			return errors.Join(kill, err)
		}
		return kill
	}
}

// makeCgroups makes the control group that is to hold all pods, in each hierarchy. It gives what it has made.
func makeCgroups(name string) ([]string, error) {
	roots, err := hierarchies()
	if err != nil {
		return nil, err
	}
	var made []string
	for _, root := range roots {
		if _, err := os.Stat(filepath.Join(root, "cgroup.procs")); err != nil {
			continue
		}
		group := filepath.Join(root, name)
		if err := os.Mkdir(group, 0o755); err != nil {
			return made, err
		}
		made = append(made, group)
		if err := fillCgroup(root, group); err != nil {
			return made, err
		}
	}
	return made, nil
}

// hierarchies gives the folders of control groups: one in version 2, one for each resource in version 1.
func hierarchies() ([]string, error) {
	if _, err := os.Stat(filepath.Join(cgroupRoot, "cgroup.procs")); err == nil {
		return []string{cgroupRoot}, nil
	}
	all, err := os.ReadDir(cgroupRoot)
	if err != nil {
		return nil, err
	}
	var roots []string
	for _, entry := range all {
		if entry.IsDir() { // and not a link to one
			roots = append(roots, filepath.Join(cgroupRoot, entry.Name()))
		}
	}
	return roots, nil
}

// fillCgroup gives a new group its share of the processors.
func fillCgroup(root, group string) error {
	for file, value := range map[string]string{"cpu.shares": "20480", "cpu.weight": "1000"} { // of versions 1 and 2, which has it where it is delegated
		if err := writeExisting(filepath.Join(group, file), value); err != nil {
			return err
		}
	}
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} { // empty in a new group of version 1
		value, err := os.ReadFile(filepath.Join(root, file))
		if err != nil || len(strings.TrimSpace(string(value))) == 0 {
			continue
		}
		if err := os.WriteFile(filepath.Join(group, file), value, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// writeExisting writes to a file of the kernel, if this kernel has it.
func writeExisting(path, value string) error {
	err := os.WriteFile(path, []byte(value), 0o600)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) { // which is what cgroupfs says to a new file
		return nil
	}
	return err
}

// removeCgroups removes control groups with all below them. Their processes are about to be gone.
func removeCgroups(groups []string) error {
	var err error
	for range 100 {
		err = nil
		for _, group := range groups {
			err = errors.Join(err, removeCgroup(group))
		}
		if err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

func removeCgroup(group string) error {
	var all []string
	err := filepath.WalkDir(group, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			all = append(all, path)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for i := len(all) - 1; i >= 0; i-- { // the deepest first
		if e := syscall.Rmdir(all[i]); e != nil && !errors.Is(e, fs.ErrNotExist) {
			return fmt.Errorf("removing %s: %w", all[i], e)
		}
	}
	return err
}

func removeFolder(folder string) error {
	var err error
	for range 50 { // mounts of the namespaces go a moment after their last process
		if err = os.RemoveAll(folder); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}
