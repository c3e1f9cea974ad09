package setups

import (
	"maps"
	"slices"
	"strings"
)

// Role is what a setting of a client is for.
type Role string

// The roles.
const (
	Address Role = "address"
	CA      Role = "CA"
	Cert    Role = "certificate"
	Key     Role = "key"
	Verify  Role = "verification"
	Switch  Role = "TLS"
	Pass    Role = "passphrase"
	Scheme  Role = "scheme"
	Print   Role = "fingerprint" // of a CA that the node presents
	Pin     Role = "pin"         // of the key of a CA
	Version Role = "version"     // of TLS
	Cipher  Role = "cipher"      // of TLS 1.2
)

// Channel is where a setting stands.
type Channel string

// The channels.
const (
	InFile       Channel = "file"
	InSecret     Channel = "file in a Secret"
	FileVariable Channel = "file, by a variable"
	FileDefault  Channel = "file, by the default of a variable"
	Modules      Channel = "file of modules"
	SecondFile   Channel = "second file"
	Sets         Channel = "flag that sets what is in the file"
	FlagJoined   Channel = "flag with ="
	FlagApart    Channel = "flag"
	FlagShort    Channel = "short flag"
	FlagByKube   Channel = "flag, by Kubernetes' variable"
	Variable     Channel = "variable"
	FromMap      Channel = "envFrom"
	FromKey      Channel = "valueFrom"
	InShell      Channel = "shell line"
	ShellLocal   Channel = "variable of the shell"
	ShellEnv     Channel = "variable, by the shell"
	InScript     Channel = "script"
)

// Spelling is what a program calls a setting: in its file, as a flag, as a variable.
type Spelling struct{ File, Flag, Short, Env string }

// Program is a client that can be run here, and how it is configured.
type Program struct {
	Name  string
	Part  string // what test/parts calls it; "" for what the system has
	Image string
	Kind  string // of its workload
	// Path is where the image has the program, Dir the folder in which it starts.
	Path, Dir string
	Spelled   map[Role]Spelling
	Channels  []Channel
	Usual     Channel
	// File is the path of its configuration; Around says what stands around the settings, and Indent how far these are in.
	File, Around string
	Indent       int
	Off, On      string // values of Verify
	ListedCA     bool
	Bare         bool // the address is a word of the command line
	fill         func(c *container)
	// NeedsSwitch says that TLS is off until Switch is on, Idle that no pair is presented where nothing is verified.
	NeedsSwitch, Idle bool
	// Hosts are its addresses, where they are no URLs: the right one, one whose name no certificate has, and others.
	Hosts []string
	// Unquoted says that its settings stand without quotes, in which it sees no variables.
	Unquoted bool
	// Locked is the pair with a passphrase that it opens.
	Locked string
	Deaf   map[Channel]bool // channels that this version does not listen to
	Config string           // of elk-mtls, where a rule has to name the program
}

// value is one setting.
type value struct {
	role Role
	text string
	at   Channel
}

const (
	rightURL = "https://" + service + ":9200"
	wrongURL = "http://" + service + ":9200"
)

// client is a client that is being put together.
type client struct {
	p       Program
	c       *container
	lines   []string // of its file
	second  []string // of the file that is read after it
	modules []string
	words   []string // of its command line
	before  []string // of the shell, before the program is called
	shell   Channel  // InShell, InScript, or ""
	secret  bool     // its file is in a Secret
	from    map[string]string
	keys    map[string]string
}

