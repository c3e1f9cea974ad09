package initcontainer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	d "github.com/elk-mtls/elk-mtls/initcontainer/internal/diagnosis"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/elastic"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/survey"
)

// surveyRecord is the setting of the cluster in which a survey keeps what it has to put back. It is written and taken
// away together with the logger, in one request: Elasticsearch takes both or none.
const surveyRecord = "cluster.metadata.elk-mtls-survey"

// record is what is kept.
type record struct {
	Run   string    `json:"run"`
	Old   *string   `json:"old"` // the logger's own value; null: it had none
	Until time.Time `json:"until"`
}

func (r *record) was() *string {
	if r == nil {
		return nil
	}
	return r.Old
}

// recordOf reads it; nil where there is none.
func recordOf(s elastic.Settings) (*record, error) {
	value, there := s.Persistent[surveyRecord]
	if !there {
		return nil, nil
	}
	var r record
	if text, isText := value.(string); !isText || json.Unmarshal([]byte(text), &r) != nil || r.Run == "" {
		return nil, failure.New(failure.Usage,
			fmt.Errorf("the cluster's setting %s is not what a survey writes", surveyRecord),
			"look at it, and at "+survey.Logger+", and take away what nobody needs: PUT _cluster/settings with null")
	}
	return &r, nil
}

// survey tells of a logger that a survey has switched on and nobody has put back.
func (x *examination) survey(ctx context.Context) {
	limited, cancel := oneCall(ctx)
	defer cancel()
	settings, err := x.es.ClusterSettings(limited, program+"-doctor")
	r, foreign := recordOf(settings)
	const remedy = "put it back by elk-mtls-init survey --restore, with a user who may change settings of the cluster"
	switch {
	case failure.Of(err) == failure.Forbidden:
		x.Skip("monitor in Elasticsearch", d.Survey)
	case err != nil:
		x.bad(d.Survey, err)
	case foreign != nil:
		x.Warn(d.Survey, failure.Hint(foreign), "%s", oneLine(foreign))
	case r == nil:
		x.Good(d.Survey, "none has left anything")
	case x.edge.clock.now().Before(r.Until):
		x.Warn(d.Survey, "wait until it ends; or, if nobody runs it any more, "+remedy,
			"one is under way until %s: a logger of Elasticsearch is on", r.Until.Format(time.RFC3339))
	default:
		x.Warn(d.Survey, remedy, "one that was to end at %s has left a logger of Elasticsearch on: it writes a line "+
			"for each request without a certificate",
			r.Until.Format(time.RFC3339))
	}
}

const loggerOn = "DEBUG"

// logger is the one of Elasticsearch that names connections without a certificate, as a survey sees it.
type logger struct {
	es  *elastic.Client
	run string
}

// before finds the logger's own value: what a survey has kept that has not put it back, or what is set now.
func (l logger) before(ctx context.Context, log *slog.Logger) (*record, error) {
	now, err := l.es.ClusterSettings(ctx, l.run)
	if err != nil {
		return nil, err
	}
	if _, there := now.Transient[survey.Logger]; there {
		return nil, failure.New(failure.Usage, fmt.Errorf("the cluster has a transient setting %s, which counts "+
			"before ours", survey.Logger),
			`take it away: PUT _cluster/settings {"transient": {"`+survey.Logger+`": null}}`)
	}
	left, err := recordOf(now)
	if err != nil {
		return nil, err
	}
	if left != nil {
		log.Warn("a survey has left the logger on, or is still under way and ends now; this one puts back "+
			"what it has kept", "run", left.Run, "until", left.Until)
		return left, nil
	}
	r := &record{}
	if value, isText := now.Persistent[survey.Logger].(string); isText {
		r.Old = &value
	}
	return r, nil
}

func (l logger) on(ctx context.Context, r record) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return l.es.PutSettings(ctx, l.run, map[string]any{surveyRecord: string(text), survey.Logger: loggerOn})
}

var errTakenOver = failure.New(failure.Other, errors.New("another survey has begun, or somebody has put the logger "+
	"back: this one has ended"), "")

// mine looks whether the record is still ours.
func (l logger) mine(ctx context.Context) error {
	now, err := l.es.ClusterSettings(ctx, l.run)
	if err != nil {
		return err
	}
	r, err := recordOf(now)
	if err == nil && (r == nil || r.Run != l.run) {
		err = errTakenOver
	}
	return err
}

// putBack gives the logger its old value, and takes the record away. A logger that somebody has set to something else
// since is theirs.
func (l logger) putBack(ctx context.Context, run string) error {
	now, err := l.es.ClusterSettings(ctx, l.run)
	if err != nil {
		return err
	}
	r, err := recordOf(now)
	if err != nil || r == nil || run != "" && r.Run != run {
		return err
	}
	change := map[string]any{surveyRecord: nil}
	if now.Persistent[survey.Logger] == loggerOn {
		change[survey.Logger] = r.Old
	}
	return l.es.PutSettings(ctx, l.run, change)
}

// restoreOthers puts back what any survey has left.
func (s *surveyor) restoreOthers(ctx context.Context) error {
	there := false
	err := s.until(ctx, "Elasticsearch", func(ctx context.Context) error {
		now, err := s.es.ClusterSettings(ctx, s.run)
		if err != nil {
			return err
		}
		r, err := recordOf(now)
		there = there || r != nil
		if err != nil || r == nil {
			return err
		}
		return s.logger.putBack(ctx, "")
	})
	if err != nil {
		return err
	}
	if there {
		s.edge.log.Info("the logger is as it was before the survey")
	} else {
		s.edge.log.Info("no survey has left anything")
	}
	return nil
}
