package plugin

import (
	"fmt"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// TestNobodyMountsTheKeyOfACA holds for every input that there is, in every mode with certificates, that no output mounts a private key out
// of a Secret of which the input says that it is a CA's. Each Secret that gives a key is made such a one, in turn: an issuer names it, its
// Certificate sets isCA, or it has a key ca.key.
func TestNobodyMountsTheKeyOfACA(t *testing.T) {
	marks := map[string]string{
		"an issuer":     "apiVersion: cert-manager.io/v1\nkind: Issuer\nmetadata: {name: marks%s}\nspec: {ca: {secretName: NAME}}\n",
		"a certificate": "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: marks%s}\nspec: {isCA: true, secretName: NAME, issuerRef: {name: i}}\n",
		"a key ca.key":  "apiVersion: v1\nkind: Secret\nmetadata: {name: NAME%s}\nstringData: {ca.key: k, ca.crt: c, tls.crt: c, tls.key: k}\n",
	}
	marked, refused := 0, 0
	for i, file := range inputs(t) {
		if testing.Short() && i%4 != 0 {
			continue
		}
		input := string(read(t, file))
		for mode, s := range map[string]config.Settings{"": realSettings(config.ModeCertToken, config.Required), "a Secret is named": namedPair(config.ModeCertToken)} {
			output, _, err := transform([]byte(input), s)
			if err != nil {
				continue
			}
			for key, names := range keysGiven(t, output) {
				secret, namespace, _ := strings.Cut(key, " ")
				for what, mark := range marks {
					if what == "a key ca.key" && strings.Contains(input, "name: "+secret+"\n") {
						continue // the input shows another content of it
					}
					text := strings.ReplaceAll(fmt.Sprintf(mark, ""), "NAME", secret)
					if namespace != "" {
						text = strings.Replace(text, "metadata: {", "metadata: {namespace: "+namespace+", ", 1)
					}
					marked++
					after, _, err := transform([]byte(input+"\n---\n"+text), s)
					if err != nil {
						refused++
						continue
					}
					if who := keysGiven(t, after)[key]; len(who) > 0 {
						t.Errorf("%s, %s: %s says that Secret/%s is a CA's, and %v get its key (before: %v)", file, mode, what, secret, who, names)
					}
				}
			}
		}
	}
	t.Logf("%d times a Secret was marked, %d times that was refused", marked, refused)
	if marked == 0 || refused == 0 {
		t.Error("nothing was marked, or nothing refused")
	}
}

// namedPair is a configuration that names one Secret for all.
func namedPair(mode string) config.Settings {
	s := realSettings(mode, config.Required)
	s.Certificates.SecretName = ownPair
	return s
}

// keysGiven gives the Secrets out of which volumes of elk-mtls mount a private key, with their namespaces, and the objects that do.
func keysGiven(t *testing.T, stream []byte) map[string][]string {
	t.Helper()
	split, err := manifest.Split(stream)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, doc := range split.Documents() {
		objects, err := object.In(doc)
		if err != nil {
			continue
		}
		for _, o := range objects {
			pod, ok := o.Pod()
			if !ok {
				continue
			}
			for _, v := range object.Items(pod.Spec, "volumes") {
				if !strings.HasPrefix(object.Text(v, "name"), "elk-mtls") {
					continue
				}
				for _, source := range object.Items(v, "projected", "sources") {
					for _, item := range object.Items(source, "secret", "items") {
						if strings.HasSuffix(object.Text(item, "path"), ".key") {
							key := object.Text(source, "secret", "name") + " " + o.Namespace
							all[key] = append(all[key], o.ID.String())
						}
					}
				}
			}
		}
	}
	return all
}
