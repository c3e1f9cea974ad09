package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"
)

const (
	top        = "../../../"
	schemaFile = "docs/config.schema.json"
)

// choices are the settings that take one of a few words.
var choices = map[string][]string{
	"mode":                          Modes(),
	"clientAuthentication":          {None, Optional, Required},
	"certificates.source":           {SourceSecret, SourceCertManager},
	"certificates.verificationMode": {"full", "certificate"},
	"certificates.rendered":         {Allow, Refuse},
	"initContainer.pullPolicy":      {"Always", "IfNotPresent", "Never"},
}

// schemaOf describes a type of the configuration, from its own fields. path is where it stands below spec.
func schemaOf(of reflect.Type, path string, texts map[string]Description) map[string]any {
	schema := map[string]any{}
	if text, ok := texts[path]; ok {
		schema["description"] = strings.ToUpper(text.What[:1]) + text.What[1:] + ". Default: " + text.Default + "."
	}
	switch of.Kind() {
	case reflect.Struct:
		properties, required := map[string]any{}, []string{}
		for i := range of.NumField() {
			name, options, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			properties[name] = schemaOf(of.Field(i).Type, strings.TrimPrefix(path+"."+name, "."), texts)
			if options == "" {
				required = append(required, name)
			}
		}
		schema["type"], schema["properties"], schema["additionalProperties"] = "object", properties, false
		if len(required) > 0 {
			schema["required"] = required
		}
	case reflect.Slice:
		schema["type"], schema["items"] = "array", schemaOf(of.Elem(), path+"[]", texts)
	case reflect.Map:
		schema["type"] = "object"
		if of.Elem().Kind() == reflect.String {
			schema["additionalProperties"] = map[string]any{"type": "string"}
		}
	case reflect.Bool:
		schema["type"] = "boolean"
	default:
		schema["type"] = "string"
	}
	if words := choices[path]; words != nil {
		schema["enum"] = words
	}
	if of == reflect.TypeFor[Word]() { // YAML 1.1 reads a bare off as false
		delete(schema, "type")
		schema["enum"] = []any{"auto", "off", false}
	}
	return schema
}

func wholeSchema() map[string]any {
	texts := map[string]Description{}
	for _, d := range Describe() {
		texts[d.Path] = d
	}
	return map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "Configuration of elk-mtls",
		"type":    "object",
		"properties": map[string]any{
			"apiVersion": map[string]any{"const": APIVersion},
			"kind":       map[string]any{"const": Kind},
			"metadata":   map[string]any{"type": "object"},
			"spec":       schemaOf(reflect.TypeFor[Settings](), "", texts),
		},
		"required":             []string{"apiVersion", "kind"},
		"additionalProperties": false,
	}
}

// TestSchema holds that docs/config.schema.json is what the code says. UPDATE_GOLDEN=1 writes it.
func TestSchema(t *testing.T) {
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(wholeSchema()); err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(top+schemaFile, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(top + schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(have)); diff != "" {
		t.Errorf("%s: run make golden (-want +have)\n%s", schemaFile, diff)
	}
}

// TestSchemaAgreesWithParse holds that the schema takes every configuration that there is, and refuses with Parse.
func TestSchemaAgreesWithParse(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(top + schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	valid := func(text string) error {
		converted, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			return err
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(converted))
		if err != nil {
			return err
		}
		return schema.Validate(value)
	}
	for _, name := range configurations(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(string(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for spec, takes := range map[string]bool{
		"{}": true, "{hooks: off}": true, "{hooks: auto}": true, "{mode: tokn}": false, "{clientAuthentication: maybe}": false, "{modes: pki}": false,
		"{certificates: {clients: [{ref: Deployment/x, secretname: y}]}}": false, "{rules: [{ref: Deployment/x, as: grafana}]}": true,
		"{initContainer: {resources: {}}}": true, "{initContainer: {pullSecrets: x}}": false, "{password: {set: perhaps}}": false,
	} {
		text := fmt.Sprintf("apiVersion: %s\nkind: %s\nspec: %s\n", APIVersion, Kind, spec)
		parsed, err := Parse([]byte(text))
		if err == nil {
			err = parsed.Validate()
		}
		if byCode, bySchema := err == nil, valid(text) == nil; byCode != takes || bySchema != takes {
			t.Errorf("%s: the code takes it: %v (%v); the schema takes it: %v", spec, byCode, err, bySchema)
		}
	}
}

// TestExamplesNameTheSchema holds that an editor finds the schema in every example.
func TestExamplesNameTheSchema(t *testing.T) {
	for _, name := range configurations(t) {
		if strings.Contains(name, "testdata") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		way, err := filepath.Rel(filepath.Dir(name), top+schemaFile)
		if err != nil {
			t.Fatal(err)
		}
		if want := "# yaml-language-server: $schema=" + filepath.ToSlash(way) + "\n"; !strings.HasPrefix(string(text), want) {
			t.Errorf("%s does not begin with %q", name, want)
		}
	}
}

// configurations are all files of the repository that configure elk-mtls.
func configurations(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, folder := range []string{"examples", "charts-overlay", "plugin/testdata/charts"} {
		err := filepath.WalkDir(top+folder, func(name string, _ os.DirEntry, err error) error {
			if err != nil || !slices.Contains([]string{"elk-mtls.yaml", "config.yaml", "minimal.yaml"}, filepath.Base(name)) {
				return err
			}
			text, err := os.ReadFile(name)
			if strings.Contains(string(text), "kind: "+Kind+"\n") {
				names = append(names, name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(names) < 20 {
		t.Fatalf("only %d configurations are found", len(names))
	}
	return names
}
