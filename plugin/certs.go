package plugin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/issue"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// certsOptions are the command line of elk-mtls certs.
type certsOptions struct {
	*options
	namespace string
	names     []string
	only      []string
	keyType   string
	days      int
	caDays    int
	ca, caKey string
	caOut     string
	caSecret  string
	out       string
	configOut string
	force     bool
}

func certsCommand(o *options) *cobra.Command {
	c := &certsOptions{options: o}
	cmd := &cobra.Command{
		Use:   "certs [flags] [FILE|-]",
		Short: "Create a CA and certificates for Elasticsearch and each of its clients, as Secrets",
		Long: `elk-mtls certs reads manifests and creates a CA, a certificate for Elasticsearch and one for each
client that it finds. It writes them as Secrets to stdout or into a folder. On stderr it describes them and prints the
configuration that uses them. Run it once, and again when you add a client or certificates expire. It is never part of
rendering.

The key of the CA is discarded unless --ca-out or --ca-secret keeps it. Anyone who holds it can grant access to
Elasticsearch.`,
		Example: `  # everything, into the cluster; the CA's key into your folder
  helm template elk ./chart | elk-mtls certs --namespace elastic \
    --ca-out ca --config-out elk-mtls.yaml | kubectl apply -f -
  helm upgrade --install elk ./chart -n elastic --post-renderer elk-mtls --post-renderer-args --config=elk-mtls.yaml

  # later: another client, signed by the same CA
  helm template elk ./chart | elk-mtls certs --config elk-mtls.yaml --namespace elastic \
    --ca ca/ca.crt --ca-key ca/ca.key \
    --only DaemonSet/elk-filebeat --config-out new.yaml | kubectl apply -f -`,
		Args: oneFile,
		RunE: func(_ *cobra.Command, args []string) error { return c.run(args) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&c.namespace, "namespace", "n", "", "namespace of objects that name none; needed for host names such "+
		"as SERVICE.NAMESPACE.svc")
	f.StringVar(&o.config, "config", "",
		"configuration `FILE` (kind MutualTLS): Secrets that it names keep their names")
	f.StringVar(&c.out, "out", "", "write each Secret to a file in this `DIR` (mode 0600) instead of stdout")
	f.StringVar(&c.configOut, "config-out", "", "write the configuration that uses the Secrets to this `FILE`")
	f.StringVar(&c.ca, "ca", "", "`FILE` with the signing CA and every CA above it, up to the root (default: a new CA)")
	f.StringVar(&c.caKey, "ca-key", "", "`FILE` with the key of that CA")
	f.StringVar(&c.caOut, "ca-out", "", "write the new CA into this `DIR`: ca.crt, ca.key (mode 0600)")
	f.StringVar(&c.caSecret, "ca-secret", "", "put the CA with its key into a Secret of this `NAME`, in the form that "+
		"an issuer of cert-manager reads")
	f.StringArrayVar(&c.only, "only", nil, "make only the certificate of this `REF` (Kind/name); repeatable")
	f.StringArrayVar(&c.names, "san", nil, "another `NAME` or address by which clients call Elasticsearch; "+
		"repeatable")
	f.StringVar(&c.keyType, "key-type", string(issue.P256), strings.Join(keyTypes(), " | ")+"; Logstash always gets "+
		"RSA, it reads nothing else")
	f.IntVar(&c.days, "days", 365, "how long the certificates are valid")
	f.IntVar(&c.caDays, "ca-days", 3650, "how long a new CA is valid")
	f.BoolVar(&c.force, "force", false, "write private keys to a terminal")
	return cmd
}

func keyTypes() []string {
	var names []string
	for _, t := range issue.KeyTypes() {
		names = append(names, string(t))
	}
	return names
}

// check reports all mistakes of the command line at once, before a key is made.
func (c *certsOptions) check() error {
	var problems []error
	if !slices.Contains(keyTypes(), c.keyType) {
		problems = append(problems, fmt.Errorf("--key-type: %q is not one of %s", c.keyType,
			strings.Join(keyTypes(), ", ")))
	}
	for _, f := range []struct {
		name string
		days int
	}{{"--days", c.days}, {"--ca-days", c.caDays}} {
		if f.days < 1 || f.days > 36500 {
			problems = append(problems, fmt.Errorf("%s: %d is not between 1 and 36500", f.name, f.days))
		}
	}
	if (c.ca == "") != (c.caKey == "") {
		problems = append(problems, errors.New("--ca and --ca-key go together: a CA signs with its key"))
	}
	if c.ca != "" && c.caOut != "" {
		problems = append(problems, errors.New("--ca-out keeps a new CA, and --ca names one that exists: leave one "+
			"of them out"))
	}
	if c.out == "" && !c.force && terminal(c.stdout) != nil {
		problems = append(problems, errors.New("stdout is a terminal, and the Secrets hold private keys: write them "+
			"into a folder (--out DIR) or pipe them on (| kubectl apply -f -); --force prints them all the same"))
	}
	return errors.Join(problems...)
}

// run makes everything in memory first, then writes files, stdout last.
func (c *certsOptions) run(args []string) error {
	if err := c.check(); err != nil {
		return usageError{err}
	}
	if c.namespace == "" && c.env("HELM_PLUGIN_NAME") == "elk-mtls-cli" {
		c.namespace = c.env("HELM_NAMESPACE") // Helm takes --namespace out of the arguments of a plugin
	}
	settings, err := c.settings()
	if err != nil {
		return usageError{err}
	}
	release, err := c.release(args, settings)
	if err != nil {
		return err
	}
	leaves, err := issue.Leaves(release, settings, c.namespace, c.names)
	if err != nil {
		return err
	}
	for _, l := range leaves {
		if l.Namespace == "" {
			return fmt.Errorf("%s: the manifests name no namespace, and certificates hold names such as "+
				"SERVICE.NAMESPACE.svc: give it with --namespace", l.Refs[0])
		}
	}
	if unknown := issue.Unknown(c.only, leaves); len(unknown) > 0 {
		return usageError{fmt.Errorf("--only: %s is none of those that need a certificate: %s",
			strings.Join(unknown, ", "), strings.Join(issue.Refs(leaves), ", "))}
	}
	m := maker(issue.KeyType(c.keyType))
	ca, err := c.authority(m, leaves)
	if err != nil {
		return err
	}
	secrets, err := m.Secrets(ca, issue.Order{Leaves: issue.Only(c.only, leaves), Days: c.days,
		Keys: settings.Certificates.Keys, CA: c.caSecret})
	if err != nil {
		return err
	}
	fromFile, err := c.file()
	if err != nil {
		return err
	}
	text, err := config.Print(issue.Configure(fromFile, release, leaves))
	if err != nil {
		return err
	}
	return c.write(ca, secrets, text)
}

// release recognises the manifests in the file that was named, or on stdin.
func (c *certsOptions) release(args []string, settings config.Settings) (*recognise.Release, error) {
	input, err := c.manifests(args)
	if err != nil {
		return nil, err
	}
	stream, err := manifest.Split(input)
	if err != nil {
		return nil, err
	}
	release, err := recognise.All(stream, unmanaged(settings))
	if err == nil && release.Objects == 0 {
		err = recognise.ErrNoObject
	}
	return release, explained(err, input)
}

// authority reads the CA that was named, or makes one.
func (c *certsOptions) authority(m issue.Maker, leaves []issue.Leaf) (*issue.Authority, error) {
	if c.ca == "" {
		return m.CA(leaves[0].Namespace, c.caDays)
	}
	cert, err := os.ReadFile(c.ca)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	key, err := os.ReadFile(c.caKey)
	if err != nil {
		return nil, fmt.Errorf("--ca-key: %w", err)
	}
	ca, err := issue.Read(cert, key, m.Now)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	return ca, nil
}

// write writes the files, none over another, and then stdout and what there is to say.
func (c *certsOptions) write(ca *issue.Authority, secrets []issue.Secret, configuration []byte) error {
	var files newFiles
	var manifests []byte
	for _, s := range secrets {
		manifests = append(append(manifests, "---\n"...), s.Manifest.Reveal()...)
		if c.out != "" {
			files.add(filepath.Join(c.out, s.Namespace+"."+s.Name+".yaml"), s.Manifest.Reveal(), 0o600)
		}
	}
	if c.caOut != "" {
		files.add(filepath.Join(c.caOut, "ca.crt"), ca.Cert(), 0o644)
		files.add(filepath.Join(c.caOut, "ca.key"), ca.Key().Reveal(), 0o600)
	}
	if c.configOut != "" {
		files.add(c.configOut, configuration, 0o644)
	}
	if err := files.write(); err != nil {
		return err
	}
	c.tell(ca, secrets, configuration)
	if c.out != "" {
		return nil
	}
	_, err := c.stdout.Write(manifests)
	return err
}

// tell says on stderr what was made, and how it is used.
func (c *certsOptions) tell(ca *issue.Authority, secrets []issue.Secret, configuration []byte) {
	say := func(format string, args ...any) { fmt.Fprintf(c.stderr, "elk-mtls: "+format+"\n", args...) }
	for _, s := range secrets {
		say("Secret/%s in %s: %s", s.Name, s.Namespace, s.What)
	}
	say("all signed by %s, which ends on %s", ca.Subject(), ca.Ends().UTC().Format("2006-01-02"))
	if c.ca == "" && c.caOut == "" && c.caSecret == "" {
		say("hint: the key of this CA is gone now: the next client needs a new CA, and with it everybody; --ca-out " +
			"DIR or --ca-secret NAME keeps it")
	}
	if c.configOut != "" {
		say("the configuration that uses them: --config %s", c.configOut)
		return
	}
	say("the configuration that uses them (--config-out FILE writes it):")
	_, _ = c.stderr.Write(configuration)
}
