package parts

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Ask runs a class, which is a file of Java, with the libraries of Elasticsearch and some variables, and gives the lines that it prints.
func Ask(ctx context.Context, class string, env []string, args ...string) ([]string, error) {
	home, err := Dir(ctx, "elasticsearch")
	if err != nil {
		return nil, err
	}
	java, err := Java()
	if err != nil {
		return nil, err
	}
	var jars []string
	err = filepath.WalkDir(home, func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".jar" {
			jars = append(jars, path)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	logs, err := os.MkdirTemp("", "elk-mtls-ask-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(logs) }()
	command := exec.CommandContext(ctx, java, append([]string{
		"-Des.logs.base_path=" + logs, "-cp", strings.Join(jars, string(filepath.ListSeparator)), class,
	}, args...)...)
	command.Env = append(os.Environ(), env...)
	var errs strings.Builder
	command.Stderr = &errs
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, errs.String())
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n"), nil
}
