//go:build chaos

package chaos

const (
	rounds    = 500
	rotations = 20
)
