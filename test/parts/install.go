package parts

import (
	"archive/zip"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// DefaultElasticsearch is the version of the node unless ES_VERSION names another. Maven Central has all that it
// takes for few versions only: 8.19.0, 8.19.4, 8.19.21 and 9.5.3 are known to work.
const DefaultElasticsearch = "8.19.21"

// NextElasticsearch is of the next major version, for a test of each mode. It takes JDK 21.
const NextElasticsearch = "9.5.3"

//go:embed elasticsearch
var elasticsearchSources embed.FS

// modules are the folders of home/modules, in the order of who extends whom.
var modules = []string{"transport-netty4", "x-pack-core", "x-pack-security"}

// standIns is the module of our own classes, in place of what is not on Central.
const standIns = "stand-ins"

// ElasticsearchVersion is the one that is tested with: that of ES_VERSION, or DefaultElasticsearch.
func ElasticsearchVersion() string { return elasticsearchVersion() }

func elasticsearchVersion() string {
	if v := os.Getenv("ES_VERSION"); v != "" {
		return v
	}
	return DefaultElasticsearch
}

func major(version string) string {
	before, _, _ := strings.Cut(version, ".")
	return before
}

// elasticsearchPart is the home of a node, less config, data and logs.
func elasticsearchPart() part {
	version := elasticsearchVersion()
	i := installer{version: version}
	return part{
		name:    "elasticsearch",
		what:    "Elasticsearch " + version + ", from Maven Central",
		minutes: 0.5,
		own:     "ES_HOME",
		needs:   i.needs,
		inputs: func() ([]string, error) {
			texts, err := contents(elasticsearchSources, func(string) bool { return true })
			return append(texts, version), err
		},
		build: i.build,
	}
}

type installer struct{ version string }

// javaFor returns a JDK that can run that version of Elasticsearch.
func javaFor(version string) (jdk, error) {
	if major(version) == "9" {
		return findJDK(21)
	}
	return findJDK(17)
}

func (i installer) needs() error {
	const remedy = "install JDK 17 (21 for Elasticsearch 9) and Maven, or set ES_HOME to an Elasticsearch of yours"
	if _, err := javaFor(i.version); err != nil {
		return &Missing{Part: "elasticsearch", Why: err.Error(), Remedy: remedy}
	}
	if _, err := exec.LookPath("mvn"); err != nil {
		return &Missing{Part: "elasticsearch", Why: "no mvn on PATH", Remedy: remedy}
	}
	return nil
}

func (i installer) build(ctx context.Context, dir string) error {
	java, err := javaFor(i.version)
	if err != nil {
		return err
	}
	scratch := filepath.Join(dir, "scratch")
	jars := filepath.Join(scratch, "jars")
	if err := os.CopyFS(scratch, elasticsearchSources); err != nil {
		return err
	}
	sources := filepath.Join(scratch, "elasticsearch")
	if err := step("resolving Elasticsearch "+i.version+" with Maven", func() error {
		return i.resolve(ctx, java, sources, jars)
	}); err != nil {
		return err
	}
	if err := step("laying out its home, compiling the stand-ins", func() error {
		if err := i.layOut(dir, jars); err != nil {
			return err
		}
		return i.compile(ctx, java, sources, dir)
	}); err != nil {
		return err
	}
	return os.RemoveAll(scratch)
}

func (i installer) resolve(ctx context.Context, java jdk, sources, jars string) error {
	args := []string{"-q", "-B", "-ntp", "-T2", "-Dstyle.color=never", "-Des.version=" + i.version, "-Djars=" + jars}
	if major(i.version) == "9" {
		args = append(args, "-Dtemplates.version="+DefaultElasticsearch)
	}
	return run(ctx, sources, []string{"JAVA_HOME=" + java.home}, "mvn", append(args, "dependency:copy-dependencies")...)
}

// layOut moves the jars to where the server looks for them: a jar is left out of a module when lib/ has it, or the
// module that this one extends.
func (i installer) layOut(dir, jars string) error {
	lib := filepath.Join(dir, "lib")
	if err := os.Rename(filepath.Join(jars, "server"), lib); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(jars, "entitlement-bridge"), filepath.Join(lib, "entitlement-bridge")); err != nil {
		return err
	}
	taken := []string{lib}
	for _, module := range modules {
		to := filepath.Join(dir, "modules", module)
		if err := moveJars(filepath.Join(jars, module), to, taken); err != nil {
			return err
		}
		if module == "x-pack-core" {
			taken = append(taken, to)
		}
		jar := filepath.Join(to, module+"-"+i.version+".jar")
		if err := unzip(jar, "META-INF/es-plugins/"+module, to); err != nil {
			return err
		}
	}
	return os.MkdirAll(filepath.Join(dir, "plugins"), 0o755)
}

