package secret

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/credential"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/protocol"
)

// uidKey holds what takes the place of the UID outside a cluster. It is no metadata.uid: kubectl apply would refuse
// that.
const uidKey = "elk-mtls.dev/file-uid"

func newUID() string { return strings.ToLower(rand.Text()[:8]) }

// blank is a Secret manifest without data.
func blank(place Place, uid string) *corev1.Secret {
	return &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: place.Name, Annotations: map[string]string{uidKey: uid}},
		Type:       corev1.SecretTypeOpaque,
	}
}

func stateOf(s *corev1.Secret, version string, place Place) protocol.State {
	out := protocol.Read(s.Annotations, credential.NewToken(string(s.Data[place.Key])), place.Account)
	out.UID, out.Version = s.Annotations[uidKey], version
	return out
}

// apply does to a manifest what the merge patch does to a Secret in a cluster.
func apply(s *corev1.Secret, from, to protocol.State, key string) {
	if s.Annotations == nil {
		s.Annotations = map[string]string{}
	}
	s.Annotations[uidKey] = to.UID
	for name, text := range changes(from, to) {
		if text == nil {
			delete(s.Annotations, name)
			continue
		}
		s.Annotations[name] = *text
	}
	if !to.Token.Equal(from.Token) {
		if s.Data == nil {
			s.Data = map[string][]byte{}
		}
		s.Data[key] = []byte(to.Token.Reveal())
	}
}

// parse reads a manifest as kubectl would: what stringData says goes into data.
func parse(text []byte) (*corev1.Secret, error) {
	var s corev1.Secret
	if err := yaml.UnmarshalStrict(text, &s); err != nil {
		return nil, fmt.Errorf("not a Secret manifest") // the parser's own text may quote the file
	}
	if s.Kind != "Secret" || s.APIVersion != "v1" {
		return nil, fmt.Errorf("not a Secret manifest: it holds %q, kind %q", s.APIVersion, s.Kind)
	}
	if s.Data == nil && len(s.StringData) > 0 {
		s.Data = map[string][]byte{}
	}
	for key, text := range s.StringData {
		s.Data[key] = []byte(text)
	}
	s.StringData = nil
	return &s, nil
}

// NameOf makes a Secret's name of a file's: what is not a letter, digit or hyphen becomes a hyphen.
func NameOf(path string) string {
	base := strings.ToLower(filepath.Base(path))
	base = strings.TrimSuffix(base, filepath.Ext(base))
	name := strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, base), "-")
	if name == "" {
		return "elk-mtls-token"
	}
	return name[:min(len(name), 253)]
}

// next is the version after this one, for Secrets that live in memory.
func next(version string) string {
	n, _ := strconv.Atoi(version)
	return strconv.Itoa(n + 1)
}
