package plan

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
)

// waiting refuses hooks that would mount what is not there while they run: such a pod waits for it, and Helm for the
// pod.
func waiting(in *In, served Part) Part {
	p := begin(in)
	byName := func(a, b mounter) int {
		return strings.Compare(a.object.ID.String()+a.only, b.object.ID.String()+b.only)
	}
	for _, m := range slices.SortedFunc(maps.Keys(served.mounted), byName) {
		for _, s := range served.mounted[m].sources(m.object) {
			if why := comesLater(in, m.object, s); why != "" {
				p.failing(m.object.ID, problem.New(problem.EarlyHook, "runs in a hook (%s) that would wait for ever "+
					"for %s: %s", m.object.Hook, s, why).
					Do("name a Secret of your own, with CA, certificate and key, in certificates.clients (ref: %s), "+
						"or switch the hook off", m.object.ID))
			}
		}
	}
	return *p.Part
}

// isFirst holds for hooks that run before anything of the release is there, or after all of it is gone.
func isFirst(o *object.Object) bool { return runsAt(o, "pre-install") || runsAt(o, "post-delete") }

func runsAt(o *object.Object, hook string) bool {
	return slices.ContainsFunc(strings.Split(o.Hook, ","), func(h string) bool { return strings.TrimSpace(h) == hook })
}

// isThereFor tells whether an object is there when a hook runs: it comes at each of the hook's own times, and not after
// it, or is left from an earlier one.
// https://helm.sh/docs/topics/charts_hooks/#hook-weights
func isThereFor(holder, o *object.Object) bool {
	at := func(hook string) bool {
		return !runsAt(o, hook) || hook == "post-delete" && holder.Hook != "" && !runsAt(holder, hook) ||
			runsAt(holder, hook) && weightOf(holder) <= weightOf(o)
	}
	return at("pre-install") && at("post-delete")
}

// weightOf gives the place of a hook among those of its time; of one weight, a Secret comes before a pod.
func weightOf(o *object.Object) int {
	weight, _ := strconv.Atoi(object.Text(o.Node, "metadata", "annotations", "helm.sh/hook-weight"))
	return weight
}

// comesLater says why a key is not there while a hook runs, "" where it is or nothing tells.
func comesLater(in *In, o *object.Object, s object.Source) string {
	if !isFirst(o) || s.Name == "" {
		return ""
	}
	holder := in.release.Shown(s)
	switch filler := in.release.Filler(s); {
	case holder != nil && (holder.Live || isThereFor(holder, o)):
		return ""
	case holder != nil:
		return "it comes with the release"
	case filler != "":
		return filler + ", which has it filled, comes with the release"
	}
	return ""
}
