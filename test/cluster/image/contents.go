package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	_ "embed" // the entrypoint
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// The official images run as this user in the root group, and give that group all that they must write, so that any
// user in it will do: OpenShift runs containers as users that nobody has heard of.
const (
	owner        = 1000
	rootGroup    = 0
	groupCanRead = 0o664
)

//go:embed elasticsearch.sh
var elasticsearchEntrypoint string

const elasticsearchConfig = `cluster.name: docker-cluster
network.host: 0.0.0.0
`

const elasticsearchLogging = `status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] [%node_name] %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
`

func (s Sources) images() ([]image, error) {
	base, err := fileLayer(s.Base, s.BaseDigest)
	if err != nil {
		return nil, err
	}
	elasticsearch, err := s.elasticsearch()
	if err != nil {
		return nil, err
	}
	kibana, err := s.kibana()
	if err != nil {
		return nil, err
	}
	pause, err := build(func(t tree) error { return t.program("pause", s.Pause) })
	if err != nil {
		return nil, err
	}
	filebeat, err := build(func(t tree) error {
		for _, dir := range []string{"usr/share/filebeat", "usr/share/filebeat/data", "usr/share/filebeat/logs"} {
			if err := t.folder(dir); err != nil {
				return err
			}
		}
		return t.program("usr/share/filebeat/filebeat", s.Filebeat)
	})
	if err != nil {
		return nil, err
	}
	exporter, err := build(func(t tree) error { return t.program("bin/elasticsearch_exporter", s.Exporter) })
	if err != nil {
		return nil, err
	}
	paths := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	return []image{
		{Pause, config{Entrypoint: []string{"/pause"}}, []layer{pause}},
		{Elasticsearch, config{[]string{"/usr/local/bin/docker-entrypoint.sh"}, "1000:0", "/usr/share/elasticsearch", paths}, []layer{base, elasticsearch}},
		{Filebeat, config{[]string{"/usr/share/filebeat/filebeat", "-e"}, "1000:0", "/usr/share/filebeat", paths}, []layer{base, filebeat}},
		{Exporter, config{[]string{"/bin/elasticsearch_exporter"}, "65534:65534", "", nil}, []layer{exporter}},
		{Kibana, config{[]string{"/usr/local/bin/kibana-docker"}, "1000:0", "/usr/share/kibana", paths}, []layer{base, kibana}},
	}, nil
}

func (s Sources) elasticsearch() (layer, error) {
	const home = "usr/share/elasticsearch"
	return build(func(t tree) error {
		for _, dir := range []string{home, home + "/config", home + "/data", home + "/logs"} {
			if err := t.folder(dir); err != nil {
				return err
			}
		}
		for _, dir := range []string{"lib", "modules", "plugins"} {
			if err := t.copy(home+"/"+dir, filepath.Join(s.Elasticsearch, dir)); err != nil {
				return err
			}
		}
		if err := t.file(home+"/config/elasticsearch.yml", groupCanRead, []byte(elasticsearchConfig)); err != nil {
			return err
		}
		if err := t.file(home+"/config/log4j2.properties", groupCanRead, []byte(elasticsearchLogging)); err != nil {
			return err
		}
		return t.file("usr/local/bin/docker-entrypoint.sh", 0o755, []byte(elasticsearchEntrypoint))
	})
}

func (s Sources) kibana() (layer, error) {
	const home = "usr/share/kibana"
	return build(func(t tree) error {
		for _, dir := range []string{home, home + "/config", home + "/data", home + "/node", home + "/node/bin"} {
			if err := t.folder(dir); err != nil {
				return err
			}
		}
		if err := t.link(home+"/node/bin/node", "/usr/bin/node"); err != nil { // the chart's hooks call it there
			return err
		}
		return t.program("usr/local/bin/kibana-docker", s.Kibana)
	})
}

// A tree is a layer in the making.
type tree struct{ *tar.Writer }

func build(fill func(tree) error) (layer, error) {
	var content bytes.Buffer
	t := tree{tar.NewWriter(&content)}
	if err := fill(t); err != nil {
		return layer{}, err
	}
	if err := t.Close(); err != nil {
		return layer{}, err
	}
	sum := sha256.Sum256(content.Bytes())
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content.Bytes())), nil }
	return layer{hex.EncodeToString(sum[:]), int64(content.Len()), open}, nil
}

func (t tree) folder(name string) error {
	return t.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o775, Uid: owner, Gid: rootGroup})
}

func (t tree) file(name string, mode int64, content []byte) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(content)), Uid: owner, Gid: rootGroup}
	if err := t.WriteHeader(header); err != nil {
		return err
	}
	_, err := t.Write(content)
	return err
}

func (t tree) link(name, target string) error {
	return t.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777})
}

func (t tree) program(name, from string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return t.file(name, 0o755, content)
}

// copy adds the folder from of this machine under a name.
func (t tree) copy(name, from string) error {
	root := os.DirFS(from)
	return fs.WalkDir(root, ".", func(inside string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		at := strings.TrimSuffix(path.Join(name, inside), "/")
		if entry.IsDir() {
			return t.folder(at)
		}
		content, err := fs.ReadFile(root, inside)
		if err != nil {
			return err
		}
		return t.file(at, groupCanRead, content)
	})
}