// channels are how a setting gets to where it stands.
var channels = map[Channel]func(c *client, s Spelling, v value){
	InFile:       func(c *client, s Spelling, v value) { c.line(s, v.text) },
	InSecret:     func(c *client, s Spelling, v value) { c.secret = true; c.line(s, v.text) },
	FileVariable: func(c *client, s Spelling, v value) { c.line(s, "${"+c.named(v)+"}") },
	FileDefault:  func(c *client, s Spelling, v value) { c.line(s, "${NOBODY_SETS_THIS:"+v.text+"}") },
	Modules:      func(c *client, s Spelling, v value) { c.modules = append(c.modules, c.yaml(s, v.text)) },
	SecondFile:   func(c *client, s Spelling, v value) { c.second = append(c.second, c.yaml(s, v.text)) },
	Sets:         func(c *client, s Spelling, v value) { c.words = append(c.words, "-E", s.prefix()+s.File+"="+v.text) },
	FlagJoined:   func(c *client, s Spelling, v value) { c.flagOf(s, v, v.text) },
	FlagApart:    func(c *client, s Spelling, v value) { c.flag(s.Flag, v) },
	FlagShort:    func(c *client, s Spelling, v value) { c.flag(s.Short, v) },
	FlagByKube:   func(c *client, s Spelling, v value) { c.flagOf(s, v, "$("+c.named(v)+")") },
	Variable:     func(c *client, s Spelling, v value) { c.c.set(s.Env, v.text) },
	FromMap:      func(c *client, s Spelling, v value) { c.from[s.Env] = v.text },
	FromKey:      func(c *client, s Spelling, v value) { c.keyed(s.Env, v.text) },
	InShell:      func(c *client, s Spelling, v value) { c.shell = InShell; c.flagOf(s, v, v.text) },
	InScript:     func(c *client, s Spelling, v value) { c.shell = InScript; c.flagOf(s, v, v.text) },
	ShellEnv:     func(c *client, s Spelling, v value) { c.shell = InShell; c.flagOf(s, v, "$"+c.named(v)) },
	ShellLocal: func(c *client, s Spelling, v value) {
		c.shell = InShell
		name := variableOf(v.role)
		c.before = append(c.before, name+"="+v.text)
		c.flagOf(s, v, `"$`+name+`"`)
	},
}

// prefix is what -E needs in front of a setting of an output.
func (s Spelling) prefix() string { return "output.elasticsearch." }

func variableOf(r Role) string {
	return "SEARCH_" + strings.ToUpper(string(r))
}

// named sets a variable of no meaning to the program, and gives its name.
func (c *client) named(v value) string {
	name := variableOf(v.role)
	c.c.set(name, v.text)
	return name
}

func (c *client) line(s Spelling, text string) { c.lines = append(c.lines, c.yaml(s, text)) }

// yaml writes a setting as a file of the program has it.
func (c *client) yaml(s Spelling, text string) string {
	isList := slices.ContainsFunc([]Role{CA, Address, Version, Cipher}, func(r Role) bool { return s == c.p.Spelled[r] })
	if c.p.ListedCA && isList {
		return s.File + `: ["` + text + `"]`
	}
	if s == c.p.Spelled[Verify] || s == c.p.Spelled[Switch] {
		return s.File + ": " + text
	}
	if c.p.Unquoted {
		return s.File + ": " + text
	}
	return s.File + `: "` + text + `"`
}

// flag adds a flag and its value, or the flag alone where its presence is the value.
func (c *client) flag(name string, v value) {
	switch {
	case v.role == Address && c.p.Bare:
		c.words = append(c.words, v.text)
	case v.role == Verify && c.p.Off == "":
		if v.text != "" {
			c.words = append(c.words, name)
		}
	default:
		c.words = append(c.words, name, v.text)
	}
}

// flagOf is a flag with another text than the value's.
func (c *client) flagOf(s Spelling, v value, text string) {
	if c.p.Usual == FlagJoined && (v.role != Verify || c.p.Off != "") && (v.role != Address || !c.p.Bare) {
		c.words = append(c.words, s.Flag+"="+text)
		return
	}
	v.text = text
	c.flag(s.Flag, v)
}

