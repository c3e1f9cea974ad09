// Command launch runs one program once: `launch INPUT PROGRAM [ARGUMENT ...]`. The program reads the file INPUT and its output is thrown
// away; nanoseconds, nanoseconds of processor time and peak memory in KB go to stdout.
//
// It exists because a process begins with the peak memory of the one that started it: a benchmark itself is too large for that.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(input string, command []string) error {
	file, err := os.Open(input)
	if err != nil {
		return err
	}
	cmd := exec.Command(command[0], command[1:]...) //nolint:gosec // to run what it is given is its purpose
	cmd.Stdin, cmd.Stderr = file, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, out); err != nil {
		return err
	}
	err = cmd.Wait()
	wall := time.Since(start)
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok && err == nil {
		cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		_, err = fmt.Fprintln(os.Stdout, wall.Nanoseconds(), cpu.Nanoseconds(), usage.Maxrss)
	}
	return err
}
