package manifest

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Print gives the text of a new document, without its marker. Lists stand under their keys, as kubectl writes them.
func Print(root *yaml.Node) (string, error) {
	if root.Kind != yaml.MappingNode {
		return "", fmt.Errorf("a new document has to be a mapping")
	}
	var b strings.Builder
	var err error
	p := &printer{
		eol:   "\n",
		moved: func(*yaml.Node) bool { return false },
		refuse: func(reason string) {
			err = cmp.Or(err, fmt.Errorf("cannot write the new document: %s", reason))
		},
	}
	p.entries(&b, root, 0, false)
	if err != nil {
		return "", err
	}
	return b.String(), nil
}
