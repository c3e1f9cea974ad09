//go:build slow

package plugin

import "testing"

// TestCertsOfRSAAreAccepted is TestCertsAreAccepted with keys that take long to make.
func TestCertsOfRSAAreAccepted(t *testing.T) { certsAreAccepted(t, "rsa-2048") }
