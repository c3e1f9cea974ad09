//go:build slow

package manifest

import "testing"

func TestLargeDocuments(t *testing.T) { runEdits(t, largeDocuments(1<<20)) }
