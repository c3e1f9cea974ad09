//go:build cluster

package cluster

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// selectors of the pods.
const (
	elasticsearchPods = "app=elasticsearch-master"
	kibanaPods        = "app=kibana"
)

// pods gives the pods that are not on their way out.
func (s *stack) pods(selector string) []corev1.Pod {
	s.t.Helper()
	list, err := lab.Client.CoreV1().Pods(s.ns).List(s.t.Context(), metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		s.t.Fatal(err)
	}
	return slices.DeleteFunc(list.Items, func(p corev1.Pod) bool { return p.DeletionTimestamp != nil })
}

func ready(p *corev1.Pod) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// awaitReady waits until there are so many pods, all of them ready and none of them in old, and gives them.
func (s *stack) awaitReady(selector string, count int, old ...corev1.Pod) []corev1.Pod {
	s.t.Helper()
	var pods []corev1.Pod
	s.eventually(fmt.Sprintf("%d pods %s ready", count, selector), func() error {
		pods = s.pods(selector)
		for _, p := range pods {
			if !ready(&p) || contains(old, p) {
				return fmt.Errorf("pod %s is not", p.Name)
			}
		}
		if len(pods) != count {
			return fmt.Errorf("there are %d", len(pods))
		}
		return nil
	})
	return pods
}

var errNotYet = errors.New("not yet")

func contains(pods []corev1.Pod, p corev1.Pod) bool {
	return slices.ContainsFunc(pods, func(o corev1.Pod) bool { return o.UID == p.UID })
}

// answers tells whether a pod's Elasticsearch lets a client with a certificate in.
func (s *stack) answers(p corev1.Pod) error { return s.answersTo(p, s.ca.Client(s.pair)) }

// answersTo asks a pod itself: the Service leads to ready pods only, and to any of them.
func (s *stack) answersTo(p corev1.Pod, config *tls.Config) error {
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return lab.Dial(ctx, network, net.JoinHostPort(p.Status.PodIP, "9200"))
	}
	status, err := get(transport, s.password())
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("status %d", status)
	}
	return err
}

// warnings are the kubelet's of one kind about a pod.
func (s *stack) warnings(p corev1.Pod, reason string) string {
	s.t.Helper()
	events, err := lab.Client.CoreV1().Events(s.ns).List(s.t.Context(), metav1.ListOptions{
		FieldSelector: "reason=" + reason + ",involvedObject.uid=" + string(p.UID),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	var all []string
	for _, e := range events.Items {
		all = append(all, e.Message)
	}
	return strings.Join(all, "; ")
}

// deletePods deletes pods at once, as a node that goes away does.
func (s *stack) deletePods(pods []corev1.Pod) {
	s.t.Helper()
	now := int64(0)
	for _, p := range pods {
		err := lab.Client.CoreV1().Pods(s.ns).Delete(s.t.Context(), p.Name, metav1.DeleteOptions{GracePeriodSeconds: &now})
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// login and identity are what the stand-in for Kibana answers.
type login struct {
	Status   int
	Username string
	Token    string
	Error    string
}

type identity struct{ Itself, User login }

// whoAmI asks a pod of Kibana how it logs in: as itself, and for the user elastic.
func (s *stack) whoAmI(p corev1.Pod, password string) (who identity, err error) {
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: lab.Dial, DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+net.JoinHostPort(p.Status.PodIP, "5601")+"/who-am-i", nil)
	if err != nil {
		return who, err
	}
	request.SetBasicAuth("elastic", password)
	response, err := client.Do(request)
	if err != nil {
		return who, err
	}
	defer func() { _ = response.Body.Close() }()
	return who, json.NewDecoder(response.Body).Decode(&who)
}

// loggedIn holds that Kibana logs in with a service token, as itself and for a user who has logged in to it, and gives the
// name of the token.
func (s *stack) loggedIn(p corev1.Pod) (token string) {
	s.t.Helper()
	password := s.password()
	s.eventually("Kibana in pod "+p.Name+" logs in", func() error {
		who, err := s.whoAmI(p, password)
		switch {
		case err != nil:
			return err
		case who.Itself.Status != http.StatusOK || who.Itself.Username != "elastic/kibana" || who.Itself.Token == "":
			return fmt.Errorf("as itself: %+v", who.Itself)
		case who.User.Status != http.StatusOK || who.User.Username != "elastic":
			return fmt.Errorf("on behalf of a user: %+v", who.User)
		}
		token = who.Itself.Token
		return nil
	})
	return token
}

func (s *stack) password() string {
	s.t.Helper()
	return string(s.secret(credentials).Data["password"])
}

func (s *stack) secret(name string) *corev1.Secret {
	s.t.Helper()
	secret, err := lab.Client.CoreV1().Secrets(s.ns).Get(s.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return secret
}

// state tells all about the namespace's pods: for who reads of a failure.
func (s *stack) state() string {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var all strings.Builder
	pods, err := lab.Client.CoreV1().Pods(s.ns).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err.Error()
	}
	for _, p := range pods.Items {
		fmt.Fprintf(&all, "\n=== pod %s: %s, ready %t\n", p.Name, p.Status.Phase, ready(&p))
		for _, c := range append(p.Status.InitContainerStatuses, p.Status.ContainerStatuses...) {
			state, _ := json.Marshal(c.State)
			fmt.Fprintf(&all, "--- container %s: restarts %d, %s\n%s", c.Name, c.RestartCount, state,
				s.log(ctx, p.Name, corev1.PodLogOptions{Container: c.Name}, 25))
			if c.RestartCount > 0 {
				last, _ := json.Marshal(c.LastTerminationState)
				fmt.Fprintf(&all, "--- its run before, %s\n%s", last, s.log(ctx, p.Name, corev1.PodLogOptions{Container: c.Name, Previous: true}, 25))
			}
		}
	}
	events, err := lab.Client.CoreV1().Events(s.ns).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err.Error()
	}
	fmt.Fprintf(&all, "\n=== warnings\n")
	for _, e := range events.Items {
		if e.Type == corev1.EventTypeWarning {
			fmt.Fprintf(&all, "%d x %s: %s: %.300s\n", e.Count, e.InvolvedObject.Name, e.Reason, e.Message)
		}
	}
	return all.String()
}

func (s *stack) log(ctx context.Context, pod string, which corev1.PodLogOptions, lines int64) string {
	which.TailLines = &lines
	stream, err := lab.Client.CoreV1().Pods(s.ns).GetLogs(pod, &which).Stream(ctx)
	if err != nil {
		return err.Error() + "\n"
	}
	defer func() { _ = stream.Close() }()
	text, _ := io.ReadAll(stream)
	return string(text)
}
