// Package contract is what the two programs agree on: elk-mtls writes elk-mtls-init into pods, with these words, and
// reads what it has written before.
package contract

// The programs.
const (
	Plugin = "elk-mtls"
	Init   = "elk-mtls-init"
)

// LabelPartOf is on every object that elk-mtls adds, with the name Plugin.
const LabelPartOf = "app.kubernetes.io/part-of"

// The modes: how Kibana shows Elasticsearch who it is.
const (
	ModeToken        = "token"
	ModePassword     = "password"
	ModeCertToken    = "cert-token"
	ModeCertPassword = "cert-password"
	ModePKI          = "pki" // needs a licence with PKI realms
)

// Annotations of what was patched.
const (
	AnnotationMode     = "elk-mtls.dev/mode"                  // on every object
	AnnotationStage    = "elk-mtls.dev/client-authentication" // so too
	AnnotationChecksum = "elk-mtls.dev/checksum"              // on pods: what they read outside their template

	// AnnotationReadsOnce is on a workload whose pods read keys of Secrets and ConfigMaps only at startup:
	// SECRET/KEY,ConfigMap/NAME/KEY.
	AnnotationReadsOnce = "elk-mtls.dev/reads-once"
	// AnnotationRenewed is a digest of these keys when elk-mtls-init last restarted the workload; on its pods too.
	AnnotationRenewed = "elk-mtls.dev/renewed"
	// AnnotationReloader has Reloader of Stakater restart the workload when one of these Secrets changes,
	// https://github.com/stakater/Reloader#2--targeted-reload-for-specific-resources
	AnnotationReloader = "secret.reloader.stakater.com/reload"
	// AnnotationReloaderMaps when one of these ConfigMaps does.
	AnnotationReloaderMaps = "configmap.reloader.stakater.com/reload"
)

// Commands of elk-mtls-init that pods run.
const (
	Ensure   = "ensure"
	Keystore = "keystore"
)

// Flags of these.
const (
	FlagURL          = "elasticsearch-url"
	FlagCA           = "ca"
	FlagCert         = "cert"
	FlagKey          = "key"
	FlagVerification = "verification-mode"
	FlagMode         = "mode"
	FlagTimeout      = "timeout"
	FlagUsernameFile = "username-file" // of who makes tokens, sets the password or the role mapping
	FlagPasswordFile = "password-file"
	FlagAccount      = "account"
	FlagSecret       = "secret"
	FlagSecretKey    = "secret-key"
	FlagKibanaUser   = "kibana-username"
	FlagKibanaFile   = "kibana-username-file"
	FlagKibanaPass   = "kibana-password-file"
	FlagSetPassword  = "set-password"
	FlagRealm        = "pki-realm"
	FlagRole         = "role"
	FlagOut          = "out"
)

// PodUID is the variable by which a pod tells elk-mtls-init which one it is.
const PodUID = "POD_UID"

// Files of a key pair, and of the CA beside it: the keys of a Secret are called the same.
const (
	FileCA   = "ca.crt"
	FileCert = "tls.crt"
	FileKey  = "tls.key"
)

// KeystorePassword is the one that Java's tools take where there is no secret to keep: the pair lies beside the file.
const KeystorePassword = "changeit"

// Flag gives an argument.
func Flag(name, value string) string { return "--" + name + "=" + value }
