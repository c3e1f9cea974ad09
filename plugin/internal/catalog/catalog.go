// Package catalog describes the programs that call Elasticsearch, each once, as its documentation has it: how a
// container is known to run it, where it takes its settings from, what they are called, and what it makes of them. It
// decides nothing: the post-renderer and verify both read it.
package catalog

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/pipeline"
)

// App names a program, for reports.
type App string

// Program is one program.
type Program struct {
	App     App
	As      string // what `as` of a rule calls it: a program that is known by a rule only; "" for all others
	Link    string // documentation of its settings
	Runtime Runtime
	Signs
	Dir string // where relative paths in its settings start; "" is /
	// WorkDir is where its images run their programs, probes and hooks included; "" where nothing says it.
	WorkDir string
	Files   Files
	// Expands is how it puts variables into its settings.
	Expands Expansion
	// Places are the connections in its files.
	Places []Place
	// Line are the settings of the one connection that its command line and environment may hold.
	Line *Settings
	// Flag gives the name of a setting on the command line, Env that of its variable, "" for none; they are nil where
	// it takes none there.
	Flag     func(setting string) string
	Env      func(setting string, v Version) string
	EnvWith  string   // a variable without which, or with another value than true, no other counts; "": they all do
	Repeated []string // flags of which it takes each
	// Words says that an address may be a bare word of its command line, for which the settings in Line count.
	Words bool
	// Unread are variables in which its chart repeats the address, and which it does not read.
	Unread    []string
	Language  func() pipeline.Language // of its other files, "*.conf"
	Pipelines Pipelines                // where else that language stands
	// Plugin gives the settings of a plugin in such a file; nil for one that is no connection.
	Plugin func(plugin pipeline.Plugin, v Version) *Settings
	// Renewals say what it does with a renewed pair, the oldest first; without any it reads the pair at its start.
	Renewals []Renewal
	// Cases hold and break, as the documentation says.
	Cases func() []Case
}

// Signs are how a container is known. One is enough: a client without an address of Elasticsearch in its configuration
// is none.
type Signs struct {
	Images []string // last path element of the image
	Mounts []string // name of a configuration file that is mounted and that only this program reads
	Words  []string // how a word of its command starts
	Vars   []string // variables that no other program reads
}

// Files are the YAML files of a program, as its container sees them.
type Files struct {
	Options []string // of its command line that name a file or folder; of several files it merges the settings
	Sets    []string // of its command line that set anything in them: E for -E name=value
	Paths   []string // where they are otherwise; one that ends in "/" stands for every file of YAML or JSON below it
	Once    bool     // a key that a mapping has twice stops it
	Each    bool     // each file is read by itself, none is merged with others
	Dirs    []string // of its command line that name another Dir
	// Modules are further files, each of which holds a list that belongs to ModulesAt. ModulesIn is the setting that
	// says others.
	Modules, ModulesAt, ModulesIn string
	Strict                        Strict
}

// Strict says that a program takes no file of settings that others than its owner may write, unless a flag or a
// variable is false.
type Strict struct{ Flag, Env string }

// IsYAML tells by its name whether a file in a folder of settings is YAML. JSON is too.
func IsYAML(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(name))
}

// Pipelines are where a program has its own language, besides in files that end in ".conf".
type Pipelines struct {
	Paths   []string // folders, of which it reads each file, and patterns of files
	Options []string // of its command line that name others
	Texts   []string // of its command line that hold the text itself
	List    string   // a YAML file with a list of pipelines, whose settings are called as the options are
}

// Place is a part of a file that is a connection, or each of several: "*" at the end of a step stands for any entry or
// element.
type Place struct {
	At    string // "output.elasticsearch", "metricbeat.modules.*", "exporters.elasticsearch*"
	Field string // of an entry, which tells it from others; "" where none is needed
	Is    string // how the value of Field begins
	Settings
}

// Name gives the full name of a setting of the place.
func (p Place) Name(setting string) string { return p.At + "." + setting }

// OpenSearch is what outputs for that product are called. They call an Elasticsearch only where they name one of the
// input.
const OpenSearch = "opensearch"

