package plan

import (
	"fmt"

	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// startsWith refuses a value with which a program does not start.
func startsWith(in *In, w *recognise.Workload, c *connection) error {
	s := c.store.get(c.keys.Verify.Name)
	if s == nil || s.Hidden {
		return nil
	}
	if text, known := in.expand(w.Main, c.expands, s.Value()); known && !c.keys.Verify.Takes(text) {
		return fmt.Errorf("%s is %q in %s, which %s does not know: it does not start; remove it", s.Key, text, s.Place, w.App)
	}
	return nil
}
