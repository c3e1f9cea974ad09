package catalog

import (
	"slices"
	"strings"
	"testing"
)

// TestSettingsAreSorted holds that each setting of the list is found: it is looked for by halves.
func TestSettingsAreSorted(t *testing.T) {
	var names []string
	for _, line := range settings() {
		names = append(names, strings.Fields(line)[0])
	}
	if !slices.IsSorted(names) || len(slices.Compact(names)) != len(settings()) {
		t.Error("elasticsearch-settings.txt is not sorted by its names, each of which may be there once")
	}
}

func TestSetting(t *testing.T) {
	for _, c := range []struct {
		name  string
		major int
		want  Registered
	}{
		{"xpack.security.http.ssl.enabled", 8, Registered{Known: true, Closed: true, Bool: true}},
		{"xpack.security.http.ssl.enabeld", 8, Registered{Closed: true}},
		{"xpack.security.http.ssl.enabeld", 7, Registered{Closed: true}},
		{"xpack.security.http.ssl.enabled.", 0, Registered{Closed: true}},
		{"XPACK.security.enabled", 8, Registered{Closed: true}},
		{"xpack.security.http.ssl.secure_key_passphrase", 8, Registered{Known: true, Closed: true, Secure: true}},
		{"xpack.security.http.ssl.certificate_authorities.0", 8, Registered{Known: true, Closed: true}},
		{"xpack.security.authc.realms.pki.p1.order", 8, Registered{Known: true, Closed: true}},
		{"xpack.security.authc.realms.pki.p1.odrer", 8, Registered{Closed: true}},
		{"xpack.security.transport.ssl.handshake_timeout", 8, Registered{Closed: true}},
		{"xpack.security.transport.ssl.handshake_timeout", 9, Registered{Known: true, Closed: true}},
		{"xpack.security.transport.ssl.handshake_timeout", 0, Registered{Known: true, Closed: true}},
		{"node.attr.rack.row", 8, Registered{Known: true, Closed: true}},
		{"node.rolse", 8, Registered{Closed: true}},
		{"node.master", 8, Registered{Closed: true}},
		{"node.master", 7, Registered{Known: true}},
		{"cluster.routing.allocation.include._ip", 8, Registered{Known: true}},
		{"cluster.nmae", 8, Registered{}},
		{"discovery.ec2.tag.role", 8, Registered{Known: true}},
		{"xpack.ml.enabled", 8, Registered{Known: true, Bool: true}},
		{"xpack.ml.node_concurrent_job_allocations", 8, Registered{Known: true}},
		{"s3.client.default.endpoint", 9, Registered{Known: true}},
		{"xpack.security.authc.realms.pki..order", 8, Registered{Closed: true}},
		{"index.number_of_shards", 8, Registered{Closed: true}},
		{"index.refresh_interval", 7, Registered{Closed: true}},
		{"indices.recovery.max_bytes_per_sec", 8, Registered{Known: true}},
		{"s3.client.backup.secret_key", 8, Registered{Known: true, Secure: true}},
		{"s3.client.backup.region", 8, Registered{Known: true}},
		{"gcs.client.default.credentials_file", 7, Registered{Known: true, Secure: true}},
		{"xpack.notification.email.account.a.smtp.secure_password", 9, Registered{Known: true, Secure: true}},
		{"<<", 8, Registered{Closed: true}},
		{"", 8, Registered{Closed: true}},
	} {
		if got := Setting(c.name, c.major); got != c.want {
			t.Errorf("%s in version %d: %+v, want %+v", c.name, c.major, got, c.want)
		}
	}
}
