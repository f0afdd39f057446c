package close_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"leadline/infra/sandbox/crm"
	"leadline/infra/sandbox/server"
	"leadline/shared/connector"
	"leadline/shared/connector/conformance"
)

// sandbox is the sandbox as the conformance suite wants a provider.
type sandbox struct {
	*server.Server
	now time.Time
}

func newProvider() conformance.Provider {
	p := &sandbox{now: begin}
	p.Server = server.New(server.Options{Options: crm.Options{Records: 2500, Ties: 230, Seed: 11, Start: begin, Now: func() time.Time { return p.now }},
		Webhooks: server.Webhooks{}})
	return p
}

func (p *sandbox) Login() (connector.LoginKind, string)      { return connector.APIKey, server.AdminKey }
func (p *sandbox) Restricted() (connector.LoginKind, string) { return connector.APIKey, server.RepKey }
func (p *sandbox) Now() time.Time                            { return p.now }
func (p *sandbox) Advance(d time.Duration)                   { p.now = p.now.Add(d) }

// kindOf gives the sandbox's kind of an object.
func kindOf(object string) (crm.Kind, bool) {
	if object == "task" {
		return crm.Task, true
	}
	for _, k := range crm.Kinds() {
		if k.Object == object {
			return k.Kind, true
		}
	}
	return 0, false
}

// configPath gives where the sandbox keeps an object of configuration.
func configPath(object string) string {
	switch object {
	case "custom_activity_type":
		return "custom_activity"
	case "custom_fields.custom_object":
		return "custom_field/custom_object_type"
	}
	return strings.Replace(strings.Replace(object, "custom_fields.", "custom_field/", 1), "status.", "status/", 1)
}

func (p *sandbox) Rows(object string) (rows []conformance.Row) {
	p.Do(func(m *crm.Model) {
		if k, ok := kindOf(object); ok {
			for _, r := range m.All(k) {
				created, updated, _ := r.Times()
				row := conformance.Row{ID: r.ID, Created: time.UnixMicro(created).UTC(), Updated: time.UnixMicro(updated).UTC()}
				if object != "lead" && r.LeadID() != "" {
					row.Parents = []string{r.LeadID()}
				}
				rows = append(rows, row)
			}
			return
		}
		if object == "membership" {
			for _, u := range m.Team.Users {
				rows = append(rows, conformance.Row{ID: u.MembershipID})
			}
			return
		}
		list, _ := m.Config(configPath(object))
		for _, o := range list {
			row := conformance.Row{ID: o.Text("id")}
			for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05"} {
				if at, err := time.Parse(layout, o.Text("date_updated")); err == nil && at.Year() > 1970 {
					row.Updated = at
				}
			}
			rows = append(rows, row)
		}
	})
	return rows
}

func (p *sandbox) record(object, id string, do func(m *crm.Model, r *crm.Record)) (ok bool) {
	k, isRecord := kindOf(object)
	if !isRecord {
		return false
	}
	p.Do(func(m *crm.Model) {
		if r := m.Get(id); r != nil && r.Kind == k {
			ok = true
			do(m, r)
		}
	})
	return ok
}

func (p *sandbox) Change(object, id string) bool {
	done := false
	p.record(object, id, func(m *crm.Model, r *crm.Record) {
		before := r.Updated()
		m.Touch(r, crm.Change{})
		done = r.Updated().After(before)
	})
	return done
}

func (p *sandbox) Remove(object, id string) bool {
	return object != "lead" && p.record(object, id, func(m *crm.Model, r *crm.Record) { m.Delete(r, crm.Change{}) })
}

// Logged tells of the objects that the suite can change here.
func (p *sandbox) Logged(object string) bool {
	_, ok := kindOf(object)
	return ok && !slices.Contains([]string{"activity.created", "activity.lead_merge"}, object)
}

func (p *sandbox) Posted(object, id string) (body []byte) {
	p.record(object, id, func(m *crm.Model, _ *crm.Record) {
		events, _, _ := m.Events(crm.EventQuery{ObjectID: id, Limit: 1}, &m.Team.Users[0])
		if len(events) == 1 {
			body = fmt.Appendf(nil, `{"subscription_id":"whsub_1","event":%s}`, m.Render(events[0], true))
		}
	})
	return body
}

// Search finds the leads or contacts of the first half of the time.
func (p *sandbox) Search(object string) (string, []string) {
	if object != "lead" && object != "contact" {
		return "", nil
	}
	rows := p.Rows(object)
	half := rows[len(rows)/2].Created
	var ids []string
	for _, r := range rows {
		if r.Created.Before(half) {
			ids = append(ids, r.ID)
		}
	}
	return fmt.Sprintf(`{"type":"field_condition","field":{"type":"regular_field","object_type":%q,"field_name":"date_created"},`+
		`"condition":{"type":"moment_range","before":{"type":"fixed_utc","value":%q}}}`, object, half.Format(layout)), ids
}

func (p *sandbox) Employed() (ids []string) {
	p.Do(func(m *crm.Model) {
		for _, u := range m.Team.Users {
			ids = append(ids, u.ID)
		}
	})
	return ids
}

func (p *sandbox) Pause(subscription string) {
	r, err := http.NewRequest(http.MethodPost, "https://api.close.com/_sandbox/webhooks/pause", strings.NewReader(fmt.Sprintf(`{"id":%q}`, subscription)))
	if err == nil {
		p.ServeHTTP(discard{}, r)
	}
}

type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) WriteHeader(int)             {}
func (discard) Write(b []byte) (int, error) { return len(b), nil }
