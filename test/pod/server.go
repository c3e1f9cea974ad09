package pod

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ElasticsearchConfig is the configuration folder of the official image.
const ElasticsearchConfig = "/usr/share/elasticsearch/config"

// Elasticsearch gives what the official image would start a node with: its elasticsearch.yml, the dotted variables that become
// settings over it, and every file below its configuration folder. Paths in the settings are made relative to that folder.
func (c *Container) Elasticsearch() (config []byte, settings map[string]string, files map[string][]byte, err error) {
	settings, files = map[string]string{}, map[string][]byte{}
	for name, value := range c.Env {
		if strings.Contains(name, ".") {
			settings[name] = relative(value)
		}
	}
	root := c.Path(ElasticsearchConfig)
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if name == "elasticsearch.yml" {
			config = []byte(relative(string(text)))
			return err
		}
		files[name] = text
		return err
	})
	return config, settings, files, err
}

func relative(value string) string {
	return strings.TrimSuffix(strings.ReplaceAll(value, ElasticsearchConfig+"/", ""), ",")
}
