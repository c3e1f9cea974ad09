package parts

import (
	"context"
	"os/exec"
	"path/filepath"
)

const (
	// curatorVersion is of a line that is called 8 as Elasticsearch is, and refuses others.
	curatorVersion = "8.0.21"

	elastalertVersion = "2.19.0"
)

// curatorPart is Curator with what it needs.
func curatorPart() part {
	return pythonPart("curator", "Elasticsearch Curator "+curatorVersion, []string{"elasticsearch-curator==" + curatorVersion})
}

// elastalertPart is ElastAlert 2, with what its connection needs: the clients of all the services that it can alert are left out.
func elastalertPart() part {
	return pythonPart("elastalert2", "ElastAlert "+elastalertVersion, []string{"--no-deps", "elastalert2==" + elastalertVersion},
		[]string{"elasticsearch==7.10.1", "urllib3<2", "requests", "boto3", "aws-requests-auth", "PyYAML", "envparse", "python-dateutil", "pytz", "six"})
}

// pythonPart is a program from the Python index, as a folder for PYTHONPATH; each of wanted is one call of pip.
func pythonPart(name, what string, wanted ...[]string) part {
	return part{
		name: name, what: what + ", from the Python index", minutes: 0.5,
		needs: func() error {
			if _, err := exec.LookPath("python3"); err != nil {
				return &Missing{Part: name, Why: "no python3 on PATH", Remedy: "install Python 3 with venv"}
			}
			return nil
		},
		inputs: func() ([]string, error) {
			version, err := exec.Command("python3", "--version").Output()
			inputs := []string{string(version)}
			for _, packages := range wanted {
				inputs = append(inputs, packages...)
			}
			return inputs, err
		},
		build: func(ctx context.Context, dir string) error {
			return step("installing "+what, func() error {
				for _, packages := range wanted {
					pip := []string{"-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", filepath.Join(dir, "lib")}
					if err := run(ctx, dir, nil, "python3", append(pip, packages...)...); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}
