package initcontainer

import (
	"context"
	"errors"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/elastic"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
)

// ensurePassword is the line of the modes with a password: wait until Kibana's user can log in, and set its password
// only where that was asked for.
func ensurePassword(ctx context.Context, o config.Ensure, e edge) error {
	kibana, err := o.KibanaLogin()
	if err != nil {
		return usage(err)
	}
	if o.SetPassword {
		if _, err := o.Login(); err != nil {
			return err
		}
	}
	s, err := newSession(o, e)
	if err != nil {
		return err
	}
	set := false
	return s.until(ctx, "Kibana's user to log in", func(ctx context.Context) error {
		err := s.logIn(ctx, kibana)
		if failure.Of(err) != failure.Unauthorized || !o.SetPassword || set {
			return s.lasting(err)
		}
		if err := s.setPassword(ctx, kibana); err != nil {
			return s.lasting(err)
		}
		set = true
		return s.logIn(ctx, kibana)
	})
}

const wrongPassword = "set it in Elasticsearch, POST /_security/user/kibana_system/_password: the password in " +
	"--kibana-password-file is not the one that Elasticsearch " +
	"has, or the index .security is not available; or give --set-password and a user with manage_security"

func (s *session) logIn(ctx context.Context, kibana elastic.Login) error {
	id, err := s.es.AuthenticateAs(ctx, kibana)
	if err != nil {
		return hinting(err, failure.Unauthorized, wrongPassword)
	}
	s.wait.moved("Kibana's user can log in", "user", id.Username, "realm", id.Realm.Name)
	return nil
}

// setPassword asks first whether the other user can log in: while nobody can, the password is not what is wrong.
func (s *session) setPassword(ctx context.Context, kibana elastic.Login) error {
	const hint = "give the user of --username-file the cluster privilege manage_security: --set-password needs it"
	if _, err := s.es.Authenticate(ctx); err != nil {
		return err
	}
	err := s.es.SetPassword(ctx, kibana)
	var status *elastic.StatusError
	switch {
	case err == nil:
		s.wait.moved("set the password", "user", kibana.Username)
		return nil
	case errors.As(err, &status) && status.Status == 400:
		return final{failure.New(failure.Other, err, "Elasticsearch does not take this password")}
	}
	return hinting(err, failure.Forbidden, hint)
}
