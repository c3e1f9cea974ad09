package plan

import (
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// Problem is a reason why a stream cannot be secured as asked. Problems are values until they are printed: nothing looks into their texts.
type Problem struct {
	Object object.ID // what it is about; empty where the text says that itself
	Text   string
	Hint   string // what to do, on a line of its own
}

// Error gives the lines of a problem.
func (p Problem) Error() string {
	text := p.Text
	if p.Object != (object.ID{}) {
		text = p.Object.String() + ": " + text
	}
	if p.Hint != "" {
		text += "\nhint: " + p.Hint
	}
	return text
}
