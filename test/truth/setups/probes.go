package setups

import "strings"

// hooks are where a container of a node has commands of the kubelet.
var hooks = [][]string{{"readinessProbe"}, {"livenessProbe"}, {"startupProbe"}, {"lifecycle", "postStart"}, {"lifecycle", "preStop"}}

const (
	inNode   = "--cacert " + ConfigDir + "/tls/ca.crt --cert " + ConfigDir + "/tls/tls.crt --key " + ConfigDir + "/tls/tls.key"
	relative = "--cacert config/tls/ca.crt --cert config/tls/tls.crt --key config/tls/tls.key"
	call     = "curl -sS -o /dev/null -u elastic:" + Password + " "
)

// probes are commands by which the kubelet looks after a node.
var probes = []struct {
	name, line string // of a shell; a line without one is split at blanks
	shell      bool
	breaks     bool
}{
	{"the node's pair", call + inNode + " https://localhost:9200/", false, false},
	{"in a shell", call + inNode + " https://localhost:9200/", true, false},
	{"relative paths", call + relative + " https://localhost:9200/", true, false},
	{"an address in a variable", "URL=https://localhost:9200\n" + call + inNode + ` "$URL/_cluster/health"`, true, false},
	{"options in a variable", "O='" + inNode + "'\n" + call + `$O https://localhost:9200`, true, false},
	{"short options", call + "-k -E" + ConfigDir + "/tls/tls.crt --key " + ConfigDir + "/tls/tls.key https://localhost:9200", true, false},
	{"no pair", call + "--cacert " + ConfigDir + "/tls/ca.crt https://localhost:9200/", false, true},
	{"no pair in a shell", call + "-k https://localhost:9200/", true, true},
	{"no pair, an address in a variable", "URL=https://localhost:9200\n" + call + `-k "$URL/_cluster/health"`, true, true},
	{"plain HTTP", call + inNode + " http://localhost:9200/", true, true},
	{"another option between", call + "-H kbn:true " + "https://localhost:9200/", true, true},
	{"the second call has no pair", call + inNode + " https://localhost:9200/ && " + call + "-k https://localhost:9200/", true, true},
	{"the pair for the first address only", call + inNode + " https://localhost:9200/ --next " + strings.TrimPrefix(call, "curl ") + "-k https://localhost:9200/", true, true},
	{"another key", call + strings.Replace(inNode, "tls.key", "other.key", 1) + " https://localhost:9200/", true, true},
}

// probed are the nodes with them.
func (w *world) probed() []SetUp {
	var all []SetUp
	for _, at := range hooks {
		for _, p := range probes {
			command := []string{"sh", "-c", p.line}
			if !p.shell {
				command = strings.Fields(p.line)
			}
			s := w.nodeSetUp(nodeSpec{more: func(c *container) {
				handler := any(object{"exec": object{"command": command}})
				for i := len(at) - 1; i > 0; i-- {
					handler = object{at[i]: handler}
				}
				c.more[at[0]] = handler
			}})
			s.Kind, s.Breaks, s.Meant, s.Name = Probed, p.breaks, true, "elasticsearch's "+strings.Join(at, ".")+"/"+p.name
			s.Ask.Program, s.Ask.Command = "curl", command
			all = append(all, s)
		}
	}
	return all
}
