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
		{ServerPlain, e, "Elasticsearch does not speak HTTPS", "set xpack.security.enabled and xpack.security.http.ssl.enabled to true"},
		{ServerStage, e, "Elasticsearch asks for certificates otherwise than it should", "set xpack.security.http.ssl.client_authentication to the stage, in one place"},
		{ServerTrust, e, "Elasticsearch is not told whose certificates it trusts", "set xpack.security.http.ssl.certificate_authorities to the CA of the clients; without it the public CAs of the JDK are trusted, and nobody else"},
		{ServerPair, e, "Elasticsearch has no certificate, or two that contradict each other", "set certificate and key, or keystore.path, and not both"},
		{ProbeRefused, e, "A probe does not survive", "give curl a certificate (CURL_HOME with a .curlrc), or probe by tcpSocket"},
		{ClientPlain, e, "A client calls by plain HTTP", "write https:// in the address, and switch TLS on where the program has a switch"},
		{ClientTrust, e, "A client does not trust the server's CA", "name the CA that signed the certificate of Elasticsearch"},
		{NoCertificate, e, "A client presents no certificate", "name a certificate and its key, both"},
		{OtherKey, e, "A key belongs to another certificate", "take certificate and key from one pair"},
		{ChainRefused, e, "Elasticsearch does not trust a client's certificate", "add the CA that signed it to certificate_authorities of the server, or take a certificate of a CA that is there"},
		{NotValid, e, "A certificate is not valid at this time", "renew it"},
		{EndsSoon, e, "A certificate ends soon", "renew it"},
		{WrongUsage, e, "A certificate may not be used for this", "issue it with the usage: client auth for clients, server auth for servers"},
		{OtherName, e, "The server's certificate does not cover the name by which it is called", "issue it with that name, call by one that it has, or verify the chain alone"},
		{NoFile, e, "A file is not in the container", "mount it where the setting says, or correct the setting"},
		{NoKeyInObject, e, "A Secret or ConfigMap does not have the key", "add the key, or correct the reference"},
		{Unreadable, e, "A file cannot be read by the process", "set fsGroup, or a mode that lets the user of the container read it"},
		{TwoIdentities, e, "Settings of the identity contradict each other", "keep one: a service token, or a user with a password"},
		{NoIdentity, e, "A client has no identity", "give it a service token, or a user with a password"},
		{NotAlwaysPresent, e, "Kibana does not present its certificate for users", "set elasticsearch.ssl.alwaysPresentCertificate to true"},
		{UnknownClient, e, "Something names Elasticsearch, and nothing tells how it connects", "give it a certificate and list it under spec.unmanaged with the reason"},
		{NotJudged, e, "Something cannot be judged", "correct it, or list it under spec.unmanaged with the reason"},
		{UnmatchedEntry, e, "An entry under unmanaged matches nothing", "correct or remove it"},
		{GuardLeft, e, "A Guard is in the stream: elk-mtls has not seen it", "let elk-mtls see the stream; it takes the Guard out"},
		{NobodyWrites, e, "A Secret is empty, and nothing in the pod fills it", "put the value there, or let elk-mtls-init write it"},
		{NoMaterial, e, "A file holds no usable certificate or key", "store certificates as PEM, keys as unencrypted PKCS#8"},
		{NothingFound, e, "Nothing here is known to talk to Elasticsearch", "give all manifests of the release"},
		{AuthorityKey, e, "A client holds the key of a CA", "give it a key pair of its own, in another Secret, and issue new certificates from a new CA if others could read that key"},
		{NotStarted, e, "Elasticsearch does not start", "correct the setting"},
		{NotReached, e, "Elasticsearch listens where no client reaches it", "set network.host to 0.0.0.0, and replicas to 1 or more"},
		{NoWay, e, "An address does not lead to Elasticsearch", "call a port of its Service, and let the targetPort of that be its http.port"},
		{NoHandshake, e, "Client and server have no version of TLS in common", "leave the versions to the programs, or allow TLSv1.2 and TLSv1.3 on both sides"},
		{KeptAway, e, "A NetworkPolicy keeps a client from Elasticsearch", "let the policy allow this client, at the port of Elasticsearch, and its questions to the DNS of the cluster"},
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
	return Finding{Code: code, Severity: k.Severity, Object: name, Container: p.container, Path: p.path, Line: p.line, Reason: reason, Remedy: k.Remedy, URL: code.URL()}
}
