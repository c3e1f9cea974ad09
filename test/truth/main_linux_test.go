//go:build integration

package truth

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"unsafe"

	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/truth/setups"
)

// inside says that this process is in a network of its own.
const inside = "TRUTH_INSIDE"

// TestMain runs the tests in a network namespace, in which every port is free. What has to be fetched is fetched before.
func TestMain(m *testing.M) {
	flag.Parse()
	asked, err := regexp.MatchString(flag.Lookup("test.run").Value.String(), "TestTruth")
	if os.Getenv(inside) != "" {
		if err := raiseLoopback(); err != nil {
			panic(err)
		}
	} else if err == nil && asked && flag.Lookup("test.list").Value.String() == "" && os.Getuid() == 0 {
		if code, err := within(); err == nil {
			os.Exit(code)
		}
	}
	m.Run()
}

// within runs the tests in another process, and gives its exit code.
func within() (int, error) {
	fetch()
	runtime.LockOSThread()                                                                 // the other process ends with this thread
	command := exec.CommandContext(context.Background(), "/proc/self/exe", os.Args[1:]...) //nolint:gosec // G702: the arguments of this test itself
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = append(os.Environ(), inside+"=1")
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	err := command.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return max(ended.ExitCode(), 1), nil
	}
	return 0, err
}

// fetch makes the parts of the programs that the set-ups ask for, as far as they can be had: the test tells of those that cannot.
func fetch() {
	ctx := context.Background()
	_, all, err := asked()
	asksFor := func(program string) bool {
		return slices.ContainsFunc(all, func(s setups.SetUp) bool { return s.Ask.Program == program })
	}
	for _, p := range setups.Programs() {
		if p.Part != "" && asksFor(p.Name) {
			_, partErr := parts.Client(ctx, p.Part)
			err = errors.Join(err, partErr)
		}
	}
	if asksFor(setups.Elasticsearch) {
		err = errors.Join(err, fetchNodes(ctx))
	}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", os.DevNull, "../../plugin/elk-mtls")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if err = errors.Join(err, parts.Prepare(ctx, "elasticsearch"), build.Run()); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// fetchNodes makes the versions of Elasticsearch whose settings are asked.
func fetchNodes(ctx context.Context) (err error) {
	version, had := os.LookupEnv("ES_VERSION")
	for _, v := range nodeVersions {
		_ = os.Setenv("ES_VERSION", v)
		_, partErr := parts.Dir(ctx, "elasticsearch")
		err = errors.Join(err, partErr)
	}
	if _ = os.Unsetenv("ES_VERSION"); had {
		_ = os.Setenv("ES_VERSION", version)
	}
	return err
}

// raiseLoopback does what "ip link set lo up" does, which not every machine has.
func raiseLoopback() error {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer func() { _ = syscall.Close(socket) }()
	request := struct {
		name  [16]byte
		flags uint16
		_     [22]byte
	}{name: [16]byte{'l', 'o'}, flags: syscall.IFF_UP | syscall.IFF_RUNNING}
	at := unsafe.Pointer(&request) //nolint:gosec // G103: the kernel reads a struct ifreq there
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(socket), syscall.SIOCSIFFLAGS, uintptr(at)); errno != 0 {
		return errno
	}
	return nil
}
