//go:build integration

package parts_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/elk-mtls/elk-mtls/test/parts"
)

func TestKubeAPIServer(t *testing.T) {
	server, err := parts.KubeAPIServer(t.Context())
	parts.SkipOrFail(t, err)
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	config, err := clientcmd.BuildConfigFromFlags("", server.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	version, err := client.Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(version.GitVersion, "v1.") { // without its version built in it says v0.0.0-master
		t.Errorf("the server says it is %s", version.GitVersion)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CoreV1().Namespaces().Get(t.Context(), "default", metav1.GetOptions{}); err != nil {
		t.Errorf("after a restart: %v", err)
	}
}

func TestHelm(t *testing.T) {
	for major := 3; major <= 4; major++ {
		t.Run(fmt.Sprintf("Helm %d", major), func(t *testing.T) {
			helm, err := parts.Helm(t.Context(), major)
			parts.SkipOrFail(t, err)
			out, err := exec.CommandContext(t.Context(), helm, "version", "--short").CombinedOutput()
			if err != nil || !strings.HasPrefix(string(out), fmt.Sprintf("v%d.", major)) {
				t.Errorf("helm version: %v, %s", err, out)
			}
		})
	}
}
