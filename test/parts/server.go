package parts

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const heap = "512m"

// A server is one of the two ways to run Elasticsearch.
type server interface {
	// prepare lays out what a new home needs besides config, data and logs.
	prepare(ctx context.Context, l launch) error
	// command is the server's command line, and what it is to read first from its stdin.
	command(ctx context.Context, l launch) (cmd *exec.Cmd, stdin []byte, err error)
}

// A launch is what one start is made with.
type launch struct {
	home     string
	settings []string          // NAME=VALUE, over elasticsearch.yml
	env      []string          // added to the environment
	secrets  map[string]string // for the keystore, when it is new
}

func findServer(ctx context.Context) (server, error) {
	p := elasticsearchPart()
	dir, err := p.dir(ctx)
	if err != nil {
		return nil, err
	}
	if _, own := p.ownPath(); own {
		return distribution{dir}, nil
	}
	java, err := javaFor(elasticsearchVersion())
	return fromJars{dir: dir, java: java}, err
}

// fromJars runs the node that installer laid out.
type fromJars struct {
	dir  string
	java jdk
}

func (s fromJars) prepare(_ context.Context, l launch) error {
	for _, folder := range []string{"lib", "modules", "plugins"} {
		if err := linkTree(filepath.Join(s.dir, folder), filepath.Join(l.home, folder)); err != nil {
			return err
		}
	}
	return nil
}

// arguments runs our launcher: it makes the keystore if there is none, and its output is what the server wants to read.
func (s fromJars) arguments(ctx context.Context, l launch) ([]byte, error) {
	lib := filepath.Join(l.home, "lib")
	classes := filepath.Join(lib, "entitlement-agent", "boot.jar") + string(os.PathListSeparator) + filepath.Join(lib, "*")
	args := []string{"-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", classes, "dev.elkmtls.boot.Boot", l.home}
	cmd := unprivileged(exec.CommandContext(ctx, s.java.bin("java"), append(args, l.settings...)...))
	cmd.Env = environment(l)
	var lines, stderr bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(l.secrets)) {
		fmt.Fprintf(&lines, "%s %s\n", name, base64.StdEncoding.EncodeToString([]byte(l.secrets[name])))
	}
	cmd.Stdin, cmd.Stderr = &lines, &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("reading the settings: %w\n%s", err, tail(stderr.String(), 20))
	}
	return out, nil
}

func (s fromJars) command(ctx context.Context, l launch) (*exec.Cmd, []byte, error) {
	stdin, err := s.arguments(ctx, l)
	if err != nil {
		return nil, nil, err
	}
	bridge, err := filepath.Glob(filepath.Join(l.home, "lib", "entitlement-bridge", "*.jar"))
	if err != nil || len(bridge) != 1 {
		return nil, nil, errors.Join(err, fmt.Errorf("entitlement bridge: %d jars, not one", len(bridge)))
	}
	temp := filepath.Join(l.home, "tmp")
	cmd := unprivileged(exec.Command(s.java.bin("java"),
		"-Xms256m", "-Xmx"+heap, "-Xss1m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", // quick to start, not fast
		"-Djava.awt.headless=true", "-Dfile.encoding=UTF-8", "-Djava.locale.providers=CLDR", "-Djna.nosys=true",
		"-Djava.io.tmpdir="+temp, "-Duser.home="+temp,
		"-Dio.netty.noUnsafe=true", "-Dio.netty.noKeySetOptimization=true", "-Dio.netty.recycler.maxCapacityPerThread=0",
		"-Dlog4j.shutdownHookEnabled=false", "-Dlog4j2.disable.jmx=true",
		"-Des.path.home="+l.home, "-Des.distribution.type=tar",
		// Entitlements: the agent compiles the checks into java.base, where they call the bridge.
		"-Des.entitlements.enabled=true", "-Djdk.attach.allowAttachSelf=true", "-XX:+EnableDynamicAgentLoading",
		"--patch-module=java.base="+bridge[0],
		"--add-exports=java.base/org.elasticsearch.entitlement.bridge="+
			"org.elasticsearch.entitlement,java.logging,java.net.http,java.naming,jdk.net",
		"--add-opens=org.apache.lucene.core/org.apache.lucene.store=org.elasticsearch.simdvec",
		"--module-path", filepath.Join(l.home, "lib"), "--add-modules=ALL-MODULE-PATH,jdk.net",
		"-m", "org.elasticsearch.server/org.elasticsearch.bootstrap.Elasticsearch"))
	cmd.Dir = l.home
	cmd.Env = environment(l)
	return cmd, stdin, nil
}

// environment is what the server gets of ours: nothing but PATH, what it insists on, and what the caller gives.
func environment(l launch) []string {
	temp := filepath.Join(l.home, "tmp")
	return append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + temp, "LIBFFI_TMPDIR=" + temp}, l.env...)
}

// distribution runs an Elasticsearch that the user has unpacked or installed: ES_HOME.
type distribution struct{ dir string }

func (d distribution) bin(name string) string { return filepath.Join(d.dir, "bin", name) }

func (d distribution) prepare(ctx context.Context, l launch) error {
	err := writeFile(filepath.Join(l.home, "config", "jvm.options"), []byte("-Xms"+heap+"\n-Xmx"+heap+"\n"))
	if err != nil {
		return err
	}
	if err := d.keystore(ctx, l, "", "create"); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(l.secrets)) {
		if err := d.keystore(ctx, l, l.secrets[name], "add", "--stdin", "--force", name); err != nil {
			return err
		}
	}
	return nil
}

func (d distribution) keystore(ctx context.Context, l launch, stdin string, args ...string) error {
	cmd := unprivileged(exec.CommandContext(ctx, d.bin("elasticsearch-keystore"), args...))
	cmd.Env = d.environment(l)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("elasticsearch-keystore %s: %w\n%s", args[0], err, tail(string(out), 10))
	}
	return nil
}

func (d distribution) command(_ context.Context, l launch) (*exec.Cmd, []byte, error) {
	args := make([]string, 0, 2*len(l.settings))
	for _, setting := range l.settings {
		args = append(args, "-E", setting)
	}
	cmd := unprivileged(exec.Command(d.bin("elasticsearch"), args...))
	cmd.Dir = l.home
	cmd.Env = d.environment(l)
	return cmd, nil, nil
}

func (d distribution) environment(l launch) []string {
	env := environment(l)
	env = append(env, "ES_PATH_CONF="+filepath.Join(l.home, "config"), "ES_TMPDIR="+filepath.Join(l.home, "tmp"))
	for _, name := range []string{"ES_JAVA_HOME", "JAVA_HOME"} {
		if value := os.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}
