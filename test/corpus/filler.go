package corpus

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
)

// filler writes documents that have nothing to do with Elasticsearch, in the mix of a large release.
type filler struct {
	out  *bytes.Buffer
	r    *rand.Rand
	name string
	app  string
}

// bulk is how far a stream may fall behind its aim before one large document makes up for it.
const bulk = 24_000

// document writes document number i. owed is how many bytes the stream lacks; the last document makes up for all of them.
func (f filler) document(i, owed int, last bool) {
	f.app = word(f.r) + "-" + word(f.r)
	f.name = fmt.Sprintf("%s-%d", f.app, i)
	if owed > bulk || last && owed > 2_000 {
		if f.r.IntN(2) == 0 {
			f.customResource(owed)
		} else {
			f.dashboards(owed)
		}
		return
	}
	kinds := []struct {
		share int
		write func()
	}{
		{22, f.deployment}, {8, f.statefulSet}, {20, f.service}, {20, f.configMap}, {8, f.secret}, {8, f.role}, {8, f.serviceAccount}, {6, f.ingress},
	}
	for at := f.r.IntN(100); ; {
		for _, k := range kinds {
			if at -= k.share; at < 0 {
				k.write()
				return
			}
		}
	}
}

func (f filler) printf(format string, args ...any) { _, _ = fmt.Fprintf(f.out, format, args...) }

func (f filler) head(file, version, kind string) {
	f.printf("---\n# Source: %s/templates/%s.yaml\napiVersion: %s\nkind: %s\nmetadata:\n  name: %s\n  labels:\n", f.app, file, version, kind, f.name)
	f.labels("    ")
}

func (f filler) labels(indent string) {
	f.printf("%[1]sapp.kubernetes.io/name: %[2]s\n%[1]sapp.kubernetes.io/instance: %[3]s\n%[1]sapp.kubernetes.io/managed-by: Helm\n", indent, f.app, f.name)
}

func (f filler) deployment() {
	f.head("deployment", "apps/v1", "Deployment")
	f.printf("spec:\n  replicas: %d\n  selector:\n    matchLabels:\n", 1+f.r.IntN(4))
	f.labels("      ")
	f.pod()
}

func (f filler) statefulSet() {
	f.head("statefulset", "apps/v1", "StatefulSet")
	f.printf("spec:\n  serviceName: %s\n  replicas: %d\n  volumeClaimTemplates:\n  - metadata:\n      name: data\n    spec:\n"+
		"      accessModes: [\"ReadWriteOnce\"]\n      resources: {requests: {storage: %dGi}}\n  selector:\n    matchLabels:\n", f.name, 1+f.r.IntN(4), 1+f.r.IntN(90))
	f.labels("      ")
	f.pod()
}

func (f filler) pod() {
	f.printf("  template:\n    metadata:\n      annotations:\n        checksum/config: %016x%016x\n      labels:\n", f.r.Uint64(), f.r.Uint64())
	f.labels("        ")
	f.printf("    spec:\n      serviceAccountName: %s\n      securityContext:\n        runAsNonRoot: true\n      containers:\n      - name: %s\n"+
		"        image: \"registry.example/%s:%d.%d\"\n        args:\n", f.name, word(f.r), f.app, f.r.IntN(9), f.r.IntN(40))
	for range 2 + f.r.IntN(4) {
		f.printf("        - --%s-%s=%s\n", word(f.r), word(f.r), word(f.r))
	}
	f.printf("        env:\n")
	for range 2 + f.r.IntN(8) {
		f.printf("        - name: %s_%s\n", strings.ToUpper(word(f.r)), strings.ToUpper(word(f.r)))
		if f.r.IntN(3) == 0 {
			f.printf("          valueFrom:\n            secretKeyRef:\n              name: %s\n              key: %s\n", f.name, word(f.r))
		} else {
			f.printf("          value: %q\n", sentence(f.r, 1+f.r.IntN(3)))
		}
	}
	f.printf("        ports:\n        - {name: http, containerPort: %d}\n        livenessProbe:\n          httpGet: {path: /healthz, port: http}\n", 1024+f.r.IntN(60_000))
	f.printf("        readinessProbe:\n          exec:\n            command:\n            - sh\n            - -c\n            - |\n              # %s\n"+
		"              test -f /tmp/%s && exit 0\n              exit 1\n", sentence(f.r, 8), word(f.r))
	f.printf("        resources:\n          requests: {cpu: %dm, memory: %dMi}\n          limits:\n            memory: %dMi\n", 10*f.r.IntN(90), 16*f.r.IntN(90), 16*f.r.IntN(200))
	f.printf("        volumeMounts:\n        - name: config\n          mountPath: /etc/%s\n          readOnly: true\n      volumes:\n      - name: config\n"+
		"        configMap:\n          name: %s\n", word(f.r), f.name)
}

