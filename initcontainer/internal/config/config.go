// Package config gives the settings of one run: flags and environment go in, one checked struct comes out.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/credential"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/elastic"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/tlsfiles"
	"github.com/elk-mtls/elk-mtls/internal/contract"
)

// Common are the settings that every command with a connection to Elasticsearch has.
type Common struct {
	URLs         []string
	TLS          tlsfiles.Files
	UsernameFile string
	PasswordFile string
	Timeout      time.Duration
	Output
}

// Output is how a run tells what it does.
type Output struct {
	LogFormat      string
	TerminationLog string
}

// Ensure are the settings of the command ensure.
type Ensure struct {
	Common
	Identity
	AccountName     string
	Account         credential.Account
	Secret          string
	SecretKey       string
	Namespace       string
	Kubeconfig      string
	SecretOut       string
	New             bool
	PodUID          string
	Settle          time.Duration
	RequireVerified bool
	Copied          string // the folder under which files of a pod were copied, which had their paths in the pod
}

const (
	namespaceFile  = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
	terminationLog = "/dev/termination-log"
)

func (c *Common) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&c.URLs, contract.FlagURL, nil, "https URL of Elasticsearch; repeatable, the hosts are tried in "+
		"turn")
	f.StringVar(&c.TLS.CA, contract.FlagCA, "", "PEM `FILE` with the CAs to trust; required")
	f.StringVar(&c.TLS.Cert, contract.FlagCert, "", "PEM `FILE` with the client certificate")
	f.StringVar(&c.TLS.Key, contract.FlagKey, "", "PEM `FILE` with its private key")
	f.StringVar(&c.TLS.VerificationMode, contract.FlagVerification, "full",
		"full, or certificate: the chain without the host name")
	f.StringVar(&c.UsernameFile, contract.FlagUsernameFile, "", "`FILE` with the name of the user that makes tokens, "+
		"sets the password or the role mapping")
	f.StringVar(&c.PasswordFile, contract.FlagPasswordFile, "", "`FILE` with its password")
	f.DurationVar(&c.Timeout, contract.FlagTimeout, 5*time.Minute, "how long to wait in all")
	c.Output.flags(f)
}

func (o *Output) flags(f *pflag.FlagSet) {
	f.StringVar(&o.LogFormat, "log-format", "text", "text or json")
	f.StringVar(&o.TerminationLog, "termination-log", "",
		"`FILE` for the last error's one line (default "+terminationLog+" where it exists)")
}

func (o *Output) complete() {
	if o.TerminationLog == "" {
		o.TerminationLog = DefaultTerminationLog()
	}
}

func (o *Output) validate() error {
	if f := o.LogFormat; f != "text" && f != "json" {
		return fmt.Errorf("--log-format: %q is neither text nor json", f)
	}
	return nil
}

// Flags declares the flags of ensure.
func (e *Ensure) Flags(f *pflag.FlagSet) {
	e.Common.flags(f)
	e.Identity.flags(f)
	e.secretFlags(f)
	f.StringVar(&e.SecretOut, "secret-out", "", "instead of --secret: manifest `FILE` to read and write, or - for "+
		"standard output, with --new")
	f.BoolVar(&e.New, "new", false, "with --secret-out -: make a new token each time")
	f.DurationVar(&e.Settle, "settle", 2*time.Second, "pause after a token was replaced, for kubelets that hold the "+
		"old value")
	f.BoolVar(&e.RequireVerified, "require-verified", false, "fail (exit 10) when the token that is there could not "+
		"be verified in time")
}

// Base is what all commands about one Secret share.
func (e *Ensure) Base() *Ensure { return e }

// Output returns how the run tells what it does.
func (e *Ensure) Output() Output { return e.Common.Output }

// DefaultTerminationLog is kubelet's file, "" outside a pod.
func DefaultTerminationLog() string {
	if _, err := os.Stat(terminationLog); err != nil {
		return ""
	}
	return terminationLog
}

// Complete fills in what the surroundings know.
func (e *Ensure) Complete(getenv func(string) string) error {
	e.complete()
	if e.PodUID == "" {
		e.PodUID = getenv("POD_UID")
	}
	if e.SecretOut == "" {
		return ofPod(&e.Namespace)
	}
	return nil
}

