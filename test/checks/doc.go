// Package checks holds what this repository promises about its own files: who imports whom, how long a file is, that
// no link in a document is dead and no target that one names is missing. `make check` runs it (build tag checks).
package checks
