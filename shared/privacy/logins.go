package privacy

import (
	"context"
	"fmt"

	"leadline/shared/credential"
	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/roster"
	"leadline/shared/store"
)

// walkLogins looks at what connections log in with: a login is the person's if its name holds one of the addresses or
// numbers, or if its user at the provider is a member, or a record, that is the person's.
func (r *run) walkLogins(ctx context.Context) (bool, error) {
	return r.pages(func(cursor string) (string, error) {
		logins, next, err := r.Logins.Logins(ctx, r.job.Organization, store.Page{Cursor: cursor, Limit: listPage})
		if err != nil {
			return "", fmt.Errorf("logins: %w", err)
		}
		for _, l := range logins {
			r.count(CountDone, 1)
			its, err := r.isLogin(ctx, l)
			if err != nil {
				return "", err
			}
			if !its {
				continue
			}
			if err := r.act.login(ctx, l); err != nil {
				return "", err
			}
		}
		return next, nil
	})
}

func (r *run) isLogin(ctx context.Context, l credential.Login) (bool, error) {
	if r.who.Text([]byte(l.UserName)) || r.found.hasRecord(l.Connection, userObject, l.UserID) {
		return true, nil
	}
	if l.UserID == "" {
		return false, nil
	}
	r.budget--
	m, err := r.Roster.MemberOf(ctx, r.job.Organization, roster.External{Connection: l.Connection, ID: l.UserID})
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("member: %w", err)
	}
	return r.isMember(m) || m.Erased && r.job.Kind == job.Erase, nil // who was erased, now or before, has no name anywhere
}

func (e exporter) login(ctx context.Context, l credential.Login) error {
	e.count(CountLogins, 1)
	return e.write(ctx, line{Kind: kindLogin, Connection: l.Connection, ID: l.UserID, Data: struct {
		Login     string `json:"login"`
		State     string `json:"state"`
		Name      string `json:"name,omitempty"`
		TestedAt  string `json:"tested_at,omitempty"`
		CreatedAt string `json:"created_at"`
	}{string(l.Kind), string(l.State), l.UserName, timeText(l.TestedAt), timeText(l.CreatedAt)}})
}

// login takes the name of a login away, and leaves what it works with.
func (e eraser) login(ctx context.Context, l credential.Login) error {
	for range races {
		if l.UserName == "" {
			return nil
		}
		l.UserName, l.UpdatedAt = "", e.Now().UTC()
		l.Rev++
		e.budget--
		err := e.Logins.SaveLogin(ctx, l)
		if err == nil {
			e.changed(CountLogins, 1)
			return nil
		}
		if !fault.Is(err, fault.Conflict) {
			return fmt.Errorf("erase a login: %w", err)
		}
		if l, err = e.Logins.Login(ctx, l.Organization, l.Connection); err != nil { // it was renewed meanwhile
			return fmt.Errorf("login: %w", err)
		}
	}
	return contended("login")
}
