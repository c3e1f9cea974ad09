package object

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// MayRead tells whether the process of a container may read a file of a Secret or ConfigMap that has a mode: it belongs to root, and to
// the group fsGroup where the pod has one, which the kubelet then lets read it. Where the image decides, it is on a condition.
// https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
func (c Container) MayRead(mode string) (may bool, condition string) {
	bits, err := parseMode(mode)
	user, group := c.context("runAsUser"), c.context("runAsGroup")
	if user == "" {
		user = c.imageUser()
	}
	switch {
	case err != nil:
		return true, fmt.Sprintf("the mode %q lets it read", mode)
	case Text(c.pod.Spec, "securityContext", "fsGroup") != "", bits&0o004 != 0, user == "0" && bits&0o400 != 0, group == "0" && bits&0o040 != 0:
		return true, ""
	case group == "" && bits&0o040 != 0:
		return true, "its process belongs to group 0, which may read the files"
	case user == "" && bits&0o400 != 0 && c.context("runAsNonRoot") != "true":
		return true, "its image runs as root, which may read the files"
	}
	return false, ""
}

// Unreadable tells why the process of the container may not read a file: by its mode, and who it is. "" = it may, or nothing tells.
func (c Container) Unreadable(f File) string {
	if may, _ := c.MayRead(f.Mode); f.Found != Mounted || may {
		return ""
	}
	return fmt.Sprintf("%s has the mode %s and belongs to root, and its process is %s", f.Path, cmp.Or(f.Mode, "0644"), c.Process())
}

// OthersWrite tells whether others than the owner of a file of a Secret or ConfigMap may write it, by its mode: to these, fsGroup only adds that
// the group may read. https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/volume_linux.go
func (f File) OthersWrite() bool {
	bits, err := parseMode(f.Mode)
	return f.Found == Mounted && err == nil && bits&0o022 != 0
}

// imageUser gives the user of an image that is known: Elastic's are user 1000 and Bitnami's 1001, both in group 0; "" for others.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/docker.html#_configuration_files_must_be_readable_by_the_elasticsearch_user
func (c Container) imageUser() string {
	image := Text(c.Node, "image")
	switch {
	case strings.HasPrefix(image, "docker.elastic.co/"):
		return "1000"
	case strings.Contains(image, "bitnami/") || strings.Contains(image, "bitnamilegacy/"):
		return "1001"
	}
	return ""
}

// Process names who a container runs as, for messages.
func (c Container) Process() string {
	if user := c.context("runAsUser"); user != "" {
		return "user " + user + ", no fsGroup"
	}
	if user := c.imageUser(); user != "" {
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
