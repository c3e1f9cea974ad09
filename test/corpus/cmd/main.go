// Command cmd writes a stream of package corpus to stdout.
//
//	go run ./test/corpus/cmd -shape M >m.yaml
//	go run ./test/corpus/cmd -documents 5000 -bytes 20000000 -releases 3 -seed 7 >x.yaml
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/elk-mtls/elk-mtls/test/corpus"
)

func main() {
	err := run(os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("corpus", flag.ContinueOnError)
	flags.SetOutput(stderr)
	shape := corpus.S
	flags.Func("shape", "S (default), M, L or dense; flags that follow change it", func(name string) error {
		named, ok := map[string]corpus.Shape{"S": corpus.S, "M": corpus.M, "L": corpus.L, "dense": corpus.Dense}[name]
		if !ok {
			return errors.New("there are S, M, L and dense")
		}
		shape = named
		return nil
	})
	flags.IntVar(&shape.Documents, "documents", shape.Documents, "how many, releases included")
	flags.IntVar(&shape.Bytes, "bytes", shape.Bytes, "about how many; 0: as it falls")
	flags.IntVar(&shape.Releases, "releases", shape.Releases, "how many, spread evenly")
	flags.Uint64Var(&shape.Seed, "seed", shape.Seed, "the same seed gives the same bytes")
	if err := flags.Parse(args); err != nil {
		return err
	}
	_, err := stdout.Write(shape.Stream())
	return err
}
