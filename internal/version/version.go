// Package version gives the version of the program that runs.
package version

import "runtime/debug"

// release is set by the build of a release: -ldflags "-X …/internal/version.release=v1.2.3".
var release string

// Text is the version that a release was built as, or else what go install fetched; dev without either.
func Text() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}
