// Command image reads a Dockerfile and the programs that it copies, and writes for each target that is named an OCI
// archive, DIR/dist/TARGET.oci.tar: no Docker, no daemon, no root, and the same bytes for the same programs.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	context := flags.String("context", ".", "folder that holds the Dockerfile, and what it copies")
	archs := flags.String("archs", "amd64", "architectures to put into each archive, with spaces between")
	tag := flags.String("tag", "dev", "tag under which the images are known once loaded")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dockerfile, err := os.Open(filepath.Join(*context, "Dockerfile"))
	if err != nil {
		return err
	}
	defer func() { _ = dockerfile.Close() }()
	targets, err := parse(dockerfile)
	if err != nil {
		return fmt.Errorf("Dockerfile: %w", err) //nolint:staticcheck // the name of the file
	}
	if err := os.MkdirAll(filepath.Join(*context, "dist"), 0o750); err != nil {
		return err
	}
	for _, name := range flags.Args() {
		target, found := targets[name]
		if !found {
			return fmt.Errorf("the Dockerfile has no target %q", name)
		}
		reference := "localhost/" + name + ":" + *tag
		archive := filepath.Join(*context, "dist", name+".oci.tar")
		digest, err := write(archive, reference, target, *context, strings.Fields(*archs))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(stdout, "%s  %s@%s\n", archive, reference, digest)
	}
	if flags.NArg() == 0 {
		return errors.New("name at least one target of the Dockerfile")
	}
	return nil
}
