package privacy

import (
	"context"
	"fmt"

	"leadline/shared/audit"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// account is the person as somebody who works in the organization.
type account struct {
	tenant.Person
	keys []tenant.APIKey
}

// walkPeople looks at the accounts of the organization.
func (r *run) walkPeople(ctx context.Context) (bool, error) {
	return r.pages(func(cursor string) (string, error) {
		people, next, err := r.Members.People(ctx, r.job.Organization, store.Page{Cursor: cursor, Limit: listPage})
		if err != nil {
			return "", fmt.Errorf("people: %w", err)
		}
		for _, p := range people {
			r.count(CountDone, 1)
			if !r.who.Text([]byte(p.Email)) && !r.who.Text([]byte(p.Name)) {
				continue
			}
			keys, err := all(ctx, func(ctx context.Context, page store.Page) ([]tenant.APIKey, string, error) {
				return r.Members.APIKeys(ctx, r.job.Organization, page)
			})
			if err != nil {
				return "", fmt.Errorf("keys: %w", err)
			}
			a := account{Person: p}
			for _, k := range keys {
				if k.Person == p.ID {
					a.keys = append(a.keys, k)
				}
			}
			if err := r.act.person(ctx, a); err != nil {
				return "", err
			}
		}
		return next, nil
	})
}

// walkAudit exports what the accounts of the person did.
func (r *run) walkAudit(ctx context.Context) (bool, error) {
	if len(r.found.People) == 0 {
		return true, nil
	}
	return r.pages(func(cursor string) (string, error) {
		entries, next, err := r.Journal.Entries(ctx, r.job.Organization, store.AuditFilter{}, store.Page{Cursor: cursor, Limit: maxPage})
		if err != nil {
			return "", fmt.Errorf("audit: %w", err)
		}
		for _, e := range entries {
			if !r.found.People[e.Person] {
				continue
			}
			r.count(CountAudit, 1)
			if err := r.write(ctx, line{Kind: kindAudit, ID: e.ID, Data: auditOf(e)}); err != nil {
				return "", err
			}
		}
		return next, nil
	})
}

func auditOf(e audit.Entry) any {
	return struct {
		At        string `json:"at"`
		Actor     string `json:"actor"`
		ActorName string `json:"actor_name,omitempty"`
		Operation string `json:"operation"`
		Target    string `json:"target,omitempty"`
		Outcome   string `json:"outcome"`
		Address   string `json:"address,omitempty"`
		Agent     string `json:"agent,omitempty"`
		Detail    string `json:"detail,omitempty"`
	}{timeText(e.At), e.Actor, e.ActorName, e.Operation, e.Target, e.Outcome, e.Address, e.Agent, e.Detail}
}
