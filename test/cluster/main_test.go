//go:build cluster

package cluster

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/elk-mtls/elk-mtls/test/cluster/image"
	"github.com/elk-mtls/elk-mtls/test/cluster/node"
	"github.com/elk-mtls/elk-mtls/test/parts"
)

// lab is what all tests share. It is made before the first one.
var lab struct {
	*node.Cluster
	helm        map[int]string    // by major version
	plugin      string            // folder of the Helm 4 plugin
	certmanager string            // path of its controllers
	images      map[string]string // the names under which our images are known, by target of the Dockerfile
	missing     error             // why there is nothing of all this
}

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "elk-mtls-cluster-")
	if err == nil {
		// A signal ends the start; later it ends this process, and the cluster with it.
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		err = start(ctx, folder)
		stop()
	}
	if lab.missing = err; lab.Cluster == nil { // each test says so
		err = os.RemoveAll(folder)
	}
	m.Run()
	if lab.Cluster != nil {
		err = lab.Stop()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// start makes the programs and the images, and brings the cluster up.
func start(ctx context.Context, folder string) error {
	if os.Geteuid() != 0 {
		return &parts.Missing{Part: "a cluster", Why: "not root", Remedy: "run make test-cluster as root"}
	}
	if err := os.Unsetenv("ES_VERSION"); err != nil { // the image has Java for the default version
		return err
	}
	// The binaries in the images are those that `make` has just built.
	lab.plugin = "../../dist/helm4/elk-mtls"
	lab.images = map[string]string{}
	var archives []string
	for _, target := range []string{"elk-mtls", "elk-mtls-init", "elk-mtls-cmp"} {
		archive := "../../dist/" + target + ".oci.tar"
		name, err := nameIn(archive)
		if err != nil {
			return fmt.Errorf("make plugin image-cmp first: %w", err)
		}
		lab.images[target] = name
		archives = append(archives, archive)
	}
	var err error
	if lab.plugin, err = filepath.Abs(lab.plugin); err != nil {
		return err
	}
	dir := filepath.Join(folder, "bin")
	build := exec.CommandContext(ctx, "go", "build", "-o", dir+"/", "./kibana", "./pause", "./machine")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the programs of the cluster: %w\n%s", err, out)
	}
	folders := map[string]string{}
	for _, name := range []string{"containerd", "kube", "kubelet", "coredns", "elasticsearch", "base-image", "helm3", "helm4", "beats", "exporter", "certmanager"} {
		if folders[name], err = parts.Dir(ctx, name); err != nil {
			return err
		}
	}
	lab.certmanager = filepath.Join(folders["certmanager"], "certmanager")
	lab.helm = map[int]string{3: filepath.Join(folders["helm3"], "helm"), 4: filepath.Join(folders["helm4"], "helm")}
	digest, err := os.ReadFile(filepath.Join(folders["base-image"], parts.BaseImageDigest))
	if err != nil {
		return err
	}
	sources := image.Sources{
		Base: filepath.Join(folders["base-image"], parts.BaseImage), BaseDigest: string(digest),
		Elasticsearch: folders["elasticsearch"],
		Kibana:        filepath.Join(dir, "kibana"), Pause: filepath.Join(dir, "pause"),
		Filebeat: filepath.Join(folders["beats"], "filebeat"), Exporter: filepath.Join(folders["exporter"], "elasticsearch_exporter"),
	}
	lab.Cluster, err = node.Start(ctx, node.Options{
		Folder: folder, Machine: filepath.Join(dir, "machine"),
		Programs: []string{folders["kube"], folders["kubelet"], folders["coredns"]},
		CNI:      parts.CNI(), Pause: image.Pause,
		Images:   func(w io.Writer) error { return image.Write(w, sources) },
		Archives: archives,
	})
	return err
}

// nameIn gives the name of the image in an OCI archive.
func nameIn(archive string) (string, error) {
	out, err := exec.Command("tar", "-xOf", archive, "index.json").Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", archive, err)
	}
	const key = `"io.containerd.image.name":"`
	_, rest, found := strings.Cut(strings.ReplaceAll(string(out), `": "`, `":"`), key)
	if !found {
		return "", fmt.Errorf("%s: its index names no image", archive)
	}
	name, _, _ := strings.Cut(rest, `"`)
	return name, nil
}
