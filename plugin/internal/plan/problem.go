package plan

import (
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// Problem is a reason why a stream cannot be secured as asked. Problems are values until they are printed: nothing looks into their texts.
type Problem struct {
	Object object.ID // what it is about; empty where the text says that itself
	Text   string    // what is wrong, and what to do
}

// Error gives the line of a problem.
func (p Problem) Error() string {
	if p.Object == (object.ID{}) {
		return p.Text
	}
	return p.Object.String() + ": " + p.Text
}
