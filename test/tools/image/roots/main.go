// Command roots writes the certificates of public CAs that Mozilla trusts, as one PEM file for an image: those that are trusted without
// conditions, which such a file cannot express. The same module version gives the same bytes.
package main

import (
	"bufio"
	"encoding/pem"
	"fmt"
	"io"
	"os"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

func main() {
	if err := write(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "roots:", err)
		os.Exit(1)
	}
}

func write(out io.Writer) error {
	buffered := bufio.NewWriter(out)
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		if err := pem.Encode(buffered, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return err
		}
	}
	return buffered.Flush()
}
