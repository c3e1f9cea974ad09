// Package install types docs/install.md, from nothing to the first answer of verify, and offers each way a file that was changed. What is
// published elsewhere stands on loopback here. It needs the tag install: make prove-install.
package install
