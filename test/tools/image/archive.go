package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// epoch is the time of everything in an image: when it was built does not make it another image.
var epoch = time.Unix(0, 0).UTC()

// write makes the archive of a target and returns the digest under which it is known: of the image, or of the index
// when there are several architectures.
func write(archive, reference string, t *target, context string, archs []string) (digest v1.Hash, err error) {
	if len(archs) == 0 {
		return v1.Hash{}, errors.New("no architecture named")
	}
	folder, err := os.MkdirTemp("", "image-")
	if err != nil {
		return v1.Hash{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	oci, err := layout.Write(folder, empty.Index)
	if err != nil {
		return v1.Hash{}, err
	}
	// The first name is for OCI tools, the second for containerd and Docker.
	names := layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": reference[strings.LastIndex(reference, ":")+1:],
		"io.containerd.image.name":          reference,
	})
	var images []mutate.IndexAddendum
	for _, arch := range archs {
		image, err := t.image(context, arch)
		if err != nil {
			return v1.Hash{}, err
		}
		platform := v1.Platform{OS: "linux", Architecture: arch}
		images = append(images, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &platform}})
	}
	if len(images) == 1 {
		image := images[0].Add.(v1.Image)
		digest, err = image.Digest()
		err = errors.Join(err, oci.AppendImage(image, names, layout.WithPlatform(*images[0].Platform)))
	} else {
		index := mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex), images...)
		digest, err = index.Digest()
		err = errors.Join(err, oci.AppendIndex(index, names))
	}
	if err != nil {
		return v1.Hash{}, err
	}
	return digest, pack(folder, archive)
}

// image is the target for one architecture.
func (t *target) image(context, arch string) (v1.Image, error) {
	image := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	image = mutate.ConfigMediaType(image, types.OCIConfigJSON)
	for _, file := range t.copies {
		layer, err := file.layer(context, arch)
		if err != nil {
			return nil, err
		}
		image, err = mutate.Append(image, mutate.Addendum{
			Layer:   layer,
			History: v1.History{Created: v1.Time{Time: epoch}, CreatedBy: "COPY " + file.to},
		})
		if err != nil {
			return nil, err
		}
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.Created = v1.Time{Time: epoch}
	config.OS, config.Architecture = "linux", arch
	config.Config.User, config.Config.Entrypoint = t.user, t.entrypoint
	config.Config.WorkingDir = "/"
	return mutate.ConfigFile(image, config)
}

func (c copied) layer(context, arch string) (v1.Layer, error) {
	source := filepath.Join(context, filepath.FromSlash(strings.ReplaceAll(c.from, archVariable, arch)))
	content, err := os.ReadFile(source)
	if err != nil {
		return nil, err
	}
	var buffer bytes.Buffer
	w := tar.NewWriter(&buffer)
	if err := entry(w, strings.TrimPrefix(c.to, "/"), 0o755, content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(buffer.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer), tarball.WithCompressionLevel(gzip.BestCompression))
}

// pack writes a folder as an archive, in the order of the names.
func pack(folder, archive string) (err error) {
	f, err := os.Create(archive)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := tar.NewWriter(f)
	root := os.DirFS(folder)
	err = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		return entry(w, name, 0o644, content)
	})
	return errors.Join(err, w.Close())
}

func entry(w *tar.Writer, name string, mode int64, content []byte) error {
	header := &tar.Header{Name: name, Mode: mode, Size: int64(len(content)), ModTime: epoch, Format: tar.FormatUSTAR}
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	_, err := w.Write(content)
	return err
}
