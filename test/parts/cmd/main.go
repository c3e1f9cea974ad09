// Command cmd makes the real parts ready, outside of any test. The Makefile calls it.
//
//	prepare [NAME ...]   build or resolve these parts, or all
//	path NAME            the same for one program, and print where it is
//	missing [NAME ...]   say, in capitals, which cannot be had here
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/elk-mtls/elk-mtls/test/parts"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return errors.New("usage: prepare [NAME ...] | path NAME | missing [NAME ...]")
	}
	names := args[1:]
	if len(names) == 0 {
		names = parts.Names()
	}
	switch args[0] {
	case "prepare":
		err := parts.Prepare(ctx, names...)
		if err != nil && parts.OnlyMissing(err) && !parts.Required() {
			fmt.Fprintln(stderr, err)
			err = nil
		}
		if err == nil && len(args) == 1 {
			fmt.Fprintln(stderr, "All that can be had here is ready.")
		}
		return err
	case "path":
		path, err := parts.Program(ctx, names[0])
		if err == nil {
			fmt.Fprintln(stdout, path)
		}
		return err
	case "missing":
		for _, name := range names {
			if err := parts.Have(name); err != nil {
				fmt.Fprintf(stderr, "ATTENTION: TESTS WERE LEFT OUT: %v\n", err)
			}
		}
		return nil
	}
	return fmt.Errorf("no command %q", args[0])
}
