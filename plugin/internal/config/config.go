// Package config holds the settings of the post-renderer: a file or functionConfig, the environment and the flags come
// in, one checked Settings goes out. The steps that patch manifests see nothing else.
package config

import (
	"strings"

	"sigs.k8s.io/json"

	"github.com/elk-mtls/elk-mtls/internal/contract"
)

// APIVersion and Kind name the configuration file.
const (
	APIVersion = "elk-mtls.dev/v1alpha1"
	Kind       = "MutualTLS"
)

// releaseImage is the init container's image with its digest. A release build sets it with -ldflags -X; the source has
// none, so that nobody runs an image that was not built from the same commit.
var releaseImage string

// The modes: how Kibana shows Elasticsearch who it is.
const (
	ModeToken        = contract.ModeToken
	ModePassword     = contract.ModePassword
	ModeCertToken    = contract.ModeCertToken
	ModeCertPassword = contract.ModeCertPassword
	ModePKI          = contract.ModePKI
)

// Modes lists them.
func Modes() []string {
	return []string{ModeToken, ModePassword, ModeCertToken, ModeCertPassword, ModePKI}
}

// The stages of client authentication, as Elasticsearch names them:
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/security-settings.html#http-tls-ssl-key-configuration
const (
	None     = "none"
	Optional = "optional"
	Required = "required"
)

// Where certificates come from.
const (
	SourceSecret      = "secret"       // somebody made the Secrets
	SourceCertManager = "cert-manager" // cert-manager makes them, for Certificates that are added to the stream
)

// What restarts a client that reads a renewed pair only at startup.
const (
	Renew    = "renew"    // elk-mtls-init renew, by a CronJob or by hand
	Reloader = "reloader" // Reloader, of Stakater
)

// What becomes of a user name and password that a chart writes for Kibana.
const (
	KeepLogin    = "keep"
	ReplaceLogin = "replace"
)

// What to do with a stream that brings the private key of a server with it.
const (
	Allow  = "allow"
	Refuse = "refuse"
)

// File is the configuration file.
type File struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Metadata   map[string]any `json:"metadata,omitempty"`
	Spec       Settings       `json:"spec"`
}

// Settings is everything that a user can choose. The zero value of a field means "infer it, else the default".
type Settings struct {
	Mode                 string         `json:"mode,omitempty"`                 // one of Modes
	ClientAuthentication string         `json:"clientAuthentication,omitempty"` // none | optional | required
	Hooks                Word           `json:"hooks,omitempty"`                // auto | off
	Certificates         Certificates   `json:"certificates,omitzero"`
	Token                Token          `json:"token,omitzero"`
	Kibana               Kibana         `json:"kibana,omitzero"`
	Password             Password       `json:"password,omitzero"`
	PKI                  PKI            `json:"pki,omitzero"`
	Minter               Minter         `json:"minter,omitzero"`
	InitContainer        InitContainer  `json:"initContainer,omitzero"`
	ServiceAccount       ServiceAccount `json:"serviceAccount,omitzero"`
	Elasticsearch        Elasticsearch  `json:"elasticsearch,omitzero"`
	Rules                []Rule         `json:"rules,omitempty"`
	Unmanaged            []Unmanaged    `json:"unmanaged,omitempty"`
}

// Certificates says which Secrets hold the certificates and how far a client trusts them.
type Certificates struct {
	Source           string   `json:"source,omitempty"`     // secret | cert-manager
	SecretName       string   `json:"secretName,omitempty"` // "" = the Secret that the chart itself uses
	Keys             Keys     `json:"keys,omitzero"`
	CA               CA       `json:"ca,omitzero"`
	ClientCA         ClientCA `json:"clientCA,omitzero"`
	Clients          []Client `json:"clients,omitempty"`
	VerificationMode string   `json:"verificationMode,omitempty"` // full | certificate
	// allow | refuse: a stream that brings the servers' private key
	Rendered    string `json:"rendered,omitempty"`
	Issuer      Issuer `json:"issuer,omitzero"`       // of cert-manager
	Duration    string `json:"duration,omitempty"`    // Go duration; "" = what cert-manager takes
	RenewBefore string `json:"renewBefore,omitempty"` // Go duration; "" = what cert-manager takes
	// renew | reloader | none: what restarts a client that reads its pair once
	OnRenewal string `json:"onRenewal,omitempty"`
	// for names such as SERVICE.NAMESPACE.svc where the manifests name none
	Namespace string `json:"namespace,omitempty"`
}

// Issuer names the issuer of cert-manager that signs.
type Issuer struct {
	Name  string `json:"name,omitempty"`
	Kind  string `json:"kind,omitempty"` // Issuer | ClusterIssuer | that of another group
	Group string `json:"group,omitempty"`
}

// Keys names the keys of a certificate Secret.
type Keys struct {
	CA   string `json:"ca,omitempty"`
	Cert string `json:"cert,omitempty"`
	Key  string `json:"key,omitempty"`
}

// CA names the CAs that servers and clients trust, where they are not kept beside the certificates.
type CA struct {
	SecretName    string `json:"secretName,omitempty"` // one of the two
	ConfigMapName string `json:"configMapName,omitempty"`
	Key           string `json:"key,omitempty"`
}

// Named tells whether there is one.
func (c CA) Named() bool { return c.SecretName != "" || c.ConfigMapName != "" }

// ClientCA is a CA that Elasticsearch trusts besides its own, because it signed certificates of clients.
type ClientCA struct {
	SecretName string `json:"secretName,omitempty"`
	Key        string `json:"key,omitempty"`
}

