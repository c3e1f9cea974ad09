package plugin

import (
	"bytes"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/plan"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/report"
)

// transform is the post-renderer: a manifest stream in, the secured stream out. It uses no network, cluster, clock or
// randomness.
func transform(input []byte, settings config.Settings) ([]byte, *report.Report, error) {
	spans, outcome, err := transformSpans(input, settings)
	if err != nil {
		return nil, nil, err
	}
	return bytes.Join(spans, nil), outcome, nil
}

// inBlockStyle is what to do about YAML that cannot be changed line by line.
const inBlockStyle = "write that place in block style, without YAML aliases"

// transformSpans is transform in pieces of which most are the input's: a large stream is in memory once.
func transformSpans(input []byte, settings config.Settings) ([][]byte, *report.Report, error) {
	stream, err := manifest.Split(input)
	if err != nil {
		return nil, nil, problem.Advise(err, "convert it to UTF-8")
	}
	outcome, err := secure(stream, settings)
	if err != nil {
		return nil, nil, err
	}
	spans, err := stream.Spans()
	if err != nil {
		return nil, nil, problem.Advise(err, inBlockStyle)
	}
	return spans, outcome, nil
}

// secure is transform on a stream that somebody else takes apart and puts together.
func secure(stream *manifest.Stream, settings config.Settings) (*report.Report, error) {
	release, err := recognise.All(stream, unmanaged(settings))
	if err != nil {
		return nil, problem.Join(problem.All(err))
	}
	if release.Objects == 0 {
		return nil, recognise.ErrNoObject
	}
	decided, err := plan.For(release, settings)
	if err != nil {
		return nil, err
	}
	outcome, err := apply(stream, release, decided)
	if err != nil {
		return nil, problem.Join(problem.All(err))
	}
	outcome.Mode, outcome.ClientAuthentication = settings.Mode, settings.ClientAuthentication
	known := len(release.Nodes) + len(release.Kibanas) + len(release.Clients) + len(release.ECK) +
		len(release.Unmanaged) + len(release.Passed) + len(decided.Ruled)
	outcome.Recognised = known+len(decided.Changes)+len(decided.Removals) > 0
	return outcome, nil
}

func unmanaged(settings config.Settings) func(object.ID) bool {
	return func(id object.ID) bool {
		for _, u := range settings.Unmanaged {
			if u.Ref == id.String() {
				return true
			}
		}
		return false
	}
}
