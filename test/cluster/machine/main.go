// Command machine keeps a cluster of package node alive, and removes every trace of it. In goes the cluster's folder.
//
//	machine keep FOLDER    outside: makes the namespaces, waits until its stdin ends, then clears away all, the folder too
//	machine init FOLDER    inside: the first process; sets up mounts and network, starts the programs, buries the dead
//
// Both live as long as their stdin is open, so that the end of a test, however it came, is the end of the cluster.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/elk-mtls/elk-mtls/test/cluster/node"
)

func main() {
	if err := run(os.Args[1:], os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "machine:", err)
		os.Exit(1)
	}
}

func run(args []string, stdin io.Reader) error {
	if len(args) != 2 {
		return errors.New("usage: machine keep|init FOLDER")
	}
	spec, err := node.ReadSpec(args[1])
	if err != nil {
		return err
	}
	over := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		close(over)
	}()
	switch args[0] {
	case "keep":
		return keep(spec, over)
	case "init":
		return inside(spec, over)
	}
	return fmt.Errorf("no command %q", args[0])
}
