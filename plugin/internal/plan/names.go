package plan

import (
	"github.com/elk-mtls/elk-mtls/internal/contract"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
)

// Names and places of what is added. One word for one thing: the volume, its folder and its files are called the same
// in every pod.
const (
	ourName = contract.Plugin
	partOf  = contract.LabelPartOf

	// On every object that was changed: how it is secured. On pod templates: what the pods read from outside the
	// template, so that they roll when it changes. The chart's own checksum annotations were computed before and stay
	// as they are.
	annotationMode     = contract.AnnotationMode
	annotationStage    = contract.AnnotationStage
	annotationChecksum = contract.AnnotationChecksum

	// The order of Helm's hooks.
	hookWeight = "helm.sh/hook-weight"

	// The certificate of a client with its key, the CA that it trusts, and a .curlrc that names the pair.
	clientVolume = "elk-mtls-client"
	clientDir    = "/etc/elk-mtls"

	// The node's own certificate where the configuration names another Secret than the chart, and the clients' CA.
	// Elasticsearch may only read below its configuration folder, and nothing can be mounted inside the chart's
	// read-only config/certs.
	serverVolume = "elk-mtls-server"
	serverFolder = "elk-mtls"

	// Settings in a file of ours, where the image takes them from no variable.
	settingsVolume = "elk-mtls-settings"

	// The pair once more, for a program that reads files below its own folder only.
	monitoringVolume = "elk-mtls-monitoring"

	// The pair as a PKCS#12 file, for a program that cannot read it as it is. The Secret with the same pair lies
	// beside it in the pod: the password protects nothing, and is the customary one.
	keystoreVolume   = "elk-mtls-keystore"
	keystoreDir      = "/etc/elk-mtls-keystore"
	keystorePath     = keystoreDir + "/client.p12"
	keystorePassword = contract.KeystorePassword

	initName     = contract.Init
	minterVolume = "elk-mtls-minter"
	minterDir    = "/etc/elk-mtls-minter"
	loginVolume  = "elk-mtls-login"
	loginDir     = "/etc/elk-mtls-login"
	apiVolume    = "elk-mtls-api"
	apiDir       = "/var/run/secrets/kubernetes.io/serviceaccount"

	fileCA       = contract.FileCA
	fileCAKey    = "ca.key" // as tools that make a CA call its key
	fileCert     = contract.FileCert
	fileKey      = contract.FileKey
	fileClientCA = "client-ca.crt"
)

// The pages that the changes rest on.
const (
	linkElasticsearchTLS = "https://www.elastic.co/guide/en/elasticsearch/reference/8.19/security-settings.html#http-tls-ssl-settings"
	linkKibanaTLS        = "https://www.elastic.co/guide/en/kibana/8.19/settings.html#elasticsearch-ssl-cert-key"
	linkKibanaToken      = "https://www.elastic.co/guide/en/kibana/8.19/settings.html#elasticsearch-service-account-token"
	linkCurl             = "https://everything.curl.dev/cmdline/configfile.html"
	linkServiceAccount   = "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#launch-a-pod-using-service-account-token-projection"
	linkPullSecrets      = "https://kubernetes.io/docs/concepts/containers/images/#specifying-imagepullsecrets-on-a-pod"
	linkServiceToken     = "https://www.elastic.co/guide/en/elasticsearch/reference/8.19/service-accounts.html"
	linkExporter         = "https://github.com/prometheus-community/elasticsearch_exporter#configuration"
	linkProbe            = "https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/"
)

// fields is short for a path of mapping fields.
func fields(names ...string) patch.Path { return patch.Fields(names...) }
