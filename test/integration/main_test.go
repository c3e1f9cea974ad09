//go:build integration

// Package integration holds elk-mtls against real parts: a kube-apiserver that takes what comes out, Helm 3 and Helm 4 that carry it.
// In go the fixtures of the post-renderer and, where present, renderings of real charts; out comes what a cluster then holds.
package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/elk-mtls/elk-mtls/test/parts"
)

// What all tests share is made when the first one asks for it, and undone after the last one.
var (
	controlPlane = sync.OnceValues(startControlPlane)
	plugin       = sync.OnceValues(buildPlugin)

	undo struct {
		sync.Mutex
		all []func() error
	}
)

func TestMain(m *testing.M) {
	m.Run()
	for _, f := range slices.Backward(undo.all) {
		if err := f(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

func afterAll(f func() error) {
	undo.Lock()
	defer undo.Unlock()
	undo.all = append(undo.all, f)
}

func startControlPlane() (*parts.APIServer, error) {
	server, err := parts.KubeAPIServer(context.Background())
	if err == nil {
		afterAll(server.Stop)
	}
	return server, err
}

// buildPlugin puts the Helm 4 plugin together: plugin.yaml as it is, and the program where that looks for it, also under its plain name.
func buildPlugin() (string, error) {
	temp, err := os.MkdirTemp("", "elk-mtls-integration-")
	if err != nil {
		return "", err
	}
	afterAll(func() error { return os.RemoveAll(temp) })
	dir := filepath.Join(temp, "elk-mtls")
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "bin", "elk-mtls"), "../../plugin/elk-mtls").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building elk-mtls: %w\n%s", err, out)
	}
	if err := os.Symlink("elk-mtls", filepath.Join(dir, "bin", "elk-mtls-"+runtime.GOOS+"-"+runtime.GOARCH)); err != nil {
		return "", err
	}
	text, err := os.ReadFile("../../plugin/helm/elk-mtls/plugin.yaml")
	return dir, errors.Join(err, os.WriteFile(filepath.Join(dir, "plugin.yaml"), text, 0o600))
}

// apiServer gives the one kube-apiserver of this package. Without it the test is left out, or fails where real parts are required.
func apiServer(t *testing.T) *parts.APIServer {
	t.Helper()
	server, err := controlPlane()
	parts.SkipOrFail(t, err)
	return server
}

// pluginDir gives the folder that is the Helm 4 plugin.
func pluginDir(t *testing.T) string {
	t.Helper()
	dir, err := plugin()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// elkmtls gives the path of the program elk-mtls.
func elkmtls(t *testing.T) string {
	t.Helper()
	return filepath.Join(pluginDir(t), "bin", "elk-mtls")
}

// namespace makes a namespace of its own for the test, and gives its name.
func namespace(t *testing.T) string {
	t.Helper()
	return labelledNamespace(t, nil)
}

func labelledNamespace(t *testing.T, labels map[string]string) string {
	t.Helper()
	made := namespaceObject("")
	made.SetGenerateName("elk-")
	made.SetLabels(labels)
	made, err := connect(t).dynamic.Resource(namespaces).Create(t.Context(), made, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("making a namespace: %v", err)
	}
	return made.GetName()
}

// ensureNamespace makes the namespace that a manifest names, if any.
func (c *client) ensureNamespace(t *testing.T, name string) {
	t.Helper()
	if name == "" {
		return
	}
	_, err := c.dynamic.Resource(namespaces).Create(t.Context(), namespaceObject(name), metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatalf("making the namespace %q: %v", name, err)
	}
}

var namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}

func namespaceObject(name string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetAPIVersion("v1")
	o.SetKind("Namespace")
	o.SetName(name)
	return o
}
