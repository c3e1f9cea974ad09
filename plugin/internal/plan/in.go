package plan

import (
	"slices"

	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/issue"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// In is what a step knows: what was read, and what the steps before it found out. No step changes it.
type In struct {
	release  *recognise.Release
	settings config.Settings
	services []string                         // names of the Services in front of the nodes of this stream
	serving  map[string][]*recognise.Workload // the nodes behind each of them
	nodeOf   map[*object.Object]*recognise.Workload
	ruled    []ruled
	leaves   []issue.Leaf        // certificates that cert-manager is asked for
	programs map[*yaml.Node]bool // containers that a program of the table runs in, or that have a rule
	reading  *reading

	names    *mention.Names
	meant    *mention.Names                     // servers that the input does not hold, nil where any is one
	removed  []*object.Object                   // hooks that made Kibana's token
	nodes    *layer[*recognise.Workload, *node] // that are planned
	switched bool                               // some node speaks HTTPS from now on, and did not before
	pods     *layer[mounter, identity]          // that have clients with an identity
}

// reading keeps what is read once.
type reading struct {
	declared *certificate.Declared
	sight    sight
}

// sight is where a release names its servers.
type sight struct {
	mention.Found
	names *mention.Names // whose mentions these are
	err   error
	told  map[*yaml.Node]mention.Mention // the first address that a container is told
}

// step is a step under way: what it knows, and its part.
type step struct {
	*In
	*Part
}

// identityIn gives the identity of the clients in a pod, or of one of them, as far as they are planned.
func (p step) identityIn(m mounter) identity {
	if id, ok := p.mounted[m]; ok {
		return id
	}
	return p.pods.of(m)
}

func begin(in *In) step { return step{in, &Part{}} }

// read takes from a release what all steps ask for.
func read(r *recognise.Release, s config.Settings, leaves []issue.Leaf) (*In, Part) {
	in := &In{
		leaves: leaves, release: r, settings: s, serving: map[string][]*recognise.Workload{},
		nodeOf:   map[*object.Object]*recognise.Workload{},
		programs: map[*yaml.Node]bool{}, reading: &reading{},
	}
	var part Part
	in.ruled = findRuled(step{in, &part})
	for _, w := range r.Clients {
		in.programs[w.Main.Node] = true
	}
	for _, rule := range in.ruled {
		in.programs[rule.w.Main.Node] = true
	}
	for _, w := range r.Nodes {
		names, err := r.Services(w)
		part.failing(w.ID, err)
		in.services = append(in.services, names...)
		in.nodeOf[w.Object] = w
		for _, name := range names {
			in.serving[name] = append(in.serving[name], w)
		}
	}
	names, err := mention.Of(r)
	if err != nil {
		part.fail(err)
		names = mention.None()
	}
	in.names = names.With(shell.Hosts(s.Elasticsearch.URLs())...)
	slices.Sort(in.services)
	in.services = slices.Compact(in.services)
	return in, part
}

// after is what a step knows that comes after others.
func (in *In) after(parts ...Part) *In {
	next := in.fork()
	for _, p := range parts {
		next.learn(p)
	}
	return next
}

// fork gives the same knowledge, to learn from other parts.
func (in *In) fork() *In {
	next := *in
	next.removed, next.nodes, next.pods = slices.Clip(in.removed), over(in.nodes), over(in.pods)
	return &next
}

// learn takes in a part. Only who has made a fork calls it.
func (in *In) learn(p Part) {
	in.removed = append(in.removed, p.hooks...)
	merge(&in.nodes.own, p.secured)
	merge(&in.pods.own, p.mounted)
	in.switched = in.switched || p.switches
	in.names = in.calling(p.called).names
	for _, port := range p.ports {
		in.names = in.names.WithPort(port)
	}
}

// layer is knowledge over older knowledge, which others use too: nothing of that is copied.
type layer[K comparable, V any] struct {
	own   map[K]V
	older *layer[K, V]
}

func over[K comparable, V any](older *layer[K, V]) *layer[K, V] { return &layer[K, V]{older: older} }

func (l *layer[K, V]) find(key K) (V, bool) {
	for ; l != nil; l = l.older {
		if found, ok := l.own[key]; ok {
			return found, true
		}
	}
	var none V
	return none, false
}

// of gives what is known of a key, nothing as its zero.
func (l *layer[K, V]) of(key K) V {
	found, _ := l.find(key)
	return found
}

// meaning gives the same knowledge, and which servers are meant that the input does not hold.
func (in *In) meaning(servers *mention.Names) *In {
	next := in.fork()
	next.meant = servers
	return next
}

func (in *In) isRemoved(o *object.Object) bool { return slices.Contains(in.removed, o) }

// calling is what is known beside what a known client calls: where the stream has no server, that is what was meant.
func (in *In) calling(addresses []string) *In {
	if len(in.release.Nodes)+len(in.release.Unmanaged) > 0 {
		return in
	}
	next := *in
	next.names = next.names.With(shell.Hosts(addresses)...)
	return &next
}

// mentions gives every place that names a server, by the names that are known so far.
func (in *In) mentions() sight {
	if in.reading.sight.names == in.names {
		return in.reading.sight
	}
	found, err := mention.Find(in.release, in.names)
	s := sight{Found: found, names: in.names, err: err, told: map[*yaml.Node]mention.Mention{}}
	for _, m := range found.Mentions {
		s.tell(m.Told(), m)
		for _, r := range m.Readers {
			s.tell(r.Container.Node, m)
		}
	}
	in.reading.sight = s
	return s
}

func (s sight) tell(container *yaml.Node, m mention.Mention) {
	if _, known := s.told[container]; container != nil && !known && m.Strength == mention.Address {
		s.told[container] = m
	}
}

// seen gives what the processes of a container see.
func (in *In) seen(c object.Container) process.Process { return in.release.Process(c) }

// own gives a variable of the container's own list.
func (in *In) own(c object.Container, name string) (object.Variable, bool) {
	v, ok := in.seen(c).Given.Own(name)
	return v, ok && v.Entry != nil
}

// declarations gives what the input declares about Secrets.
func (in *In) declarations() (certificate.Declared, error) {
	if in.reading.declared == nil {
		objects, err := in.release.Kinds(certificate.KindWords(), certificate.Declares)
		if err != nil {
			return certificate.Declared{}, err
		}
		declared := certificate.Declare(objects)
		in.reading.declared = &declared
	}
	return *in.reading.declared, nil
}

func podOf(o *object.Object) object.Pod {
	pod, _ := o.Pod()
	return pod
}