func (f filler) service() {
	f.head("service", "v1", "Service")
	f.printf("spec:\n  type: ClusterIP\n  ports:\n")
	for range 1 + f.r.IntN(3) {
		f.printf("  - name: %s\n    port: %d\n    targetPort: %d\n    protocol: TCP\n", word(f.r), 1000+f.r.IntN(9000), 1000+f.r.IntN(9000))
	}
	f.printf("  selector:\n")
	f.labels("    ")
}

func (f filler) configMap() {
	f.head("configmap", "v1", "ConfigMap")
	f.printf("data:\n")
	for n := range 1 + f.r.IntN(3) {
		f.printf("  %s-%d.yaml: |\n", word(f.r), n)
		for range 5 + f.r.IntN(50) {
			switch f.r.IntN(8) {
			case 0:
				f.printf("    # %s\n", sentence(f.r, 3+f.r.IntN(8)))
			case 1:
				f.printf("\n")
			case 2:
				f.printf("    %s:\n      %s: %q\n", word(f.r), word(f.r), sentence(f.r, 3))
			case 3:
				f.printf("    --- # %s\n", word(f.r)) // a marker of the file inside, not of the stream
			default:
				f.printf("    %s.%s: %d\n", word(f.r), word(f.r), f.r.IntN(100_000))
			}
		}
	}
}

func (f filler) secret() {
	f.head("secret", "v1", "Secret")
	f.printf("type: kubernetes.io/tls\ndata:\n  tls.crt: %s\n  tls.key: %s\n", f.base64(900+f.r.IntN(900)), f.base64(1200))
}

