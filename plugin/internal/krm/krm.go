// Package krm is the form in which kustomize and kpt call a function: a stream with one ResourceList comes in, the
// configuration that it carries and a place for results go out. The items themselves are objects of the stream like any
// other, see
// https://github.com/kubernetes-sigs/kustomize/blob/master/cmd/config/docs/api-conventions/functions-spec.md.
package krm

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

var versions = [...]string{"config.kubernetes.io/v1", "config.kubernetes.io/v1beta1", "config.kubernetes.io/v1alpha1"}

// List is the ResourceList of a stream.
type List struct {
	doc  *manifest.Document
	root *yaml.Node
}

// Of gives the ResourceList of a stream, nil when it holds none. One that cannot be read is an error, for what is in it
// would pass as it is; and so is one beside other documents, for nobody would read the rest.
func Of(stream *manifest.Stream) (*List, error) {
	var list *List
	for _, doc := range stream.Documents() {
		if !bytes.Contains(doc.Text(), []byte(object.ResourceList)) {
			continue
		}
		root, err := doc.Root()
		if err != nil && bytes.Contains(doc.Text(), []byte("kind: "+object.ResourceList)) {
			return nil, fmt.Errorf("the %s on stdin is broken: %w", object.ResourceList, err)
		}
		if err == nil && object.Text(root, "kind") == object.ResourceList {
			list = &List{doc, root}
			break
		}
	}
	if list == nil {
		return nil, nil
	}
	for _, doc := range stream.Documents() {
		if root, err := doc.Root(); doc != list.doc && (err != nil || root != nil) {
			return nil, errors.New("stdin holds a ResourceList and another document beside it: a function reads one " +
				"ResourceList alone")
		}
	}
	if version := object.Text(list.root, "apiVersion"); !slices.Contains(versions[:], version) {
		return nil, fmt.Errorf("the ResourceList on stdin has apiVersion %q: expected %s", version,
			strings.Join(versions[:], ", "))
	}
	if items := object.Get(list.root, "items"); items != nil && (items.Kind != yaml.SequenceNode ||
		slices.ContainsFunc(items.Content, func(item *yaml.Node) bool { return item.Kind != yaml.MappingNode })) {
		return nil, errors.New("items of the ResourceList on stdin is no list of objects")
	}
	return list, nil
}

// FunctionConfig gives the configuration that the ResourceList carries, nil when it carries none.
func (l *List) FunctionConfig() *yaml.Node { return object.Get(l.root, "functionConfig") }

// Result is one line about what the function did or could not do.
type Result struct {
	Severity string // error, warning, info
	Message  string
	Object   *object.Object // nil when it is about no object of the list
}

// Item gives the item of that identity; nil when there is none.
func (l *List) Item(kind, namespace, name string) *object.Object {
	all, err := object.In(l.doc)
	if err != nil {
		return nil
	}
	for _, o := range all {
		if o.Kind == kind && o.Namespace == namespace && o.Name == name {
			return o
		}
	}
	return nil
}

// SetResults puts the results into the list, in place of those that it came with.
func (l *List) SetResults(results []Result) error {
	return l.doc.Edit(func(root *yaml.Node) error {
		at := 0
		for at < len(root.Content) && root.Content[at].Value != "results" {
			at += 2
		}
		root.Content = slices.Delete(root.Content, at, min(at+2, len(root.Content)))
		if len(results) > 0 {
			root.Content = slices.Insert(root.Content, at, patch.Str("results"), nodes(results))
		}
		return nil
	})
}

// Failure gives the answer of a function that could not do its work: results, and no items. An item that was not
// secured must not reach whoever overlooks the exit code.
func Failure(results []Result) (string, error) {
	return manifest.Print(patch.Map(
		patch.F("apiVersion", patch.Str(versions[0])),
		patch.F("kind", patch.Str(object.ResourceList)),
		patch.F("items", patch.Seq()),
		patch.F("results", nodes(results)),
	))
}

func nodes(results []Result) *yaml.Node {
	all := patch.Seq()
	for _, r := range results {
		entries := []patch.Entry{patch.F("message", patch.Str(r.Message)), patch.F("severity", patch.Str(r.Severity))}
		if r.Object != nil {
			entries = append(entries, patch.F("resourceRef", reference(r.Object)), patch.F("file", file(r.Object)))
		}
		all.Content = append(all.Content, patch.Map(entries...))
	}
	return all
}

func reference(o *object.Object) *yaml.Node {
	ref := patch.Map(patch.F("apiVersion", patch.Str(o.APIVersion)), patch.F("kind", patch.Str(o.Kind)),
		patch.F("name", patch.Str(o.Name)))
	if o.Namespace != "" {
		ref.Content = append(ref.Content, patch.Str("namespace"), patch.Str(o.Namespace))
	}
	return ref
}

// file gives where the orchestrator says that it read the object, nil when it does not say. Two spellings are in use.
func file(o *object.Object) *yaml.Node {
	annotation := func(name string) string {
		if value := o.Annotation("internal.config.kubernetes.io/" + name); value != "" {
			return value
		}
		return o.Annotation("config.kubernetes.io/" + name)
	}
	path := annotation("path")
	if path == "" {
		return nil
	}
	f := patch.Map(patch.F("path", patch.Str(path)))
	if index, err := strconv.Atoi(annotation("index")); err == nil {
		f.Content = append(f.Content, patch.Str("index"), patch.Int(index))
	}
	return f
}
