package object

import (
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
)

// TestMayRead holds who may read a file of a Secret: by its mode, the security context, and the user of images that are known.
func TestMayRead(t *testing.T) {
	const elastic, bitnami = "docker.elastic.co/beats/filebeat:8.19.2", "docker.io/bitnami/kibana:8"
	const exporter = "quay.io/prometheuscommunity/elasticsearch-exporter:v1.10.0"
	for _, test := range []struct {
		name, image, context, mode string
		may                        bool
		condition                  string
	}{
		{"everybody", elastic, "", "", true, ""},
		{"root alone, Elastic's image", elastic, "", "0400", false, ""},
		{"root alone, Bitnami's image", bitnami, "", "0400", false, ""},
		{"root alone, the exporter", exporter, "", "0400", false, ""},
		{"its group, the exporter", exporter, "", "0440", false, ""},
		{"its group, by a user of its own", exporter, "runAsUser: 5", "0440", true, "its process belongs to group 0, which may read the files"},
		{"its group, beside another", exporter, "runAsUser: 5, runAsGroup: 5, supplementalGroups: [7, 0]", "0440", true, ""},
		{"root alone, another image", "shop:1", "", "0400", true, "its image runs as root, which may read the files"},
		{"root alone, and it is root", elastic, "runAsUser: 0", "0400", true, ""},
		{"nobody, and it is root", elastic, "runAsUser: 0", "0000", true, ""},
		{"nobody, another image", "shop:1", "", "0000", true, "its image runs as root, which may read the files"},
		{"nobody, and root may no more than others", elastic + ", securityContext: {capabilities: {drop: [ALL]}}", "runAsUser: 0", "0000", false, ""},
		{"root alone, and fsGroup", elastic, "fsGroup: 1000", "0400", true, ""},
		{"its group", elastic, "", "0440", true, "its process belongs to group 0, which may read the files"},
		{"its group, by number", elastic, "runAsGroup: 0", "288", true, ""},
	} {
		stream, err := manifest.Split([]byte("kind: Pod\nmetadata: {name: p}\nspec:\n  securityContext: {" + test.context + "}\n  containers: [{name: c, image: " + test.image + "}]\n"))
		if err != nil {
			t.Fatal(err)
		}
		objects, err := In(stream.Documents()[0])
		if err != nil {
			t.Fatal(err)
		}
		pod, _ := objects[0].Pod()
		if may, condition := pod.Containers()[0].MayRead(test.mode); may != test.may || condition != test.condition {
			t.Errorf("%s: %v, %q", test.name, may, condition)
		}
	}
}

// TestOthersWrite holds which modes let others than the owner write a file.
func TestOthersWrite(t *testing.T) {
	for mode, want := range map[string]bool{
		"": false, "0644": false, "0440": false, "0755": false, "0660": true, "0646": true, "0o777": true, "420": false, "438": true, "x": false,
	} {
		if got := (File{Found: Mounted, Mode: mode}).OthersWrite(); got != want {
			t.Errorf("%s: got %v", mode, got)
		}
		if (File{Found: Made, Mode: mode}).OthersWrite() {
			t.Errorf("%s: a file that is made in the pod has no mode that is known", mode)
		}
	}
}
