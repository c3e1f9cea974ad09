package recognise

import (
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// workingDirs are the folders in which images run their programs, probes and hooks included, by the last path element of the image.
// https://github.com/elastic/elasticsearch/blob/v8.19.0/distribution/docker/src/docker/Dockerfile,
// https://github.com/elastic/beats/blob/v8.19.0/dev-tools/packaging/templates/docker/Dockerfile.tmpl
var workingDirs = []struct {
	dir    string
	images []string
}{
	{"/usr/share/elasticsearch", []string{"elasticsearch", "elasticsearch-wolfi", "elasticsearch-oss"}},
	{"/usr/share/kibana", []string{"kibana", "kibana-wolfi", "kibana-oss"}},
	{"/usr/share/logstash", []string{"logstash", "logstash-wolfi", "logstash-oss"}},
	{"/usr/share/filebeat", []string{"filebeat", "filebeat-wolfi", "filebeat-oss"}},
	{"/usr/share/metricbeat", []string{"metricbeat", "metricbeat-wolfi", "metricbeat-oss"}},
	{"/usr/share/heartbeat", []string{"heartbeat", "heartbeat-wolfi", "heartbeat-oss"}},
	{"/usr/share/auditbeat", []string{"auditbeat", "auditbeat-wolfi", "auditbeat-oss"}},
	{"/usr/share/packetbeat", []string{"packetbeat", "packetbeat-wolfi", "packetbeat-oss"}},
	{"/usr/share/apm-server", []string{"apm-server", "apm-server-oss"}},
	{"/usr/share/elastic-agent", []string{"elastic-agent", "elastic-agent-complete", "elastic-agent-wolfi"}},
	{"/", []string{"alpine", "busybox", "debian", "ubuntu"}},
}

// WorkingDir gives the folder in which a container runs, "" where neither the manifests nor the image tell. Bitnami's images have none.
// https://github.com/bitnami/containers/blob/main/bitnami/elasticsearch/8/debian-12/Dockerfile
func WorkingDir(c object.Container) string {
	if dir := object.Text(c.Node, "workingDir"); dir != "" {
		return dir
	}
	repository, _ := c.Image()
	if isBitnami(c) {
		return "/"
	}
	for _, w := range workingDirs {
		if slices.Contains(w.images, repository) {
			return w.dir
		}
	}
	return ""
}

// isBitnami tells an image of Bitnami from others with the same name: by where it comes from, or by what its container mounts and sets.
func isBitnami(c object.Container) bool {
	if strings.Contains(object.Text(c.Node, "image"), "bitnami") {
		return true
	}
	return slices.ContainsFunc(c.Mounts(), func(m object.Mount) bool {
		return object.Below(m.Path, "/bitnami") || object.Below(m.Path, "/opt/bitnami")
	}) || slices.ContainsFunc(c.Environment(nil).All(), func(v object.Variable) bool {
		return strings.HasPrefix(v.Name, "BITNAMI_")
	})
}

// Absolute puts the folder in which a container runs before a relative path, where that is known.
func Absolute(c object.Container, file string) string {
	if path.IsAbs(file) {
		return file
	}
	return path.Join(WorkingDir(c), file)
}
