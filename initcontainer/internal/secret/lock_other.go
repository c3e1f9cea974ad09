//go:build !unix

package secret

import (
	"errors"
	"os"
)

// tryLock refuses: without a lock two runs would make two tokens.
func tryLock(*os.File) error { return errors.ErrUnsupported }
