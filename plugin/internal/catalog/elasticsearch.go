package catalog

// Settings of a node that decide how clients reach it, and by what.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/security-settings.html
const (
	SecurityEnabled = "xpack.security.enabled"
	DiscoveryType   = "discovery.type"
	SingleNode      = "single-node" // the value of DiscoveryType that makes no cluster
	HTTPPort        = "http.port"
	NetworkHost     = "network.host"
	PKIRealms       = "xpack.security.authc.realms.pki."
)

// Layers of a node that speak TLS: the beginnings of their settings.
const (
	HTTPLayer      = "xpack.security.http.ssl."
	TransportLayer = "xpack.security.transport.ssl."
	RemoteLayer    = "xpack.security.remote_cluster_server.ssl."
)

// The settings of a layer, behind its beginning.
const (
	LayerEnabled = "enabled"
	LayerStage   = "client_authentication"
	LayerCert    = "certificate"
	LayerKey     = "key"
	LayerKeyPass = "key_passphrase"
	// LayerSecureKeyPass belongs into the keystore, and only Bitnami's script takes it from elsewhere.
	LayerSecureKeyPass = "secure_key_passphrase"
	LayerCAs           = "certificate_authorities"
	LayerKeystore      = "keystore.path"
	LayerTruststore    = "truststore.path"
	LayerListed        = "trust_restrictions.path" // names a file with the certificates that are let in
	LayerStorePass     = "keystore.password"
	LayerStoreKeyPass  = "keystore.key_password"
	LayerTrustPass     = "truststore.password"
	LayerVerification  = "verification_mode"
)
