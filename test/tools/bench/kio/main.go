// Command kio is a peer in `make bench`: the pipeline of a kpt or kustomize function, which reads, parses and writes every object.
package main

import (
	"os"

	"sigs.k8s.io/kustomize/kyaml/kio"
)

func main() {
	stream := &kio.ByteReadWriter{Reader: os.Stdin, Writer: os.Stdout}
	if err := (kio.Pipeline{Inputs: []kio.Reader{stream}, Outputs: []kio.Writer{stream}}).Execute(); err != nil {
		panic(err)
	}
}