func (c *client) keyed(name, text string) {
	key := strings.ToLower(name)
	c.keys[key] = text
	c.c.env = append(c.c.env, object{"name": name, "valueFrom": object{"configMapKeyRef": object{"name": "client-keys", "key": key}}})
}

// build puts a client together.
func build(p Program, values []value) *client {
	c := &client{p: p, c: &container{name: "client", image: p.Image}, from: map[string]string{}, keys: map[string]string{}}
	for _, v := range values {
		channels[v.at](c, p.Spelled[v.role], v)
	}
	if p.fill != nil {
		p.fill(c.c)
	}
	c.c.secret("/tls", "client-tls")
	c.c.secret("/other", "other-tls")
	c.files()
	if len(c.from) > 0 {
		c.c.objects = append(c.c.objects, texts("ConfigMap", "client-env", c.from))
		c.c.from = list{object{"configMapRef": object{"name": "client-env"}}}
	}
	if len(c.keys) > 0 {
		c.c.objects = append(c.c.objects, texts("ConfigMap", "client-keys", c.keys))
	}
	c.line2()
	return c
}

func (c *client) files() {
	if c.p.File == "" {
		return
	}
	kind := "ConfigMap"
	if c.secret {
		kind = "Secret"
	}
	c.c.file(kind, "client-config", c.p.File, c.around(c.lines))
	if len(c.second) > 0 {
		c.c.file("ConfigMap", "client-second", "/etc/second.yml", "output.elasticsearch:\n  "+strings.Join(c.second, "\n  ")+"\n")
		c.c.args = append(c.c.args, "-c", c.p.File, "-c", "/etc/second.yml")
	}
	if len(c.modules) > 0 {
		c.c.file("ConfigMap", "client-modules", c.p.Dir+"/modules.d/search.yml", "- module: elasticsearch\n  "+strings.Join(c.modules, "\n  ")+"\n")
	}
}

func (c *client) around(lines []string) string {
	if strings.Contains(c.p.Around, "%s") {
		return strings.Replace(c.p.Around, "%s", strings.Join(lines, "\n"+strings.Repeat(" ", c.p.Indent)), 1)
	}
	return strings.Join(lines, "\n") + "\n" + c.p.Around
}

// line2 puts the command line together.
func (c *client) line2() {
	words := append(c.c.args, c.words...)
	if c.shell == "" {
		c.c.args = words
		return
	}
	all := append(append([]string(nil), c.c.command...), words...)
	if len(c.c.command) == 0 {
		all = append([]string{c.p.Path}, words...)
	}
	text := strings.Join(append(c.before, "exec "+strings.ReplaceAll(strings.Join(all, " "), "$(POD_IP)", "$POD_IP")), "\n") + "\n"
	c.c.args = nil
	if c.shell == InScript {
		c.c.file("ConfigMap", "client-script", "/scripts/run.sh", "#!/bin/sh\n"+text)
		c.c.command = []string{"sh", "/scripts/run.sh"}
		return
	}
	c.c.command = []string{"sh", "-c", text}
}

// manifests gives the release with a client.
func (w *world) manifests(c *client, material map[string][]byte) (all, secrets string) {
	objects := append(w.nodeObjects(w.node()), c.c.objects...)
	objects = append(objects, texts("Secret", "logins", map[string]string{"password": Password}))
	objects = append(objects, workload(c.p.Kind, "client", object{"app": "client"}, c.c))
	if c.p.Part == "metricbeat" || c.p.Part == "heartbeat" {
		right := maps.Clone(w.cas["root"].files)
		maps.Copy(right, w.pairs["good"].files)
		objects = append(objects, secret("right-tls", right))
	}
	other := w.other.Cert
	own := w.pairs["of nobody"].files
	kept := append(w.nodeSecrets(), secret("client-tls", material),
		secret("other-tls", map[string][]byte{"ca.crt": other, "tls.crt": own["tls.crt"], "tls.key": own["tls.key"]}))
	return stream(objects...), stream(kept...)
}
