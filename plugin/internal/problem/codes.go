package problem

// Code names a kind of problem. Codes are stable: a later version may add some, and gives none another meaning.
type Code string

// The codes. Each has a row in docs/findings/README.md.
const (
	Input         Code = "EMR001"
	Twice         Code = "EMR002"
	UnknownForm   Code = "EMR003"
	Configuration Code = "EMR004"
	Stranger      Code = "EMR005"
	InTheWay      Code = "EMR006"
	Elsewhere     Code = "EMR007"
	TwoPlaces     Code = "EMR008"
	Incomplete    Code = "EMR009"
	PlainHTTP     Code = "EMR010"
	NoPair        Code = "EMR011"
	UnfitPair     Code = "EMR012"
	OtherName     Code = "EMR013"
	NoKey         Code = "EMR014"
	Unreadable    Code = "EMR015"
	NoAddress     Code = "EMR016"
	NoCredentials Code = "EMR017"
	Login         Code = "EMR018"
	TokenSecret   Code = "EMR019"
	NoImage       Code = "EMR020"
	NameTaken     Code = "EMR021"
	NoCertificate Code = "EMR022"
	EarlyHook     Code = "EMR023"
	TooOld        Code = "EMR024"
	NotShown      Code = "EMR025"
	NoFile        Code = "EMR026"
	Rule          Code = "EMR027"
	Operator      Code = "EMR028"
	RenderedKey   Code = "EMR029"
	GuardAlone    Code = "EMR030"
	OtherMode     Code = "EMR031"
	Stores        Code = "EMR032"
	ProbePair     Code = "EMR033"
	Stage         Code = "EMR034"
)

// Kind documents a code.
type Kind struct {
	Code   Code
	Title  string
	Remedy string // the usual one; the hint of a problem names the exact setting
}

// Kinds lists every kind of problem, by code.
func Kinds() []Kind {
	return []Kind{
		{Input, "The input cannot be read", "correct the document; its line is named"},
		{Twice, "Two objects have one name", "remove one, or write the namespace into both"},
		{UnknownForm, "A server runs in an unknown form", "run it in a StatefulSet by the entry script of its image; " +
			"list it under `unmanaged` if it is something else"},
		{Configuration, "The configuration does not fit the input", "correct the entry, or remove it"},
		{Stranger, "Something names Elasticsearch, and elk-mtls does not know how to give it a certificate",
			"give it a rule"},
		{InTheWay, "A setting contradicts what is needed", "remove it"},
		{Elsewhere, "The value of a setting is not in the input", "write the value into the manifests"},
		{TwoPlaces, "A setting is in two places", "remove one of them"},
		{Incomplete, "A setting lacks another one", "set both, or remove it"},
		{PlainHTTP, "A client uses plain HTTP", "name the key pair in `certificates.secretName`, or use https://"},
		{NoPair, "The key pair or CA is not known", "name its Secret in `certificates.secretName`, or in " +
			"`certificates.clients`"},
		{UnfitPair, "A certificate or key cannot be used for this", "name another Secret in `certificates.clients`"},
		{OtherName, "The certificate does not cover the name that the client uses", "use a name that it covers"},
		{NoKey, "A Secret or ConfigMap lacks a key", "name the keys in `certificates.keys`"},
		{Unreadable, "The process cannot read the file", "set `fsGroup` in the pod's securityContext"},
		{NoAddress, "The address of Elasticsearch cannot be read", "name it in `elasticsearch.url`"},
		{NoCredentials, "The credentials are not known", "name their Secret in `minter.secretName`, Kibana's " +
			"password in `password.secretName`"},
		{Login, "Kibana has a login of its own", "remove it, or choose `--mode cert-password`"},
		{TokenSecret, "The Secret for the token is in use", "add it to the input, or choose another name in " +
			"`token.secretName`"},
		{NoImage, "No image for the init container is configured", "name it in `initContainer.image`"},
		{NameTaken, "A name is already in use", "rename your object"},
		{NoCertificate, "A command or probe cannot present the certificate",
			"use curl, and leave CURL_HOME to elk-mtls"},
		{EarlyHook, "A hook calls Elasticsearch before its Secrets are there",
			"name an existing Secret in `certificates.clients`"},
		{TooOld, "A program is too old to present a certificate", "use a later version"},
		{NotShown, "A client reads a file that is not in the input", "add the file to the input"},
		{NoFile, "There is no file for a setting", "let the chart render the file"},
		{Rule, "A rule cannot be applied", "correct the rule"},
		{Operator, "An operator owns this Elasticsearch", "stay with `clientAuthentication: optional`, or use the " +
			"Helm charts"},
		{RenderedKey, "The chart creates a private key at each rendering",
			"give the node certificates from a Secret outside the chart"},
		{GuardAlone, "The input contains only a Guard", "render the whole release"},
		{OtherMode, "The input was patched in another mode", "start from what the chart renders"},
		{Stores, "A keystore is used together with PEM files", "keep one of the two forms"},
		{ProbePair, "The node's own probe has no key pair",
			"name a Secret with a PEM key pair in `certificates.clients`"},
		{Stage, "Client authentication differs from the configuration", "make the two agree"},
	}
}
