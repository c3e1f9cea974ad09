package object

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// MayRead tells whether the process of a container may read a file of a Secret or ConfigMap that has a mode: it
// belongs to root, and to the group fsGroup where the pod has one, which the kubelet then lets read it. Where the
// image decides, it is on a condition.
// https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
func (c Container) MayRead(mode string) (may bool, condition string) {
	bits, err := parseMode(mode)
	user, group := c.context("runAsUser"), c.context("runAsGroup")
	if user == "" {
		var own string
		user, own = c.imageUser()
		group = cmp.Or(group, own)
	}
	inRoot := group == "0" || slices.ContainsFunc(Items(c.pod.Spec, "securityContext", "supplementalGroups"),
		func(n *yaml.Node) bool { return n.Value == "0" })
	readsAsRoot := bits&0o400 != 0 || !c.drops("DAC_OVERRIDE")
	switch {
	case err != nil:
		return true, fmt.Sprintf("the mode %q lets it read", mode)
	case Text(c.pod.Spec, "securityContext", "fsGroup") != "", bits&0o004 != 0,
		user == "0" && readsAsRoot, inRoot && bits&0o040 != 0:
		return true, ""
	case group == "" && bits&0o040 != 0:
		return true, "its process belongs to group 0, which may read the files"
	case user == "" && readsAsRoot && c.context("runAsNonRoot") != "true":
		return true, "its image runs as root, which may read the files"
	}
	return false, ""
}

// drops tells whether a container drops a capability, which root has else.
func (c Container) drops(capability string) bool {
	return slices.ContainsFunc(Items(c.Node, "securityContext", "capabilities", "drop"), func(n *yaml.Node) bool {
		name := strings.TrimPrefix(strings.ToUpper(n.Value), "CAP_")
		return name == "ALL" || name == capability
	})
}

// Unreadable tells why the process of the container may not read a file: by its mode, and who it is. "" = it may, or
// nothing tells.
func (c Container) Unreadable(f File) string {
	if may, _ := c.MayRead(f.Mode); f.Found != Mounted || may {
		return ""
	}
	return fmt.Sprintf("%s has the mode %s and belongs to root, and its process is %s", f.Path, cmp.Or(f.Mode, "0644"),
		c.Process())
}

// OthersWrite tells whether others than the owner of a file of a Secret or ConfigMap may write it, by its mode: to
// these, fsGroup only adds that the group may read.
// https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/volume_linux.go
func (f File) OthersWrite() bool {
	bits, err := parseMode(f.Mode)
	return f.Found == Mounted && err == nil && bits&0o022 != 0
}

// images are those whose user is known, by a part of their names, with a group that is not 0.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/docker.html#_configuration_files_must_be_readable_by_the_elasticsearch_user
// https://github.com/prometheus-community/elasticsearch_exporter/blob/v1.10.0/Dockerfile, https://github.com/jertel/elastalert2/blob/2.19.0/Dockerfile
var images = [...]struct{ name, user, group string }{
	{"docker.elastic.co/", "1000", ""}, {"bitnami/", "1001", ""}, {"bitnamilegacy/", "1001", ""},
	{"prometheuscommunity/elasticsearch-exporter", "65534", "65534"}, {"jertel/elastalert2", "1000", "1000"},
}

// imageUser gives the user and the group of an image that is known; "" for what is not, and for a group that is 0.
func (c Container) imageUser() (user, group string) {
	image := Text(c.Node, "image")
	for _, known := range images {
		if strings.Contains(image, known.name) {
			return known.user, known.group
		}
	}
	return "", ""
}

// Process names who a container runs as, for messages.
func (c Container) Process() string {
	if user := c.context("runAsUser"); user != "" {
		return "user " + user + ", no fsGroup"
	}
	if user, _ := c.imageUser(); user != "" {
		return "user " + user + " of its image, no fsGroup"
	}
	return "not root, no fsGroup"
}

// context gives a field of the container's security context, else of the pod's.
func (c Container) context(field string) string {
	return cmp.Or(Text(c.Node, "securityContext", field), Text(c.pod.Spec, "securityContext", field))
}

func parseMode(mode string) (uint64, error) {
	switch {
	case mode == "":
		return 0o644, nil
	case strings.HasPrefix(mode, "0o"):
		return strconv.ParseUint(mode[2:], 8, 32)
	case strings.HasPrefix(mode, "0"):
		return strconv.ParseUint(mode, 8, 32)
	}
	return strconv.ParseUint(mode, 10, 32)
}
