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
		want  Registered // without what it takes
	}{
		{"xpack.security.http.ssl.enabled", 8, Registered{Known: true, Closed: true}},
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
		{"xpack.ml.enabled", 8, Registered{Known: true}},
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
		if got := Setting(c.name, c.major); got.Known != c.want.Known || got.Closed != c.want.Closed || got.Secure != c.want.Secure {
			t.Errorf("%s in version %d: %+v, want %+v", c.name, c.major, got, c.want)
		}
	}
}

// TestRefuses holds values against what the list says; TestValuesOfSettings holds them against Elasticsearch.
func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		name, text string
		major      int
		takes      string
	}{
		{"xpack.security.enabled", "True", 8, "true and false only"},
		{"xpack.security.enabled", "true", 8, ""},
		{"indices.memory.index_buffer_size", "lots", 8, "a size with its unit, such as 512mb, or a share, such as 10%"},
		{"indices.memory.index_buffer_size", "10%", 8, ""},
		{"cluster.follower_lag.timeout", "30", 0, "a time with its unit, such as 30s"},
		{"cluster.follower_lag.timeout", "0", 8, "a time with its unit, such as 30s, at least 1ms"},
		{"cluster.follower_lag.timeout", "0", 9, ""},
		{"cluster.follower_lag.timeout", "0", 0, ""},
		{"http.port", "92OO", 8, "a port or a range of ports"},
		{"http.port", "9200-9300", 8, ""},
		{"cluster.routing.allocation.enable", "some", 9, "all, new_primaries, none, primaries"},
		{"cluster.routing.allocation.enable", "ALL", 9, ""},
		{"node.name", "lots", 9, ""},
		{"nobody.knows.this", "lots", 9, ""},
		{"cluster.auto_sharding.max_write_threads", "0", 9, "a whole number, at least 1"},
	} {
		if takes, refused := Setting(c.name, c.major).Refuses(c.text); takes != c.takes || refused != (takes != "") {
			t.Errorf("%s: %s in version %d: %q, %t", c.name, c.text, c.major, takes, refused)
		}
	}
}
