package parts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// BaseImage and BaseImageDigest are the files of the part base-image: a layer, and its digest in hexadecimal.
const (
	BaseImage       = "layer.tar"
	BaseImageDigest = "layer.sha256"
)

// runtimePackages are the Debian packages of a node's container runtime and network, each with a program that shows that it is there.
var runtimePackages = []struct{ name, program string }{
	{"containerd", "containerd"},
	{"containerd", "ctr"},
	{"runc", "runc"},
	{"iptables", "iptables"},
	{"iproute2", "ip"},
	{"util-linux", "nsenter"},
}

// CNI returns the folder of the network plugins, or "" when there is none.
func CNI() string {
	for _, dir := range []string{"/usr/lib/cni", "/opt/cni/bin"} {
		if _, err := os.Stat(filepath.Join(dir, "bridge")); err == nil {
			return dir
		}
	}
	return ""
}

// lacking lists the packages that are not there.
func lacking() []string {
	var names []string
	for _, p := range runtimePackages {
		if _, err := exec.LookPath(p.program); err != nil && !slices.Contains(names, p.name) {
			names = append(names, p.name)
		}
	}
	if CNI() == "" { // not on the PATH, where another program has the name of a plugin
		names = append(names, "containernetworking-plugins")
	}
	return names
}

func containerdPart() part {
	return part{
		name: "containerd", what: "containerd, runc, network plugins, from Debian", minutes: 0.5,
		installed: func() bool { return len(lacking()) == 0 },
		needs:     func() error { return needsApt("containerd", lacking()...) },
		build: func(ctx context.Context, _ string) error {
			err := aptInstall(ctx, lacking()...)
			if left := lacking(); err == nil && left != nil {
				err = fmt.Errorf("installed, and still not there: %s", strings.Join(left, ", "))
			}
			return err
		},
	}
}

// needsApt tells whether packages can be installed here. That needs root, as the cluster itself does.
func needsApt(part string, packages ...string) error {
	remedy := fmt.Sprintf("run as root on Debian or Ubuntu, or install what corresponds to %s", strings.Join(packages, ", "))
	if os.Geteuid() != 0 {
		return &Missing{Part: part, Why: "not root", Remedy: remedy}
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return &Missing{Part: part, Why: "no apt-get on PATH", Remedy: remedy}
	}
	return nil
}

func aptInstall(ctx context.Context, packages ...string) error {
	say("Into the system itself, by apt-get: %s", strings.Join(packages, " "))
	return step("apt-get install "+strings.Join(packages, " "), func() error {
		env := []string{"DEBIAN_FRONTEND=noninteractive"}
		install := append([]string{"install", "-y", "-q", "--no-install-recommends"}, packages...)
		err := run(ctx, "", env, "apt-get", install...)
		if err != nil { // the lists of packages may be old, or not there at all
			if update := run(ctx, "", env, "apt-get", "update", "-q"); update != nil {
				return errors.Join(err, update)
			}
			err = run(ctx, "", env, "apt-get", install...)
		}
		return err
	})
}

// basePackages are what the charts' scripts call, Java for Elasticsearch, and node for the chart's own token job.
var basePackages = []string{
	"bash", "ca-certificates", "coreutils", "curl", "nodejs", "openjdk-17-jre-headless", "openssl", "passwd", "procps",
}

// baseScript is run in the new system: the user of the official images, and nothing that varies or that nobody reads.
const baseScript = `echo "app:x:1000:0::/tmp:/bin/bash" >>"$1/etc/passwd"; ` +
	`rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/* "$1"/var/log/* "$1"/usr/share/icons`

func baseArguments(layer string) []string {
	args := []string{
		"--variant=essential", "--include=" + strings.Join(basePackages, ","), `--aptopt=Acquire::Languages "none"`,
		`--essential-hook=mkdir -p "$1/usr/share/man/man1"`, // the JRE's postinst wants it
		"--customize-hook=" + baseScript,
	}
	for _, path := range []string{"doc", "man", "locale", "info"} {
		args = append(args, "--dpkgopt=path-exclude=/usr/share/"+path+"/*")
	}
	return append(args, "bookworm", layer)
}

func baseImagePart() part {
	return part{
		name: "base-image", what: "a Debian with curl, Java and node, for the images", minutes: 2,
		needs: func() error { return needsApt("base-image", "mmdebstrap") },
		inputs: func() ([]string, error) {
			return baseArguments(""), nil
		},
		build: buildBaseImage,
	}
}

func buildBaseImage(ctx context.Context, dir string) error {
	if _, err := exec.LookPath("mmdebstrap"); err != nil {
		if err := aptInstall(ctx, "mmdebstrap"); err != nil {
			return err
		}
	}
	layer := filepath.Join(dir, BaseImage)
	err := step("a Debian for the images, by mmdebstrap", func() error {
		return run(ctx, dir, []string{"SOURCE_DATE_EPOCH=0"}, "mmdebstrap", baseArguments(layer)...)
	})
	if err != nil {
		return err
	}
	f, err := os.Open(layer)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, BaseImageDigest), []byte(hex.EncodeToString(sum.Sum(nil))), 0o600)
}
