//go:build integration && !chaos

package chaos

const (
	rounds    = 24
	rotations = 3
)