func (f filler) base64(n int) string {
	raw := make([]byte, n)
	for i := range raw {
		raw[i] = byte(f.r.Uint32())
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func (f filler) role() {
	f.head("role", "rbac.authorization.k8s.io/v1", "Role")
	f.printf("rules:\n")
	for range 1 + f.r.IntN(6) {
		f.printf("- apiGroups: [\"\", %q]\n  resources: [%q, %q]\n  verbs: [get, list, watch]\n", word(f.r)+".example", word(f.r)+"s", word(f.r)+"s")
	}
}

func (f filler) serviceAccount() { f.head("serviceaccount", "v1", "ServiceAccount") }

func (f filler) ingress() {
	f.head("ingress", "networking.k8s.io/v1", "Ingress")
	f.printf("spec:\n  rules:\n")
	for range 1 + f.r.IntN(4) {
		f.printf("  - host: \"%s.example\"\n    http:\n      paths:\n      - path: /%s\n        pathType: Prefix\n        backend:\n"+
			"          service: {name: %s, port: {number: %d}}\n", word(f.r), word(f.r), f.name, 80+f.r.IntN(9000))
	}
}

// dashboards writes a ConfigMap with one value of about size bytes: JSON in a literal block, as charts of Grafana have it.
func (f filler) dashboards(size int) {
	end := f.out.Len() + size
	f.head("dashboards", "v1", "ConfigMap")
	f.printf("data:\n  dashboard.json: |-\n    {\n")
	for f.out.Len() < end {
		f.printf("      \"%s_%d\": {\"title\": %q, \"expr\": \"sum(rate(%s_total{job=\\\"%s\\\"}[5m])) by (%s)\", \"w\": %d},\n",
			word(f.r), f.r.IntN(1000), sentence(f.r, 4), word(f.r), word(f.r), word(f.r), f.r.IntN(24))
	}
	f.printf("      \"end\": true\n    }\n")
}

// customResource writes a CustomResourceDefinition of about size bytes.
func (f filler) customResource(size int) {
	end := f.out.Len() + size
	plural := f.name + "s"
	f.printf("---\n# Source: %s/crds/%s.yaml\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: %s.%s.example\n"+
		"spec:\n  group: %s.example\n  names: {kind: %s, plural: %s}\n  scope: Namespaced\n  versions:\n  - name: v1\n    served: true\n    storage: true\n"+
		"    schema:\n      openAPIV3Schema:\n        type: object\n        properties:\n", f.app, f.name, plural, f.app, f.app, strings.ToUpper(f.name[:1])+f.name[1:], plural)
	for n := 0; f.out.Len() < end; n++ {
		f.property("          ", fmt.Sprintf("%s%d", word(f.r), n), 0)
	}
}

func (f filler) property(indent, name string, depth int) {
	f.printf("%[1]s%[2]s:\n%[1]s  description: |-\n", indent, name)
	for range 1 + f.r.IntN(4) {
		f.printf("%s    %s.\n", indent, sentence(f.r, 6+f.r.IntN(8)))
	}
	switch {
	case depth < 5 && f.r.IntN(3) == 0:
		f.printf("%[1]s  type: object\n%[1]s  properties:\n", indent)
		for n := range 2 + f.r.IntN(3) {
			f.property(indent+"    ", fmt.Sprintf("%s%d", word(f.r), n), depth+1)
		}
	case f.r.IntN(2) == 0:
		f.printf("%[1]s  type: array\n%[1]s  items:\n%[1]s    type: string\n%[1]s  maxItems: %[2]d\n", indent, 1+f.r.IntN(64))
	default:
		f.printf("%[1]s  type: string\n%[1]s  pattern: ^[a-z0-9]([-a-z0-9]*[a-z0-9])?$\n", indent)
	}
}

const vocabulary = "access account action adapter address agent alarm archive array asset audience badge balance bank barrier basket batch bin block board " +
	"border bottle branch bridge bucket budget bundle button buyer cable cabin calendar camera canal candle card carrier cart catalog chain chair channel chart " +
	"circle client clock cloud coin column copper corner cotton counter crane crate credit curtain customer cycle dataset deal delivery depot desk device " +
	"dial district dock drawer driver edge engine entry envelope estimate event exchange factor family fence field filter flag fleet floor folder forest fork " +
	"frame freight garden gate gauge glass grain graph grid group guest handle harbor header hinge holiday horizon house index invoice island item jacket " +
	"journal kernel kettle key ladder lake lamp lantern ledger lens letter level lift line link lock lot machine mail map marble market mask meadow meter mill " +
	"mirror model module motor needle network note number offer office option orchard order outlet packet page paint panel paper parcel park partner patch " +
	"path payment pier pilot pipe planet plate pocket point policy pool port price printer profile project pump quarter queue quota rack rail range rate " +
	"record refund region relay report request reserve review ribbon ring river road rocket role roof room root rope route rule sail sample scale schedule " +
	"screen season seat sector seller sensor series session shelf shipment signal silver sketch slot socket spring square stage station stock storm stream " +
	"street switch table tank target task tax team tenant terminal theme thread ticket tile timer token tool tower track trade train tray tunnel unit user " +
	"valley value van vault vendor vessel view village visit voucher wagon wall watch water wheel window winter wire worker yard zone"

var words = strings.Fields(vocabulary)

func word(r *rand.Rand) string { return words[r.IntN(len(words))] }

func sentence(r *rand.Rand, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word(r))
	}
	return b.String()
}