func moveJars(from, to string, taken []string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, jar := range entries {
		inUse := slices.ContainsFunc(taken, func(dir string) bool {
			_, err := os.Stat(filepath.Join(dir, jar.Name()))
			return err == nil
		})
		if inUse {
			continue
		}
		if err := os.Rename(filepath.Join(from, jar.Name()), filepath.Join(to, jar.Name())); err != nil {
			return err
		}
	}
	return nil
}

// unzip writes the files of one folder of an archive to dir.
func unzip(archive, folder, dir string) error {
	r, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	inside, err := fs.Sub(r, folder)
	if err != nil {
		return err
	}
	names, err := fs.ReadDir(inside, ".")
	if err != nil {
		return fmt.Errorf("%s: %w", archive, err)
	}
	for _, entry := range names {
		text, err := fs.ReadFile(inside, entry.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, entry.Name()), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// compile makes of our Java sources the launcher and agent, two of whose places the server insists on, the module, and
// what a server is patched with (--patch-module) that is to join others where few files may be open.
func (i installer) compile(ctx context.Context, java jdk, sources, dir string) error {
	classes := filepath.Join(sources, "classes")
	args := []string{"--release", "17", "-proc:none", "-d", classes, "-cp", filepath.Join(dir, "lib", "*")}
	for _, tree := range []string{"java", "java-limits", "java-" + major(i.version)} {
		err := filepath.WalkDir(filepath.Join(sources, tree), func(name string, _ fs.DirEntry, err error) error {
			if strings.HasSuffix(name, ".java") {
				args = append(args, name)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if err := run(ctx, sources, nil, java.bin("javac"), args...); err != nil {
		return err
	}
	manifest := "Manifest-Version: 1.0\nAgent-Class: dev.elkmtls.boot.Agent\nCan-Retransform-Classes: true\n"
	descriptor := "name=" + standIns + "\ndescription=stand-ins for modules that are not on Maven Central\nversion=1\n" +
		"elasticsearch.version=" + i.version + "\njava.version=17\nclassname=dev.elkmtls.module.Entry\n"
	module := filepath.Join(dir, "modules", standIns)
	return errors.Join(
		jar(filepath.Join(dir, "lib", "entitlement-agent", "boot.jar"), classes, manifest, "dev/elkmtls/boot", "org/elasticsearch/io"),
		jar(filepath.Join(dir, "lib", "tools", "ansi-console", "boot.jar"), classes, manifest, "dev/elkmtls/boot", "org/elasticsearch/io"),
		jar(filepath.Join(dir, "lib", "limits", "limits.jar"), classes, "Manifest-Version: 1.0\n", "org/elasticsearch/bootstrap"),
		jar(filepath.Join(module, standIns+".jar"), classes, "Manifest-Version: 1.0\n", "dev/elkmtls/module"),
		os.WriteFile(filepath.Join(module, "plugin-descriptor.properties"), []byte(descriptor), 0o644),
	)
}

// jar writes an archive of the classes below the named folders of root.
func jar(name, root, manifest string, folders ...string) (err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := zip.NewWriter(f)
	if err := addFile(w, "META-INF/MANIFEST.MF", strings.NewReader(manifest)); err != nil {
		return err
	}
	for _, folder := range folders {
		err := fs.WalkDir(os.DirFS(root), folder, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			class, err := os.Open(filepath.Join(root, filepath.FromSlash(name)))
			if err != nil {
				return err
			}
			defer func() { _ = class.Close() }()
			return addFile(w, path.Clean(name), class)
		})
		if err != nil {
			return err
		}
	}
	return w.Close()
}

func addFile(w *zip.Writer, name string, content io.Reader) error {
	to, err := w.Create(name)
	if err == nil {
		_, err = io.Copy(to, content)
	}
	return err
}
