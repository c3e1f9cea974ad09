package node

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// A Spec is what the program machine needs to know. It lies in the cluster's folder.
type Spec struct {
	Folder   string    // of the cluster: configuration, logs, and what containerd keeps
	Cgroup   string    // name of the control group that holds all pods
	Programs []Program // started in this order
}

// A Program runs as long as the cluster does.
type Program struct {
	Name  string // of its log
	Args  []string
	Await []string // started only when these answer: paths of sockets, or https addresses
}

// Files in the cluster's folder.
const (
	SpecFile = "spec.json"
	PIDFile  = "pid" // the first process of the namespaces, as seen from outside
	LogDir   = "log"
)

// Addresses inside the cluster's network, which has no link to any other.
const (
	Address     = "198.18.7.1"
	Subnet      = "198.18.7.0/24"
	Bridge      = "elk0"
	services    = "10.96.0.0/24"
	firstOfThem = "10.96.0.1"
	apiPort     = "6443"
)

// ReadSpec reads the Spec in a cluster's folder.
func ReadSpec(folder string) (Spec, error) {
	var s Spec
	text, err := os.ReadFile(filepath.Join(folder, SpecFile))
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(text, &s)
}

func (s Spec) write() error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.Folder, SpecFile), text, 0o600)
}
