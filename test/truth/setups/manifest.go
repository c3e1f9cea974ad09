package setups

import (
	"encoding/base64"
	"strings"

	"sigs.k8s.io/yaml"
)

// object is a Kubernetes object, or a part of one.
type object = map[string]any

// list is a list of those.
type list = []any

// stream writes objects one after the other.
func stream(objects ...object) string {
	var b strings.Builder
	for _, o := range objects {
		text, err := yaml.Marshal(o)
		if err != nil {
			panic(err) // of maps, lists and texts
		}
		b.WriteString("---\n")
		b.Write(text)
	}
	return b.String()
}

func named(apiVersion, kind, name string, rest object) object {
	o := object{"apiVersion": apiVersion, "kind": kind, "metadata": object{"name": name, "namespace": namespace}}
	for key, value := range rest {
		o[key] = value
	}
	return o
}

func secret(name string, files map[string][]byte) object {
	data := object{}
	for key, value := range files {
		data[key] = base64.StdEncoding.EncodeToString(value)
	}
	return named("v1", "Secret", name, object{"type": "Opaque", "data": data})
}

func texts(kind, name string, data map[string]string) object {
	all := object{}
	for key, value := range data {
		all[key] = value
	}
	if kind == "Secret" {
		return named("v1", kind, name, object{"stringData": all})
	}
	return named("v1", kind, name, object{"data": all})
}

func serviceOf(name string, rest object) object {
	spec := object{"selector": object{"app": "search"}, "ports": list{object{"name": "https", "port": 9200, "targetPort": 9200}}}
	for key, value := range rest {
		spec[key] = value
	}
	return named("v1", "Service", name, object{"spec": spec})
}

// services are those of every set-up.
func services() []object {
	return []object{serviceOf(service, nil), serviceOf(alias, nil), serviceOf(nodes, object{"clusterIP": "None"})}
}

// container is a container, and what its pod mounts for it.
type container struct {
	name, image   string
	command, args []string
	env           list
	from          list // envFrom
	mounts        list
	volumes       list
	objects       []object // that it reads
	more          object
}

func (c *container) mount(path string, volume object) {
	name := "v" + string(rune('a'+len(c.volumes)))
	volume["name"] = name
	c.volumes = append(c.volumes, volume)
	c.mounts = append(c.mounts, object{"name": name, "mountPath": path})
}

func (c *container) secret(path, name string) {
	c.mount(path, object{"secret": object{"secretName": name}})
}

// file lays a text where the container finds it at path.
func (c *container) file(kind, name, path, text string) {
	key := path[strings.LastIndex(path, "/")+1:]
	c.objects = append(c.objects, texts(kind, name, map[string]string{key: text}))
	volume := object{"configMap": object{"name": name}}
	if kind == "Secret" {
		volume = object{"secret": object{"secretName": name}}
	}
	c.mount(path, volume)
	c.mounts[len(c.mounts)-1].(object)["subPath"] = key
}

func (c *container) set(name, value string) {
	c.env = append(c.env, object{"name": name, "value": value})
}

func (c *container) object() object {
	o := object{"name": c.name, "image": c.image}
	for key, value := range c.more {
		o[key] = value
	}
	for key, value := range map[string][]string{"command": c.command, "args": c.args} {
		if len(value) > 0 {
			o[key] = value
		}
	}
	for key, value := range map[string]list{"env": c.env, "envFrom": c.from, "volumeMounts": c.mounts} {
		if len(value) > 0 {
			o[key] = value
		}
	}
	return o
}

// workload runs containers, of which the volumes are those of all.
func workload(kind, name string, labels object, containers ...*container) object {
	var all, volumes list
	for _, c := range containers {
		all, volumes = append(all, c.object()), append(volumes, c.volumes...)
	}
	pod := object{"containers": all}
	if len(volumes) > 0 {
		pod["volumes"] = volumes
	}
	template := object{"metadata": object{"labels": labels}, "spec": pod}
	selected := object{"selector": object{"matchLabels": labels}, "template": template}
	switch kind {
	case "CronJob":
		pod["restartPolicy"] = "Never"
		return named("batch/v1", kind, name, object{"spec": object{
			"schedule": "0 1 * * *", "jobTemplate": object{"spec": object{"template": template}},
		}})
	case "Job":
		pod["restartPolicy"] = "Never"
		return named("batch/v1", kind, name, object{"spec": object{"template": template}})
	case "StatefulSet":
		selected["serviceName"] = nodes
	}
	return named("apps/v1", kind, name, object{"spec": selected})
}
