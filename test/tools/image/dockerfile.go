package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// A target is what the lines from one FROM to the next say.
type target struct {
	copies     []copied
	user       string
	entrypoint []string
}

// copied is one file of the image. from may contain ${TARGETARCH}.
type copied struct{ from, to string }

const archVariable = "${TARGETARCH}"

var numericUser = regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`)

// parse reads a Dockerfile into its targets by name. It knows the few instructions that ours needs, in the form in
// which ours has them, and refuses every other: an image that differs from what Docker would make is worse than none.
func parse(dockerfile io.Reader) (map[string]*target, error) {
	result, err := parser.Parse(dockerfile)
	if err != nil {
		return nil, err
	}
	targets := map[string]*target{}
	var current *target
	for _, node := range result.AST.Children {
		words := arguments(node)
		if strings.EqualFold(node.Value, "from") {
			name, err := stage(node, words)
			if err != nil {
				return nil, at(node, err)
			}
			current = &target{}
			targets[name] = current
			continue
		}
		if current == nil {
			return nil, at(node, errors.New("comes before the first FROM"))
		}
		if err := current.add(node, words); err != nil {
			return nil, at(node, err)
		}
	}
	return targets, nil
}

func stage(node *parser.Node, words []string) (string, error) {
	if len(node.Flags) > 0 || len(words) != 3 || words[0] != "scratch" || !strings.EqualFold(words[1], "as") {
		return "", errors.New("only FROM scratch AS NAME is understood")
	}
	return words[2], nil
}

func (t *target) add(node *parser.Node, words []string) error {
	if len(node.Flags) > 0 {
		return fmt.Errorf("flags %v are not understood", node.Flags)
	}
	switch strings.ToLower(node.Value) {
	case "arg":
		if len(words) != 1 || words[0] != "TARGETARCH" {
			return errors.New("only ARG TARGETARCH is understood")
		}
	case "copy":
		if len(words) != 2 || !strings.HasPrefix(words[1], "/") || strings.HasSuffix(words[1], "/") {
			return errors.New("only COPY FILE /FILE is understood")
		}
		if strings.Contains(strings.ReplaceAll(words[0], archVariable, ""), "$") || strings.Contains(words[1], "$") {
			return fmt.Errorf("no variable but %s, in the source, is understood", archVariable)
		}
		t.copies = append(t.copies, copied{from: words[0], to: words[1]})
	case "user":
		if len(words) != 1 || !numericUser.MatchString(words[0]) {
			return errors.New("only a numeric USER:GROUP is understood: Kubernetes cannot tell whether a name is root")
		}
		t.user = words[0]
	case "entrypoint":
		if !node.Attributes["json"] {
			return errors.New("only the JSON form is understood: there is no shell")
		}
		t.entrypoint = words
	default:
		return errors.New("is not understood")
	}
	return nil
}

func arguments(node *parser.Node) []string {
	var words []string
	for next := node.Next; next != nil; next = next.Next {
		words = append(words, next.Value)
	}
	return words
}

func at(node *parser.Node, err error) error {
	return fmt.Errorf("line %d: %s: %w", node.StartLine, strings.ToUpper(node.Value), err)
}
