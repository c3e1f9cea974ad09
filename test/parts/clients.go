package parts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// A source is a program that has to be built inside of its own module: what that replaces counts nowhere else, so that the module
// cannot be a dependency of a tool.
type source struct {
	program string // what it is called here
	module  string
	version string
	pkg     string
}

const (
	beats    = "github.com/elastic/beats/v7"
	exporter = "github.com/prometheus-community/elasticsearch_exporter"
	jaeger   = "github.com/jaegertracing/jaeger"
)

// beatsPart is the Beats that need no C, in the last version that the proxy has as a module.
func beatsPart() part {
	const version = "v7.17.29"
	var all []source
	for _, name := range []string{"filebeat", "metricbeat", "heartbeat", "auditbeat"} {
		all = append(all, source{name, beats, version, "./" + name})
	}
	return clientPart("beats", "Filebeat, Metricbeat, Heartbeat, Auditbeat 7.17", 4, all)
}

// exporterPart is the Prometheus exporter that charts use today, and one that many still run.
func exporterPart() part {
	return clientPart("exporter", "elasticsearch_exporter 1.10 and 1.7, from source", 1, []source{
		{"elasticsearch_exporter", exporter, "v1.10.0", "."},
		{"elasticsearch_exporter-1.7", exporter, "v1.7.0", "."},
	})
}

// jaegerPart is the last collector of Jaeger 1, the Jaeger 2 of the same commit, and the job that deletes old indices.
func jaegerPart() part {
	const version = "v1.76.0"
	return clientPart("jaeger", "Jaeger 1 and 2, from source", 3, []source{
		{"jaeger-collector", jaeger, version, "./cmd/collector"},
		{"jaeger", jaeger, version, "./cmd/jaeger"},
		{"jaeger-es-index-cleaner", jaeger, version, "./cmd/es-index-cleaner"},
	})
}

func clientPart(name, what string, minutes float64, all []source) part {
	return part{
		name: name, what: what, minutes: minutes, program: all[0].program,
		needs: func() error { return tool{}.needs(name) },
		inputs: func() ([]string, error) {
			return []string{fmt.Sprint(all), runtime.Version(), runtime.GOOS, runtime.GOARCH}, nil
		},
		build: func(ctx context.Context, dir string) error { return buildSources(ctx, dir, all) },
	}
}

// buildSources builds the programs of each module in a copy of it, which is gone afterwards. Its go.sum is checked against the
// checksum database as for every module.
func buildSources(ctx context.Context, dir string, all []source) error {
	copies := filepath.Join(dir, "scratch")
	for _, s := range all {
		copied := filepath.Join(copies, fmt.Sprint(slices.IndexFunc(all, func(o source) bool { return o.module == s.module && o.version == s.version })))
		if !isDir(copied) {
			if err := step("fetching "+s.module+" "+s.version, func() error { return fetch(ctx, s, copied) }); err != nil {
				return err
			}
		}
		if err := step("building "+s.program, func() error {
			return run(ctx, copied, []string{"CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=mod"}, "go",
				"build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(dir, s.program), s.pkg)
		}); err != nil {
			return err
		}
	}
	return os.RemoveAll(copies)
}

// fetch copies the text of a module to where it can be written to.
func fetch(ctx context.Context, s source, to string) error {
	dir, err := Module(ctx, s.module, s.version)
	if err != nil {
		return err
	}
	return os.CopyFS(to, os.DirFS(dir))
}

// Module returns the folder of a Go module, which is fetched where it is not here yet. Go's checksum database vouches for it.
func Module(ctx context.Context, module, version string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", module+"@"+version)
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	var answer struct{ Dir, Error string }
	if err := errors.Join(err, json.Unmarshal(out, &answer)); err != nil {
		return "", fmt.Errorf("%s@%s: %w %s", module, version, err, answer.Error)
	}
	return answer.Dir, nil
}

// Client returns the path of a real client of Elasticsearch: filebeat, metricbeat, heartbeat, auditbeat, elasticsearch_exporter,
// elasticsearch_exporter-1.7, jaeger-collector, jaeger, jaeger-es-index-cleaner; of curator and elastalert2, the folder for PYTHONPATH.
func Client(ctx context.Context, program string) (string, error) {
	p := beatsPart()
	switch {
	case program == "curator":
		dir, err := curatorPart().dir(ctx)
		return filepath.Join(dir, "lib"), err
	case program == "elastalert2":
		dir, err := elastalertPart().dir(ctx)
		return filepath.Join(dir, "lib"), err
	case strings.HasPrefix(program, "elasticsearch_exporter"):
		p = exporterPart()
	case strings.HasPrefix(program, "jaeger"):
		p = jaegerPart()
	}
	dir, err := p.dir(ctx)
	return filepath.Join(dir, program), err
}
