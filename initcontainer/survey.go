package initcontainer

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/elastic"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/pods"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/survey"
	"github.com/elk-mtls/elk-mtls/internal/evidence"
)

func surveyCommand(environ []string, report *reporter) *cobra.Command {
	var o config.Survey
	return command(environ, report, &cobra.Command{
		Use:   "survey",
		Short: "Find out who still connects to Elasticsearch without a certificate",
		Long: `Find out who connects to Elasticsearch without a certificate while client_authentication is optional.
For the time that --for gives, a logger of Elasticsearch reports each such connection. The command reads the nodes' logs
through the Kubernetes API, or the files that --log names, and adds user agent and path from the nodes' statistics. It
writes JSON lines to stdout, and nothing else. elk-mtls survey reads them.

The old level of the logger is kept in the cluster's settings (cluster.metadata.elk-mtls-survey). It is put back at the
end, on an interrupt, by the next survey, or by --restore. doctor reports a logger that was left on. --refused switches
no logger on, and lists the clients that Elasticsearch has refused so far.` + about,
	}, &o, func(ctx context.Context, e edge) error { return runSurvey(ctx, o, e) })
}

// surveyor is a survey under way.
type surveyor struct {
	o       config.Survey
	edge    edge
	es      *elastic.Client
	run     string
	tracker *survey.Tracker
	index   pods.Index
	logger  logger
	logs    logs
	reading map[string]bool // the logs that are read
	bytes   int64
	nodes   []elastic.NodeInfo
	began   time.Time
	said    time.Time // when all was told last
	failing string
	started bool // the first line was written
}

func runSurvey(ctx context.Context, o config.Survey, e edge) error {
	if o.PrintRole {
		text, err := pods.Roles(o.Namespace, o.Pods)
		if err == nil {
			_, err = e.stdout.Write(text)
		}
		return err
	}
	s := &surveyor{o: o, edge: e, reading: map[string]bool{}, logs: logs{clock: e.clock, heard: make(chan heard, 1024)}}
	name := make([]byte, 8)
	if _, err := rand.Read(name); err != nil {
		return err
	}
	s.run = "elk-mtls-survey-" + hex.EncodeToString(name)
	s.tracker = survey.NewTracker(s.run, s.index.Whose)
	if err := s.open(); err != nil {
		return err
	}
	switch {
	case o.Restore:
		return s.restoreOthers(ctx)
	case o.Refused:
		return s.refused(ctx)
	}
	return s.survey(ctx)
}

// open opens what the settings name.
func (s *surveyor) open() error {
	if len(s.o.URLs) > 0 {
		es, err := connect(s.o.Common, s.edge)
		if err != nil {
			return err
		}
		if _, err := s.o.Login(); err != nil {
			return usage(err)
		}
		s.es = es
		s.logger = logger{es, s.run}
	}
	if s.o.Restore {
		return nil
	}
	kube, err := kubernetesConfig(s.o.Kubeconfig, s.edge.kubernetes)
	switch {
	case failure.Of(err) == failure.Usage && len(s.o.Logs) > 0:
		return nil
	case failure.Of(err) == failure.Usage:
		return usage(errors.New("not in a pod, no --kubeconfig and no --log: whose log is to be read?"))
	case err != nil:
		return err
	}
	s.logs.kube, err = pods.New(kube)
	return err
}

// survey is the line: look → keep the old value and switch the logger on → listen and ask, again and again → put it
// back → the last lines.
func (s *surveyor) survey(ctx context.Context) error {
	var old *record
	if err := s.until(ctx, "Elasticsearch", func(ctx context.Context) (err error) {
		if err = s.look(ctx); err == nil {
			old, err = s.logger.before(ctx, s.edge.log)
		}
		return err
	}); err != nil {
		return err
	}
	listening, stop := context.WithCancel(ctx)
	defer stop()
	if err := s.listen(listening); err != nil {
		return err
	}
	s.began = s.edge.clock.now()
	s.tracker.Begin(s.began)
	kept := record{Run: s.run, Old: old.was(), Until: s.began.Add(s.o.For).UTC().Truncate(time.Second)}
	err := s.until(ctx, "the logger", func(ctx context.Context) error { return s.logger.on(ctx, kept) })
	if err == nil {
		err = s.write(evidence.Line{Kind: evidence.Start, Time: s.began.UTC(), Version: evidence.Version, Run: s.run,
			Until: kept.Until})
		s.started = err == nil
	}
	reason := evidence.Failed
	if err == nil {
		reason, err = s.watch(listening, kept.Until)
	}
	to := s.edge.clock.now()
	if reason == evidence.Complete && to.After(kept.Until) {
		to = kept.Until // what came later was for the last look
	}
	return s.finish(ctx, to, reason, err)
}

