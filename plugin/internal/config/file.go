package config

import (
	"bytes"
	gojson "encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/elk-mtls/elk-mtls/internal/closest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/regex"
	nodes "github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

var indentedByTab = regex.Of(`(?m)^ *\t`)

// Parse reads a configuration file or a functionConfig. Unknown fields are refused by name.
func Parse(text []byte) (Settings, error) {
	converted, err := yaml.YAMLToJSON(text)
	if err != nil && indentedByTab().Match(text) {
		return Settings{}, fmt.Errorf("is not YAML: %w: indent with spaces, not tabs", err)
	} else if err != nil {
		return Settings{}, fmt.Errorf("is not YAML: %w", err)
	}
	var head struct{ APIVersion, Kind string }
	if err := gojson.Unmarshal(converted, &head); err != nil || head.APIVersion != APIVersion || head.Kind != Kind {
		return Settings{}, fmt.Errorf("is not a configuration of elk-mtls: apiVersion is %q and kind is %q, and must "+
			"be %s and %s", head.APIVersion, head.Kind, APIVersion, Kind)
	}
	var f File
	if err := decode(text, &f); err != nil {
		return Settings{}, meant(err)
	}
	return f.Spec, nil
}

// meant says of each field that there is not which one was meant.
func meant(err error) error {
	var known []string // with the mappings that they stand in
	for _, f := range new(Settings).Fields() {
		for at, r := range f.Path + "." {
			if r == '.' {
				known = append(known, "spec."+f.Path[:at])
			}
		}
	}
	problems := problem.Each(err)
	for i, one := range problems {
		var field interface{ FieldPath() string }
		if errors.As(one, &field) && strings.HasPrefix(one.Error(), "unknown field") {
			problems[i] = fmt.Errorf("%w%s", one, closest.Hint(field.FieldPath(), known))
		}
	}
	return errors.Join(problems...)
}

// Print writes a configuration file. Parse gives the same settings back.
func Print(s Settings) ([]byte, error) {
	return yaml.Marshal(File{APIVersion: APIVersion, Kind: Kind, Spec: s})
}

// decode reads YAML into a value of this package. A field that it does not have, or that stands there twice, is an
// error that gives its whole path.
func decode(text []byte, into any) error {
	if err := alone(text); err != nil {
		return err
	}
	converted, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return err
	}
	strict, err := json.UnmarshalStrict(converted, into)
	return errors.Join(append(strict, inYAML(err))...)
}

// alone refuses a document after the first, which nobody would read. What cannot be parsed is said when the text is
// read.
func alone(text []byte) error {
	decoder := nodes.NewDecoder(bytes.NewReader(text))
	var node nodes.Node
	for err := decoder.Decode(&node); err == nil; {
		node = nodes.Node{}
		if err = decoder.Decode(&node); err == nil && node.Content[0].Tag != nodes.NodeTagNull {
			return errors.New("contains more than one document, and only the first would be read: put everything " +
				"into that")
		}
	}
	return nil
}

// inYAML says in words of YAML that a value is of another type than the setting.
func inYAML(err error) error {
	var wrong *gojson.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err
	}
	got := map[string]string{"array": "a list", "object": "a mapping", "bool": "true or false",
		"string": "a text"}[wrong.Value]
	if got == "" {
		got = "a number"
	}
	want := map[reflect.Kind]string{reflect.String: "a text", reflect.Bool: "true or false",
		reflect.Slice: "a list"}[wrong.Type.Kind()]
	if want == "" {
		want = "a mapping"
	}
	if wrong.Field == "" {
		return fmt.Errorf("is %s, and must be %s", got, want)
	}
	return fmt.Errorf("%s is %s, and must be %s", wrong.Field, got, want)
}
