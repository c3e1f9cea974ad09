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
	config, settings, files, err = c.folder(ElasticsearchConfig)
	for name, value := range c.Env {
		if strings.Contains(name, ".") {
			settings[name] = strings.TrimSuffix(strings.ReplaceAll(value, ElasticsearchConfig+"/", ""), ",")
		}
	}
	return config, settings, files, err
}

// folder reads a configuration folder: elasticsearch.yml, nil when there is none, with paths made relative, and the other files.
func (c *Container) folder(dir string) (config []byte, settings map[string]string, files map[string][]byte, err error) {
	settings, files = map[string]string{}, map[string][]byte{}
	root := c.Path(dir)
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
			config = []byte(strings.ReplaceAll(string(text), dir+"/", ""))
			return err
		}
		files[name] = text
		return err
	})
	return config, settings, files, err
}
