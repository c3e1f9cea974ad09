package config

import (
	"errors"

	"github.com/spf13/pflag"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/tlsfiles"
	"github.com/elk-mtls/elk-mtls/internal/contract"
)

// Keystore are the settings of the command keystore.
type Keystore struct {
	TLS    tlsfiles.Files // the pair alone
	Out    string
	output Output
}

// Flags declares the flags of keystore.
func (k *Keystore) Flags(f *pflag.FlagSet) {
	f.StringVar(&k.TLS.Cert, contract.FlagCert, "", "PEM `FILE` with the certificate, and those of the CAs between "+
		"it and the root; required")
	f.StringVar(&k.TLS.Key, contract.FlagKey, "", "PEM `FILE` with its private key; required")
	f.StringVar(&k.Out, contract.FlagOut, "", "`FILE` to write, such as client.p12; required")
	k.output.flags(f)
}

// Complete fills in what the surroundings know.
func (k *Keystore) Complete(func(string) string) error { k.output.complete(); return nil }

// Validate reports all mistakes at once.
func (k *Keystore) Validate() error {
	var errs []error
	for _, flag := range []struct{ name, value string }{{"--cert", k.TLS.Cert}, {"--key", k.TLS.Key},
		{"--out", k.Out}} {
		if flag.value == "" {
			errs = append(errs, errors.New(flag.name+": missing"))
		}
	}
	return errors.Join(append(errs, k.output.validate())...)
}

// Output returns how the run tells what it does.
func (k *Keystore) Output() Output { return k.output }