// Client gives one workload, or one container of it, a certificate of its own.
type Client struct {
	Ref        string `json:"ref"` // "Deployment/x", "Deployment/x/container"
	SecretName string `json:"secretName"`
}

// Token says which service token Kibana gets and where it is kept.
type Token struct {
	Account    string `json:"account,omitempty"`
	SecretName string `json:"secretName,omitempty"` // "" = <workload>-elk-mtls-token
	Key        string `json:"key,omitempty"`
}

// Kibana says what becomes of what a chart writes for it.
type Kibana struct {
	Login string `json:"login,omitempty"` // keep | replace: a user name and password beside the token
}

// Password is where the password of Kibana's user kibana_system is, in the password modes.
type Password struct {
	SecretName string `json:"secretName,omitempty"` // "" = where Kibana takes it from already
	Key        string `json:"key,omitempty"`
	Set        bool   `json:"set,omitempty"` // elk-mtls-init sets it in Elasticsearch where it is another one
}

// PKI is the realm that tells users by their certificate, in mode pki.
type PKI struct {
	Realm string `json:"realm,omitempty"`
	Role  string `json:"role,omitempty"` // that Kibana's certificate gets
}

// Minter is the Secret with the credentials that may create service tokens, or set the password or the role mapping of
// the other modes.
type Minter struct {
	SecretName  string `json:"secretName,omitempty"` // "" = X-credentials where the CA is in X-certs
	UsernameKey string `json:"usernameKey,omitempty"`
	PasswordKey string `json:"passwordKey,omitempty"`
}

// InitContainer is the container that creates the token before Kibana starts.
type InitContainer struct {
	Image       string         `json:"image,omitempty"`
	PullPolicy  string         `json:"pullPolicy,omitempty"`
	PullSecrets []string       `json:"pullSecrets,omitempty"` // names of Secrets, for the registry of the image
	Resources   map[string]any `json:"resources,omitempty"`   // as in a container; an empty mapping is none at all
	Timeout     string         `json:"timeout,omitempty"`     // Go duration
}

// ServiceAccount is the identity of the init container in Kubernetes.
type ServiceAccount struct {
	Name string `json:"name,omitempty"` // "" = the pod's own if it names one, else one of ours
}

// Elasticsearch is where the init container calls.
type Elasticsearch struct {
	URL string `json:"url,omitempty"` // "" = Kibana's hosts; several stand with commas
}

// URLs gives the addresses one by one.
func (e Elasticsearch) URLs() []string {
	if e.URL == "" {
		return nil
	}
	all := strings.Split(e.URL, ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

// Unmanaged lists an object that the user takes care of.
type Unmanaged struct {
	Ref    string `json:"ref"`    // "Deployment/grafana", or "StatefulSet/es/metrics" for one container
	Reason string `json:"reason"` // shown in the report
}

// Word is a setting that people write bare although YAML 1.1, which Kubernetes reads, takes some bare words for truth
// values: off.
type Word string

// UnmarshalJSON takes false for off.
func (w *Word) UnmarshalJSON(text []byte) error {
	if string(text) == "false" {
		*w = "off"
		return nil
	}
	return json.UnmarshalCaseSensitivePreserveInts(text, (*string)(w))
}

// Certs tells whether clients present certificates in this mode.
func (s Settings) Certs() bool { return s.Mode != ModeToken && s.Mode != ModePassword }

// HasPassword tells whether Kibana logs in with a password in this mode.
func (s Settings) HasPassword() bool { return s.Mode == ModePassword || s.Mode == ModeCertPassword }

// WithCerts gives the mode that differs in client certificates alone.
func (s Settings) WithCerts() string {
	if s.Certs() {
		return s.Mode
	}
	return "cert-" + s.Mode
}

// WithDefaults fills what neither the user said nor the manifests can tell.
func (s Settings) WithDefaults() Settings {
	or := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	or(&s.Mode, ModeCertToken)
	or((*string)(&s.Hooks), "auto")
	or(&s.Certificates.Source, SourceSecret)
	or(&s.Certificates.Issuer.Kind, "Issuer")
	or(&s.Certificates.Issuer.Group, "cert-manager.io")
	or(&s.Certificates.Rendered, Allow)
	or(&s.Certificates.OnRenewal, Renew)
	or(&s.Certificates.CA.Key, "ca.crt")
	or(&s.Certificates.ClientCA.Key, "ca.crt")
	or(&s.Token.Account, "elastic/kibana")
	or(&s.Token.Key, "token")
	or(&s.Kibana.Login, KeepLogin)
	or(&s.Password.Key, "password")
	or(&s.PKI.Realm, "pki1")
	or(&s.PKI.Role, "kibana_system")
	or(&s.Minter.UsernameKey, "username")
	or(&s.Minter.PasswordKey, "password")
	or(&s.InitContainer.PullPolicy, "IfNotPresent")
	or(&s.InitContainer.Timeout, "5m")
	or(&s.InitContainer.Image, releaseImage)
	if s.InitContainer.Resources == nil {
		s.InitContainer.Resources = smallResources()
	}
	if s.Certs() {
		or(&s.ClientAuthentication, Required)
	}
	or(&s.ClientAuthentication, None)
	return s
}

// smallResources let the pod into a namespace with a quota. Requests equal limits, so that a pod of the class
// Guaranteed stays one. A pod is charged for the larger of its init containers and of its containers: beside Kibana,
// this costs nothing. What ensure takes is measured: 16 MB of memory at most, 15 ms of processor.
// https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
func smallResources() map[string]any {
	small := func() map[string]any { return map[string]any{"cpu": "100m", "memory": "32Mi"} }
	return map[string]any{"limits": small(), "requests": small()}
}
