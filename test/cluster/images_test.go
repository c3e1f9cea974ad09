//go:build cluster

package cluster

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/test/cluster/node"
)

// users are those who run images: nobody for kustomize and kpt, the one of our images, and the one of Argo CD.
var users = []int{65534, 65532, 999}

// TestImages runs each image as each of these users, without a network. What the program says there is what it says here.
func TestImages(t *testing.T) {
	s := newStack(t, 4, nil)
	stream := s.both()
	app := os.DirFS(chart(t, "elk", stream))
	for _, c := range []struct {
		image       string
		here, there []string
	}{
		{"elk-mtls", []string{"../../bin/elk-mtls"}, []string{"/elk-mtls"}},
		{"elk-mtls-cmp", []string{"../../bin/elk-mtls", "cmp", "generate"}, []string{"/usr/local/bin/elk-mtls", "cmp", "generate"}},
	} {
		s.step(c.image, func(s *stack) {
			env := []string{"ARGOCD_APP_NAME=elk", "ELK_MTLS_CERTIFICATES_RENDERED=allow", "ELK_MTLS_INIT_CONTAINER_IMAGE=" + lab.images["elk-mtls-init"], "PATH=/usr/local/bin"}
			tmp := s.everybodys(app)
			program, err := filepath.Abs(c.here[0])
			if err != nil {
				s.t.Fatal(err)
			}
			here := exec.Command(program, c.here[1:]...)
			here.Dir, here.Stdin = tmp, strings.NewReader(stream)
			here.Env = append(helmIn(tmp), append(env, "PATH="+filepath.Dir(lab.helm[4]))...)
			var message strings.Builder
			here.Stderr = &message
			want, err := here.Output()
			if err != nil || len(want) == 0 {
				s.t.Fatalf("outside: %v\n%s", err, &message)
			}
			for _, user := range users {
				got, err := lab.Run(s.t.Context(), node.Container{
					Image: lab.images[c.image], User: user, Args: c.there, Env: append(helmIn("/tmp"), env...),
					Stdin: strings.NewReader(stream), Tmp: s.everybodys(app),
				})
				if diff := cmp.Diff(string(want), string(got)); err != nil || diff != "" {
					s.t.Errorf("user %d: %v (-outside +inside):\n%s", user, err, diff)
				}
			}
		})
	}
	s.step("elk-mtls-init", func(s *stack) {
		for _, user := range users {
			tmp := s.everybodys(app)
			for name, text := range map[string][]byte{"tls.crt": s.pair.Cert, "tls.key": s.pair.Key} {
				if err := os.WriteFile(filepath.Join(tmp, name), text, 0o644); err != nil {
					s.t.Fatal(err)
				}
			}
			_, err := lab.Run(s.t.Context(), node.Container{Image: lab.images["elk-mtls-init"], User: user, Tmp: tmp, Args: []string{
				"/elk-mtls-init", "keystore", "--cert", "/tmp/tls.crt", "--key", "/tmp/tls.key", "--out", "/tmp/store.p12",
			}})
			store, statErr := os.ReadFile(filepath.Join(tmp, "store.p12"))
			if err != nil || len(store) == 0 {
				s.t.Errorf("user %d: %v", user, errors.Join(err, statErr))
			}
		}
	})
}

// everybodys is a copy of a folder that anybody may read and write to.
func (s *stack) everybodys(app fs.FS) string {
	s.t.Helper()
	dir, err := os.MkdirTemp("", "elk-mtls-image-") // other users could not enter t.TempDir()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := errors.Join(os.CopyFS(dir, app), os.Chmod(dir, 0o777)); err != nil {
		s.t.Fatal(err)
	}
	return dir
}
