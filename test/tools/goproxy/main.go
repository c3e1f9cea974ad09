// Command goproxy serves this repository as a version of its module on loopback, with a checksum database beside it, so that go install
// can be tried before anything is published. It prints what go needs in its environment and serves until stdin ends.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/zip"
)

const (
	path     = "github.com/elk-mtls/elk-mtls"
	database = "sums.elk-mtls.invalid"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "goproxy:", err)
		os.Exit(1)
	}
}

func run(args []string, stdin io.Reader, stdout io.Writer) error {
	flags := flag.NewFlagSet("goproxy", flag.ContinueOnError)
	root := flags.String("root", ".", "the repository")
	version := flags.String("version", "v1.2.3", "version under which it is served")
	tamper := flags.Bool("tamper", false, "serve a module that is another one than the checksum database knows")
	if err := flags.Parse(args); err != nil {
		return err
	}
	p, err := newProxy(*root, *version)
	if err != nil {
		return err
	}
	if *tamper {
		if p.zip, err = archive(*root, *version, "README.md"); err != nil {
			return err
		}
	}
	signer, verifier, err := note.GenerateKey(nil, database)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/sumdb/"+database+"/supported", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	mux.Handle("/sumdb/"+database+"/", http.StripPrefix("/sumdb/"+database, sumdb.NewServer(sumdb.NewTestServer(signer, p.sums))))
	mux.Handle("/"+path+"/@v/", p)
	mux.Handle("/"+path+"/@latest", p)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	fmt.Fprintf(stdout, "GOPROXY=http://%s\nGOSUMDB=%s\n", listener.Addr(), verifier)
	go func() { _ = http.Serve(listener, mux) }() //nolint:gosec // on loopback, for a test
	_, err = io.Copy(io.Discard, stdin)
	return err
}

// proxy serves one version of one module.
type proxy struct {
	version  string
	mod, zip []byte
	own      string            // the lines of go.sum about it
	others   map[string]string // those about what it needs, by "path version"
}

func newProxy(root, version string) (*proxy, error) {
	p := &proxy{version: version, others: map[string]string{}}
	var err error
	if p.mod, err = os.ReadFile(filepath.Join(root, "go.mod")); err != nil {
		return nil, err
	}
	if p.zip, err = archive(root, version, ""); err != nil {
		return nil, err
	}
	hash, err := hashZip(p.zip)
	if err != nil {
		return nil, err
	}
	modHash, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(p.mod)), nil })
	if err != nil {
		return nil, err
	}
	p.own = fmt.Sprintf("%s %s %s\n%s %s/go.mod %s\n", path, version, hash, path, version, modHash)
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(sums)) {
		if words := strings.Fields(line); len(words) == 3 {
			p.others[words[0]+" "+strings.TrimSuffix(words[1], "/go.mod")] += line
		}
	}
	return p, nil
}

func (p *proxy) sums(of, version string) ([]byte, error) {
	if of == path && version == p.version {
		return []byte(p.own), nil
	}
	if lines, ok := p.others[of+" "+version]; ok {
		return []byte(lines), nil
	}
	return nil, fmt.Errorf("%s@%s: %w", of, version, os.ErrNotExist)
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch filepath.Base(r.URL.Path) {
	case "list":
		fmt.Fprintln(w, p.version)
	case p.version + ".info", "@latest":
		fmt.Fprintf(w, `{"Version": %q, "Time": "2026-01-01T00:00:00Z"}`, p.version)
	case p.version + ".mod":
		_, _ = w.Write(p.mod)
	case p.version + ".zip":
		_, _ = w.Write(p.zip)
	default:
		http.NotFound(w, r)
	}
}

// archive packs the files that git knows, or will know, as a module. One byte of the file named changed is another one.
func archive(root, version, changed string) ([]byte, error) {
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	names, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	nested := map[string]bool{} // folders that are modules of their own
	var files []zip.File
	all := strings.Split(strings.TrimSuffix(string(names), "\x00"), "\x00")
	for _, name := range all {
		if dir := filepath.Dir(name); filepath.Base(name) == "go.mod" && dir != "." {
			nested[dir] = true
		}
	}
	for _, name := range all {
		if info, err := os.Lstat(filepath.Join(root, name)); err == nil && info.Mode().IsRegular() && !within(nested, name) {
			files = append(files, file{root, name, name == changed})
		}
	}
	var out bytes.Buffer
	err = zip.Create(&out, module.Version{Path: path, Version: version}, files)
	return out.Bytes(), err
}

func within(dirs map[string]bool, name string) bool {
	for dir := filepath.Dir(name); dir != "."; dir = filepath.Dir(dir) {
		if dirs[dir] {
			return true
		}
	}
	return false
}

func hashZip(text []byte) (hash string, err error) {
	temp, err := os.CreateTemp("", "goproxy-*.zip")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.Remove(temp.Name())) }()
	if _, err := temp.Write(text); err != nil {
		return "", err
	}
	if err := temp.Close(); err != nil {
		return "", err
	}
	return dirhash.HashZip(temp.Name(), dirhash.Hash1)
}

type file struct {
	root, name string
	changed    bool
}

func (f file) Path() string                { return filepath.ToSlash(f.name) }
func (f file) Lstat() (os.FileInfo, error) { return os.Lstat(filepath.Join(f.root, f.name)) }
func (f file) Open() (io.ReadCloser, error) {
	text, err := os.ReadFile(filepath.Join(f.root, f.name))
	if f.changed && len(text) > 0 {
		text[0] = '!'
	}
	return io.NopCloser(bytes.NewReader(text)), err
}
