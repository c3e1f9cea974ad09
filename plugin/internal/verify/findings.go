package verify

import (
	"slices"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// Code names a kind of finding. Codes are stable: a later version may add some, and gives none another meaning.
type Code string

// The codes. Each has a page in docs/findings.
const (
	ServerPlain      Code = "EMT001"
	ServerStage      Code = "EMT002"
	ServerTrust      Code = "EMT003"
	ServerPair       Code = "EMT004"
	ProbeRefused     Code = "EMT005"
	ClientPlain      Code = "EMT006"
	ClientTrust      Code = "EMT007"
	NoCertificate    Code = "EMT008"
	OtherKey         Code = "EMT009"
	ChainRefused     Code = "EMT010"
	NotValid         Code = "EMT011"
	EndsSoon         Code = "EMT012"
	WrongUsage       Code = "EMT013"
	OtherName        Code = "EMT014"
	NoFile           Code = "EMT015"
	NoKeyInObject    Code = "EMT016"
	Unreadable       Code = "EMT017"
	TwoIdentities    Code = "EMT018"
	NoIdentity       Code = "EMT019"
	NotAlwaysPresent Code = "EMT020"
	UnknownClient    Code = "EMT021"
	NotJudged        Code = "EMT022"
	UnmatchedEntry   Code = "EMT023"
	GuardLeft        Code = "EMT024"
	NobodyWrites     Code = "EMT025"
	NoMaterial       Code = "EMT026"
	NothingFound     Code = "EMT027"
	AuthorityKey     Code = "EMT028"
	NotStarted       Code = "EMT029"
	NotReached       Code = "EMT030"
	NoWay            Code = "EMT031"
	NoHandshake      Code = "EMT032"
	KeptAway         Code = "EMT033"
)

// Kind documents a code: help, output and the pages in docs/findings show it.
type Kind struct {
	Code     Code
	Severity string // error: it makes a verdict NOT PROVEN
	Title    string
	Remedy   string
}

// Kinds lists every kind of finding, by code.
func Kinds() []Kind {
	const e = "error"
	return []Kind{
		{ServerPlain, e, "Elasticsearch does not speak HTTPS",
			"set xpack.security.enabled and xpack.security.http.ssl.enabled to true"},
		{ServerStage, e, "Client authentication differs from what was requested",
			"set xpack.security.http.ssl.client_authentication to the requested value, in one place"},
		{ServerTrust, e, "Elasticsearch has no list of trusted CAs",
			"set xpack.security.http.ssl.certificate_authorities to the CA of the clients; without it, Elasticsearch " +
				"trusts only the public CAs of its JDK"},
		{ServerPair, e, "Elasticsearch has no certificate, or contradictory settings for it",
			"set certificate and key, or keystore.path, and not both"},
		{ProbeRefused, e, "A probe fails", "give curl a certificate (CURL_HOME with a .curlrc), or probe by tcpSocket"},
		{ClientPlain, e, "A client uses plain HTTP", "use https:// in the address, and turn on TLS if the program " +
			"has a setting for it"},
		{ClientTrust, e, "A client does not trust the server's CA",
			"name the CA that signed the certificate of Elasticsearch"},
		{NoCertificate, e, "A client presents no certificate", "set both a certificate and its key"},
		{OtherKey, e, "A key does not match its certificate", "use a certificate and a key that belong together"},
		{ChainRefused, e, "Elasticsearch does not trust a client's certificate",
			"add the CA that signed it to certificate_authorities of the server, or use a certificate from a CA in " +
				"that list"},
		{NotValid, e, "A certificate is not valid at this time", "renew it"},
		{EndsSoon, e, "A certificate expires soon", "renew it"},
		{WrongUsage, e, "A certificate may not be used for this", "issue it with the usage: client auth for clients, " +
			"server auth for servers"},
		{OtherName, e, "The server's certificate does not cover the name that the client uses",
			"issue it with that name, use a name that it covers, or verify only the chain"},
		{NoFile, e, "A file is not in the container", "mount it where the setting says, or correct the setting"},
		{NoKeyInObject, e, "A Secret or ConfigMap does not have the key", "add the key, or correct the reference"},
		{Unreadable, e, "A file cannot be read by the process", "set fsGroup, or permissions that let the user of " +
			"the container read it"},
		{TwoIdentities, e, "Kibana's login settings contradict each other",
			"keep one: a service token, or a user with a password"},
		{NoIdentity, e, "A client has no login", "give it a service token, or a user with a password"},
		{NotAlwaysPresent, e, "Kibana does not present its certificate for users",
			"set elasticsearch.ssl.alwaysPresentCertificate to true"},
		{UnknownClient, e, "Something names Elasticsearch, and its connection is unknown",
			"give it a certificate, and list it under spec.unmanaged with the reason"},
		{NotJudged, e, "Something cannot be judged", "correct it, or list it under spec.unmanaged with the reason"},
		{UnmatchedEntry, e, "An entry under unmanaged matches nothing", "correct or remove it"},
		{GuardLeft, e, "A Guard is in the manifests: elk-mtls did not run",
			"run elk-mtls on the manifests; it removes the Guard"},
		{NobodyWrites, e, "A Secret is empty, and nothing in the pod fills it",
			"fill the Secret, or let elk-mtls-init write it"},
		{NoMaterial, e, "A file contains no usable certificate or key",
			"store certificates as PEM, keys as unencrypted PKCS#8"},
		{NothingFound, e, "The manifests contain no known server or client", "pass all manifests of the release"},
		{AuthorityKey, e, "A client has the key of a CA", "give it a key pair of its own, in another Secret, and " +
			"issue new certificates from a new CA if others could read that key"},
		{NotStarted, e, "Elasticsearch does not start", "correct the setting"},
		{NotReached, e, "Clients cannot reach Elasticsearch", "set network.host to 0.0.0.0, and replicas to 1 or more"},
		{NoWay, e, "An address does not lead to Elasticsearch", "use a port of its Service whose targetPort is the " +
			"http.port of Elasticsearch"},
		{NoHandshake, e, "Client and server have no TLS version in common",
			"do not set TLS versions, or allow TLSv1.2 and TLSv1.3 on both sides"},
		{KeptAway, e, "A NetworkPolicy blocks a client", "allow this client to connect to the port of Elasticsearch, " +
			"and to the DNS of the cluster"},
	}
}

// kind gives the documentation of a code.
func kind(code Code) Kind {
	all := Kinds()
	return all[slices.IndexFunc(all, func(k Kind) bool { return k.Code == code })]
}

// Finding is one broken link, or something that nobody could follow.
type Finding struct {
	Code      Code   `json:"code"`
	Severity  string `json:"severity"`
	Object    string `json:"object,omitempty"` // "Deployment/kibana"
	Container string `json:"container,omitempty"`
	Path      string `json:"path,omitempty"` // the setting or field
	Line      int    `json:"line,omitempty"` // of the stream
	Reason    string `json:"reason"`
	Remedy    string `json:"remedy"`
	URL       string `json:"url"` // of the page about the code
}

// pages is where the pages about codes are.
const pages = "https://github.com/elk-mtls/elk-mtls/blob/main/docs/findings/"

// URL gives the address of the page about a code.
func (c Code) URL() string { return pages + string(c) + ".md" }

// place is where something stands.
type place struct {
	id        object.ID
	container string
	path      string
	line      int
}

func (p place) finding(code Code, reason string) Finding {
	k := kind(code)
	name := ""
	if p.id.Kind != "" {
		name = p.id.String()
	}
	return Finding{Code: code, Severity: k.Severity, Object: name, Container: p.container, Path: p.path, Line: p.line,
		Reason: reason, Remedy: k.Remedy, URL: code.URL()}
}