// finish puts the logger back, however the survey ended, and says so.
func (s *surveyor) finish(ctx context.Context, to time.Time, reason string, why error) error {
	restored, err := true, error(nil)
	if errors.Is(why, errTakenOver) {
		reason, restored = evidence.TakenOver, false
	} else {
		err = s.until(context.WithoutCancel(ctx), "the logger",
			func(ctx context.Context) error { return s.logger.putBack(ctx, s.run) })
		restored = err == nil
	}
	if err != nil {
		err = failure.New(failure.Of(err), fmt.Errorf("the logger of Elasticsearch is still on: %w", err),
			"elk-mtls-init survey --restore puts it back")
	}
	if !s.started {
		return errors.Join(why, err)
	}
	var names []string
	for _, n := range s.nodes {
		names = append(names, n.Name)
	}
	s.tracker.End(to, names)
	for _, l := range s.tracker.Lines(to, true, true) {
		err = errors.Join(err, s.write(l))
	}
	end := evidence.Line{Kind: evidence.End, Time: to.UTC(), From: s.began.UTC(), To: to.UTC(), Reason: reason,
		Restored: &restored, LogBytes: s.bytes}
	return errors.Join(why, err, s.write(end))
}

func (s *surveyor) write(l evidence.Line) error { return evidence.Write(s.edge.stdout, l) }

// until tries again until it works or --timeout is over.
func (s *surveyor) until(ctx context.Context, what string, try func(context.Context) error) error {
	wait := newWaiting(s.edge.clock, s.edge.log, s.o.Timeout)
	for {
		limited, cancel := context.WithTimeout(ctx, max(requestTime, s.o.Every))
		err := try(limited)
		cancel()
		switch failure.Of(err) {
		case failure.None:
			return nil
		case failure.Unreachable, failure.Unavailable, failure.Overloaded, failure.Other, failure.Blocked,
			failure.Unauthorized:
			if err := wait.pause(ctx, what, err, 0); err != nil {
				return err
			}
		default:
			return hinted(err)
		}
	}
}

// hinted says which privileges a survey needs, where Elasticsearch says 403.
func hinted(err error) error {
	if failure.Of(err) == failure.Forbidden {
		return failure.New(failure.Forbidden, err,
			"give the survey's user the cluster privileges "+strings.Join(surveyPrivileges, ", "))
	}
	return err
}

// surveyPrivileges are what the survey's role needs, each for one call.
var surveyPrivileges = []string{"cluster:monitor/settings", "cluster:admin/settings/update",
	"cluster:monitor/nodes/info", "cluster:monitor/nodes/stats"}

// look finds the nodes and, in Kubernetes, the pods.
func (s *surveyor) look(ctx context.Context) error {
	nodes, err := s.es.Nodes(ctx, s.run)
	if err != nil {
		return err
	}
	s.nodes = nodes
	if s.logs.kube == nil {
		return nil
	}
	all, err := s.logs.kube.List(ctx)
	if err == nil {
		s.index.Update(all)
	}
	return err
}

// listen reads the logs of all nodes that are not read yet.
func (s *surveyor) listen(ctx context.Context) error {
	for _, name := range s.o.Logs {
		if !s.reading[name] {
			s.reading[name] = true
			if err := s.logs.readFile(ctx, name); err != nil {
				return usage(fmt.Errorf("--log: %w", err))
			}
		}
	}
	if s.logs.kube == nil || len(s.o.Logs) > 0 {
		return nil
	}
	for _, n := range s.nodes {
		pod, ok := s.podOf(n)
		if ok && !s.reading[pod.Namespace+"/"+pod.Name] {
			s.reading[pod.Namespace+"/"+pod.Name] = true
			go s.logs.follow(ctx, n.Name, pod, s.edge.clock.now())
		}
		if !ok && !s.reading["?"+n.Name] {
			s.reading["?"+n.Name] = true
			s.edge.log.Warn("no pod can be told by the address of this node; its log is not read", "node", n.Name,
				"address", n.IP)
		}
	}
	return nil
}

func (s *surveyor) podOf(n elastic.NodeInfo) (pods.Pod, bool) {
	for _, address := range []string{n.IP, survey.IP(survey.Address(n.HTTP.Publish))} {
		if pod, ok := s.index.Of(address, n.Name); ok {
			return pod, true
		}
	}
	return pods.Pod{}, false
}
