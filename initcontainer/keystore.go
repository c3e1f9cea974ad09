package initcontainer

import (
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/internal/contract"
)

func keystoreCommand(environ []string, report *reporter) *cobra.Command {
	var o config.Keystore
	return command(environ, report, &cobra.Command{
		Use:   contract.Keystore,
		Short: "Write a certificate and its key into a PKCS#12 file, for programs that read no PEM files",
		Long: `Write a certificate and its key into a PKCS#12 file, for programs that read no PEM files: Logstash
before 8.8, and later versions with a key that is not PKCS#8. The password is changeit. It protects nothing, because
the key lies beside it. This command connects to nothing.` + about,
	}, &o, func(_ context.Context, e edge) error {
		if err := keystore(o); err != nil {
			return err
		}
		e.log.Info("wrote the keystore", "file", o.Out)
		return nil
	})
}

// keystore writes the file in one step, so that nobody reads half of it. All containers of the pod may read it: who
// mounts its folder has the key already.
func keystore(o config.Keystore) error {
	pair, err := o.TLS.Pair()
	if err != nil {
		return err
	}
	var chain []*x509.Certificate
	for _, der := range pair.Certificate {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return failure.New(failure.ClientCertificate, fmt.Errorf("%s: %w", o.TLS.Cert, err), "")
		}
		chain = append(chain, c)
	}
	// The oldest form is the one that every Java reads; the password is public anyway.
	text, err := pkcs12.LegacyDES.Encode(pair.PrivateKey, chain[0], chain[1:], contract.KeystorePassword)
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(o.Out), ".keystore-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }()
	if err := temporary.Chmod(0o644); err != nil {
		return err
	}
	if _, err := temporary.Write(text); err != nil {
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), o.Out)
}