// Settings are what a program calls the settings of a connection. "" says that it has none for that.
type Settings struct {
	Hosts       []string // addresses, with or without scheme
	FirstHost   bool     // of several Hosts the first that is set counts, else all do
	Scheme      string   // says https where an address has no scheme
	Ports       Ports
	Cloud       Cloud
	Versions    Versions
	Ciphers     string // of TLS: a list
	Proxy       string // through which it calls
	Default     string // the address where none is set; "": it has none, or needs one
	Needs       bool   // it does not start without an address
	Switch      Switch
	CA          string   // trust: a PEM file
	CAIsList    bool     // of files
	CAWith      string   // counts only where this is true
	Trust       string   // trust: a store
	TrustPass   string   // password of Trust
	Fingerprint string   // trust: the SHA-256 of a CA that Elasticsearch presents, in hexadecimal
	Pin         string   // of the chain that is trusted one certificate must have a key with this SHA-256, in base64
	Cert, Key   string   // the pair: PEM files
	KeyPass     string   // passphrase of Key
	KeyPassIn   string   // a file that holds it
	PairWith    string   // counts only where this is true
	Store       string   // the pair: a PKCS#12 file
	StoreAlso   []string // further stores, which do not go together with PEM files
	StorePass   string   // password of Store
	// StoreTrusts says that Store holds the CA too, where no other setting names one.
	StoreTrusts bool
	Verify      Verify
	CalledBy    string   // the name that the certificate must have, in place of the host that is called
	Finds       []string // with one of them it asks the server for its nodes, and calls these by their addresses
	// Truths are the values that turn Switch on, besides its own; nil: on and yes.
	Truths []string
	// Below is where all settings of TLS stand; what is neither named here nor among Inert may change something.
	Below  string
	Inert  []string
	Value  string // how a file is written in a setting, with %s for its path; "" for the path alone
	Nested bool   // a YAML file in which it knows no dotted names

	User, Password, Token string
	Hidden                bool     // the password may be where no file shows it
	Credentials           []string // files that hold them
}

// Ports say which port is called at an address that names none; the zero value: that of its scheme.
type Ports struct {
	Name    string // a setting
	Default string
	Bare    bool // for addresses without a scheme only
}

// Cloud is the setting with a Cloud ID, in which the address of a deployment of Elastic Cloud is written.
// https://www.elastic.co/guide/en/beats/filebeat/8.19/configure-cloud-id.html
type Cloud struct {
	Name string
	Top  bool // it is one of the whole program
	// Alone says that the program does not start with addresses beside it; else it wins over them.
	Alone bool
}

// Versions are the settings that say which versions of TLS a program speaks. Without any it speaks 1.2 and 1.3.
type Versions struct {
	List     string
	Min, Max string
	Only     string
}

// Switch turns TLS on.
type Switch struct {
	Name string
	On   string // its value
	Kind SwitchKind
}

// SwitchKind says what a switch does.
type SwitchKind int

// The kinds of switches.
const (
	MayBeOff SwitchKind = iota // the addresses decide; the switch can only turn TLS off
	Decides                    // TLS is off without it, whatever the addresses say
	Bare                       // the addresses decide, and it makes those without a scheme HTTPS
)

// Verify is the setting by which the server's certificate is verified.
type Verify struct {
	Name  string
	Off   []string // values with which nothing is verified
	Unset string   // the value that counts where it is not set; "" where the server is verified then
	Chain []string // values with which the host name is not
	Host  string   // a switch without which the host name is not
	Full  []string // all other values that there are; nil where the program takes any
	// Blind says that a CA counts for nothing then, Idle that the pair is not presented.
	Blind, Idle bool
	// On is the value that a rule sets; "" where it leaves the setting alone.
	On string
}

// IsOff tells whether a value of the setting turns verification off.
func (v Verify) IsOff(value string) bool { return isAny(value, v.Off) }

// Takes tells whether the program starts with a value of the setting.
func (v Verify) Takes(value string) bool {
	return v.Full == nil || isAny(value, slices.Concat(v.Off, v.Chain, v.Full))
}

func isAny(value string, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.EqualFold(word, value) })
}

// Version is that of a program; zero where nothing tells it.
type Version struct{ Major, Minor, Patch int }

