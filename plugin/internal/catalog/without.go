package catalog

import (
	"slices"
	"strings"
)

// Without is a program that calls Elasticsearch and has no setting for a certificate in PEM files: nothing that is
// mounted helps it.
type Without struct {
	App    App
	Images []string // how their names end, without a tag
	Takes  string   // what it takes in their place
	Do     string   // what its user can do
	Link   string
}

// proxied is what is left for a program that knows no client certificates at all.
const proxied = "put a proxy that presents one into its pod"

// withouts are the programs that people run beside Elasticsearch, by their images.
func withouts() []Without {
	return []Without{
		{
			App: "Camunda", Images: []string{"camunda/camunda", "camunda/zeebe", "camunda/operate", "camunda/tasklist",
				"camunda/optimize"},
			Takes: "a key store of Java only",
			Do:    "mount a PKCS#12 store and name it in JAVA_TOOL_OPTIONS (javax.net.ssl.keyStore)",
			Link:  "https://docs.camunda.io/docs/self-managed/deployment/helm/configure/tls/",
		},
		{
			App: "OpenCTI", Images: []string{"opencti/platform"}, Takes: "no client certificate", Do: proxied,
			Link: "https://docs.opencti.io/latest/deployment/configuration/#elasticsearch",
		},
	}
}

// WithoutPEM gives the program of an image that takes no certificate in PEM files; false for all others.
func WithoutPEM(image string) (Without, bool) {
	name, _, _ := strings.Cut(image, "@")
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name = name[:colon]
	}
	all := withouts()
	i := slices.IndexFunc(all, func(w Without) bool {
		return slices.ContainsFunc(w.Images, func(end string) bool { return strings.HasSuffix("/"+name, "/"+end) })
	})
	if i < 0 {
		return Without{}, false
	}
	return all[i], true
}
