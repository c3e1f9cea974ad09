package config

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/elastic"
	"github.com/elk-mtls/elk-mtls/internal/contract"
)

// The modes: how Kibana shows Elasticsearch who it is. Without any, it is ModeToken or ModeCertToken, by whether there
// is a certificate.
const (
	ModeToken        = contract.ModeToken
	ModeCertToken    = contract.ModeCertToken
	ModePassword     = contract.ModePassword
	ModeCertPassword = contract.ModeCertPassword
	ModePKI          = contract.ModePKI
)

// KibanaSystem is Kibana's own user, which Elasticsearch always has.
const KibanaSystem = "kibana_system"

// minPassword is Elasticsearch's rule for passwords.
const minPassword = 6

// Identity are the settings that the modes have besides those of the token.
type Identity struct {
	Mode               string
	KibanaUsername     string
	KibanaUsernameFile string
	KibanaPasswordFile string
	SetPassword        bool
	Realm              string
	RoleMapping        string
	Role               string
}

func (i *Identity) flags(f *pflag.FlagSet) {
	f.StringVar(&i.Mode, contract.FlagMode, "", "token, cert-token, password, cert-password or pki (default: token, "+
		"or cert-token with --cert)")
	f.StringVar(&i.KibanaUsername, contract.FlagKibanaUser, "",
		"password modes: Kibana's user `NAME` (default: "+KibanaSystem+")")
	f.StringVar(&i.KibanaUsernameFile, contract.FlagKibanaFile, "", "password modes: `FILE` with Kibana's user name, "+
		"instead of --kibana-username")
	f.StringVar(&i.KibanaPasswordFile, contract.FlagKibanaPass, "",
		"password modes: `FILE` with its password; required there")
	f.BoolVar(&i.SetPassword, contract.FlagSetPassword, false,
		"password modes: set the password of "+KibanaSystem+" where it is another one; needs manage_security")
	f.StringVar(&i.Realm, contract.FlagRealm, "", "mode pki: `NAME` of the realm that must accept the certificate "+
		"(default: whichever does)")
	f.StringVar(&i.RoleMapping, "role-mapping", "", "mode pki: `NAME` of the role mapping; one that "+
		"elk-mtls-init did not make is never replaced (default: created from realm and subject)")
	f.StringVar(&i.Role, contract.FlagRole, KibanaSystem, "mode pki: role of Kibana's certificate")
}

// HasToken reports whether the mode is one with a service token.
func (i *Identity) HasToken() bool {
	return i.Mode == "" || i.Mode == ModeToken || i.Mode == ModeCertToken
}

// HasPassword reports whether the mode is one with a password for Kibana.
func (i *Identity) HasPassword() bool { return i.Mode == ModePassword || i.Mode == ModeCertPassword }

// NeedsMinter reports whether there must be another user: a password is checked with itself.
func (i *Identity) NeedsMinter() bool { return !i.HasPassword() || i.SetPassword }

// validate checks what belongs to one mode only: a setting that another mode passes over was meant for something.
func (i *Identity) validate(hasCert bool) error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch i.Mode {
	case "":
	case ModeToken, ModePassword:
		if hasCert {
			add("--mode %s: is the one without a client certificate; --mode cert-%[1]s presents it", i.Mode)
		}
	case ModeCertToken, ModeCertPassword, ModePKI:
		if !hasCert {
			add("--mode %s: --cert and --key are missing", i.Mode)
		}
	default:
		add("--mode: %q is none of token, cert-token, password, cert-password, pki", i.Mode)
		return errors.Join(errs...)
	}
	given := i.KibanaUsername != "" || i.KibanaUsernameFile != "" || i.KibanaPasswordFile != "" || i.SetPassword
	switch {
	case i.HasPassword() && i.KibanaPasswordFile == "":
		add("--kibana-password-file: Kibana's password is missing")
	case i.KibanaUsername != "" && i.KibanaUsernameFile != "":
		add("--kibana-username-file: cannot be combined with --kibana-username")
	case !i.HasPassword() && given:
		add("--kibana-username, --kibana-username-file, --kibana-password-file, --set-password: go with the password " +
			"modes only")
	}
	for _, f := range []struct{ flag, name string }{{"--pki-realm", i.Realm}, {"--role-mapping", i.RoleMapping}} {
		if f.name != "" && i.Mode != ModePKI {
			add("%s: goes with --mode pki only", f.flag)
		}
		if !plainName(f.name) {
			add("%s: %q: want letters, digits, hyphens, underscores and dots", f.flag, f.name)
		}
	}
	if i.Role == "" {
		add("--role: missing")
	}
	return errors.Join(errs...)
}

// plainName: names go into URLs unescaped.
func plainName(name string) bool {
	const chars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
	return strings.Trim(name, chars) == "" && strings.Trim(name, ".") == name
}

// KibanaLogin reads Kibana's credentials, and says before anybody is called what Elasticsearch or Kibana would refuse.
func (i *Identity) KibanaLogin() (elastic.Login, error) {
	login, err := loginFiles{"--kibana-", i.KibanaUsernameFile, i.KibanaPasswordFile}.read()
	if login.Username == "" && i.KibanaUsernameFile == "" {
		login.Username = cmp.Or(i.KibanaUsername, KibanaSystem)
	}
	switch {
	case err != nil:
		return elastic.Login{}, err
	case login.Username == "elastic":
		return elastic.Login{}, fmt.Errorf("--kibana-username: Kibana refuses to log in as elastic; use %s",
			KibanaSystem)
	case !i.SetPassword:
	case login.Username != KibanaSystem:
		return elastic.Login{}, fmt.Errorf("--set-password: sets the password of %s only, not of %q", KibanaSystem,
			login.Username)
	case utf8.RuneCountInString(login.Password.Reveal()) < minPassword:
		return elastic.Login{}, fmt.Errorf("--kibana-password-file: Elasticsearch takes passwords of at least %d "+
			"characters", minPassword)
	}
	return login, nil
}
