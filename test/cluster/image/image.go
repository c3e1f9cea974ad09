// Package image makes the images that a cluster of the charts needs: one layer of Debian, one with Elasticsearch, one with
// the stand-in for Kibana. In go folders and programs; out comes one archive, as `docker save` writes it, of images under
// the very names that the charts use.
package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime"
)

// The names of the images.
const (
	Pause         = "elk-mtls.test/pause:1"
	Elasticsearch = "docker.elastic.co/elasticsearch/elasticsearch:8.5.1"
	Kibana        = "docker.elastic.co/kibana/kibana:8.5.1"
	Filebeat      = "docker.elastic.co/beats/filebeat:7.17.29"
	Exporter      = "quay.io/prometheuscommunity/elasticsearch-exporter:v1.10.0"
)

// Sources say where the contents come from.
type Sources struct {
	Base          string // path of a layer with a Linux system
	BaseDigest    string // SHA-256 of that file
	Elasticsearch string // folder with lib, modules and plugins
	Kibana        string // path of the stand-in
	Pause         string // path of the program
	Filebeat      string // so too
	Exporter      string // so too
}

// A layer is an uncompressed tar archive.
type layer struct {
	digest string // hexadecimal
	size   int64
	open   func() (io.ReadCloser, error)
}

type image struct {
	name   string
	config config
	layers []layer
}

// config is how a container of the image runs, unless its pod says otherwise.
type config struct {
	Entrypoint []string
	User       string   `json:",omitempty"`
	WorkingDir string   `json:",omitempty"`
	Env        []string `json:",omitempty"`
}

// Write writes the archive.
func Write(w io.Writer, s Sources) error {
	images, err := s.images()
	if err != nil {
		return err
	}
	archive := tar.NewWriter(w)
	var manifest []map[string]any
	written := map[string]bool{}
	for _, i := range images {
		text, err := i.describe()
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		configName := hex.EncodeToString(sum[:]) + ".json"
		if err := add(archive, configName, int64(len(text)), bytes.NewReader(text)); err != nil {
			return err
		}
		var names []string
		for _, l := range i.layers {
			name := l.digest + "/layer.tar"
			names = append(names, name)
			if written[name] {
				continue
			}
			written[name] = true
			if err := l.add(archive, name); err != nil {
				return err
			}
		}
		manifest = append(manifest, map[string]any{"Config": configName, "RepoTags": []string{i.name}, "Layers": names})
	}
	text, err := json.Marshal(manifest)
	if err != nil {
		return err
	}
	return errors.Join(add(archive, "manifest.json", int64(len(text)), bytes.NewReader(text)), archive.Close())
}

// describe gives the image's configuration file.
func (i image) describe() ([]byte, error) {
	var ids []string
	for _, l := range i.layers {
		ids = append(ids, "sha256:"+l.digest)
	}
	return json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux", "created": "1970-01-01T00:00:00Z", "config": i.config,
		"rootfs": map[string]any{"type": "layers", "diff_ids": ids}, "history": []any{},
	})
}

func (l layer) add(archive *tar.Writer, name string) error {
	content, err := l.open()
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	return add(archive, name, l.size, content)
}

func add(archive *tar.Writer, name string, size int64, content io.Reader) error {
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: size}); err != nil {
		return err
	}
	_, err := io.Copy(archive, content)
	return err
}

// fileLayer is a layer that lies in a file.
func fileLayer(path, digest string) (layer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return layer{}, err
	}
	return layer{digest, info.Size(), func() (io.ReadCloser, error) { return os.Open(path) }}, nil
}