// ofPod fills in the namespace of the pod where none is given. Outside a pod it stays empty, and Validate says so.
func ofPod(namespace *string) error {
	if *namespace != "" {
		return nil
	}
	text, err := os.ReadFile(namespaceFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	*namespace = strings.TrimSpace(string(text))
	return nil
}

// Validate reports all mistakes at once.
func (e *Ensure) Validate() error {
	errs := []error{e.Common.validate(), e.Identity.validate(e.TLS.Cert != "")}
	if e.NeedsMinter() {
		errs = append(errs, e.validateLogin())
	}
	switch {
	case e.HasToken():
		errs = append(errs, e.validateToken())
	case e.Secret != "" || e.SecretOut != "" || e.New:
		errs = append(errs, fmt.Errorf("--secret, --secret-out, --new: --mode %s makes no token", e.Mode))
	}
	return errors.Join(errs...)
}

func (e *Ensure) validateToken() error {
	errs := []error{e.accountOf()}
	switch {
	case e.SecretOut == "" && e.Secret == "":
		errs = append(errs, errors.New("--secret: the name of the token's Secret is missing (or --secret-out)"))
	case e.SecretOut != "" && e.Secret != "":
		errs = append(errs, errors.New("--secret-out: cannot be combined with --secret"))
	case e.SecretOut == "-" && !e.New:
		errs = append(errs, errors.New("--secret-out -: reads nothing, so it makes a new token each time; say --new "+
			"if that is meant"))
	case e.New && e.SecretOut != "-":
		errs = append(errs, errors.New("--new: goes with --secret-out - only; a Secret or a file is read, and a "+
			"token that works is kept"))
	case e.Secret != "" && e.Namespace == "":
		errs = append(errs, errors.New("--namespace: missing, and "+namespaceFile+" is not there"))
	}
	if e.SecretKey == "" {
		errs = append(errs, errors.New("--secret-key: missing"))
	}
	if strings.ContainsAny(e.PodUID, " \t\r\n") {
		errs = append(errs, fmt.Errorf("--pod-uid: %q has white space in it", e.PodUID))
	}
	return errors.Join(errs...)
}

func (c *Common) validate() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(c.URLs) == 0 {
		add("--elasticsearch-url: missing")
	}
	for _, u := range c.URLs {
		errs = append(errs, checkURL(u))
	}
	if c.TLS.CA == "" {
		add("--ca: missing; no server is trusted without one")
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		add("--cert, --key: give both or neither")
	}
	if m := c.TLS.VerificationMode; m != "full" && m != "certificate" {
		add("--verification-mode: %q is neither full nor certificate", m)
	}
	if c.Timeout <= 0 {
		add("--timeout: must be more than 0")
	}
	return errors.Join(append(errs, c.Output.validate())...)
}

// checkURL never quotes a URL with user info: there is a password in it.
func checkURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return errors.New("--elasticsearch-url: not a URL")
	case u.User != nil:
		return fmt.Errorf("--elasticsearch-url: %s: user info in the URL is refused; use --username-file and "+
			"--password-file", u.Host)
	case u.Scheme == "http":
		return fmt.Errorf("--elasticsearch-url: %q: plain http is refused: token and password would be readable on "+
			"the way", raw)
	case u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("--elasticsearch-url: %q: want https://host:port", raw)
	}
	return nil
}

func (c *Common) validateLogin() error {
	if c.UsernameFile == "" || c.PasswordFile == "" {
		return errors.New("--username-file, --password-file: the minting credentials are missing")
	}
	return nil
}

// Login reads the minting credentials.
func (c *Common) Login() (elastic.Login, error) {
	return loginFiles{"--", c.UsernameFile, c.PasswordFile}.read()
}

// loginFiles are two files and how the flags that name them begin.
type loginFiles struct{ flag, username, password string }

// read leaves a line end after user name and password out. Without a file for the user name there is none.
func (f loginFiles) read() (elastic.Login, error) {
	var username []byte
	if f.username != "" {
		var err error
		if username, err = os.ReadFile(f.username); err != nil {
			return elastic.Login{}, fmt.Errorf("%susername-file: %w", f.flag, err)
		}
	}
	password, err := os.ReadFile(f.password)
	if err != nil {
		return elastic.Login{}, fmt.Errorf("%spassword-file: %w", f.flag, err)
	}
	trim := func(b []byte) string { return strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r") }
	return elastic.Login{Username: trim(username), Password: credential.NewPassword(trim(password))}, nil
}