// ParseVersion reads the first numbers of a tag or label: 8.19.21, v1.9.0. A third one that is none counts as 0.
func ParseVersion(text string) Version {
	major, rest, _ := strings.Cut(strings.TrimPrefix(text, "v"), ".")
	minor, rest, _ := strings.Cut(rest, ".")
	a, err := strconv.Atoi(major)
	b, minorErr := strconv.Atoi(minor)
	if err != nil || minorErr != nil || a < 0 || b < 0 {
		return Version{}
	}
	if end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		rest = rest[:end]
	}
	patch, err := strconv.Atoi(rest)
	if err != nil {
		patch = 0
	}
	return Version{a, b, patch}
}

func (v Version) before(other Version) bool {
	return !v.AtLeast(other.Major, other.Minor) || v.Major == other.Major && v.Minor == other.Minor &&
		v.Patch < other.Patch
}

// AtLeast tells whether a version is that one or later. It does not hold for an unknown one.
func (v Version) AtLeast(major, minor int) bool {
	return v.Major > major || v.Major == major && v.Minor >= minor
}

// Renamed gives the settings under other names, as flags and variables have them.
func (s Settings) Renamed(name func(string) string) Settings {
	to := func(setting string) string {
		if setting == "" {
			return ""
		}
		return name(setting)
	}
	all := func(settings []string) []string {
		var named []string
		for _, one := range settings {
			named = append(named, to(one))
		}
		return named
	}
	for _, field := range []*string{
		&s.Scheme, &s.Switch.Name, &s.CA, &s.CAWith, &s.Trust, &s.TrustPass, &s.Cert, &s.Key, &s.PairWith, &s.Store,
		&s.StorePass, &s.Verify.Name,
		&s.User, &s.Password, &s.Token, &s.KeyPass, &s.KeyPassIn, &s.Fingerprint, &s.Pin, &s.Ports.Name, &s.Cloud.Name,
		&s.Ciphers, &s.Proxy,
		&s.Versions.List, &s.Versions.Min, &s.Versions.Max, &s.Versions.Only, &s.CalledBy, &s.Verify.Host,
	} {
		*field = to(*field)
	}
	s.Hosts, s.StoreAlso, s.Credentials = all(s.Hosts), all(s.StoreAlso), all(s.Credentials)
	s.Finds = all(s.Finds)
	return s
}

// Saying lists the settings that say the name of a server: its addresses, and the name that its certificate must have.
func (s Settings) Saying() []string {
	if s.CalledBy == "" {
		return s.Hosts
	}
	return append(slices.Clone(s.Hosts), s.CalledBy)
}

// Names lists what the program calls its settings.
func (s Settings) Names() []string {
	all := slices.Concat(s.Hosts, s.StoreAlso, s.Credentials, s.Finds, []string{
		s.Scheme, s.Switch.Name, s.CA, s.CAWith, s.Trust, s.TrustPass, s.Cert, s.Key, s.PairWith, s.Store, s.StorePass,
		s.Verify.Name, s.User, s.Password, s.Token,
		s.KeyPass, s.KeyPassIn, s.Fingerprint, s.Pin, s.Ports.Name, s.Cloud.Name, s.Ciphers, s.Proxy,
		s.Versions.List, s.Versions.Min, s.Versions.Max, s.Versions.Only, s.CalledBy, s.Verify.Host,
	})
	return slices.DeleteFunc(all, func(name string) bool { return name == "" })
}

// descriptions are those of all files of this package.
var descriptions []func() Program

// describe adds a description: a file of this package is all that a new program needs.
func describe(programs ...func() Program) { descriptions = append(descriptions, programs...) }

// All lists the programs by their names: those that a container may be recognised by, and those that only a rule names.
func All() []Program {
	all := make([]Program, 0, len(descriptions))
	for _, description := range descriptions {
		all = append(all, description())
	}
	slices.SortFunc(all, func(a, b Program) int { return strings.Compare(string(a.App), string(b.App)) })
	return all
}

// dashed gives the flag of a setting: --es.uri, and -e for one letter.
func dashed(setting string) string {
	if len(setting) == 1 {
		return "-" + setting
	}
	return "--" + setting
}

// variable gives the variable of a flag: ES_SERVER_URLS for es.server-urls.
func variable(flag string, _ Version) string {
	return strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(flag))
}
