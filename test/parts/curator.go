package parts

import (
	"context"
	"os/exec"
	"path/filepath"
)

// curatorVersion is of a line that is called 8 as Elasticsearch is, and refuses others.
const curatorVersion = "8.0.21"

// curatorPart is Curator with what it needs, as a folder for PYTHONPATH.
func curatorPart() part {
	return part{
		name: "curator", what: "Elasticsearch Curator " + curatorVersion + ", from the Python index", minutes: 0.5,
		needs: func() error {
			if _, err := exec.LookPath("python3"); err != nil {
				return &Missing{Part: "curator", Why: "no python3 on PATH", Remedy: "install Python 3 with venv"}
			}
			return nil
		},
		inputs: func() ([]string, error) {
			version, err := exec.Command("python3", "--version").Output()
			return []string{curatorVersion, string(version)}, err
		},
		build: func(ctx context.Context, dir string) error {
			return step("installing Curator "+curatorVersion, func() error {
				return run(ctx, dir, nil, "python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", filepath.Join(dir, "lib"),
					"elasticsearch-curator=="+curatorVersion)
			})
		},
	}
}
