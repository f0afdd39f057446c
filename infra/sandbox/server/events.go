package server

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"leadline/infra/sandbox/crm"
)

const mostEvents = 50

// position is where a cursor of the event log stands.
type position struct {
	At    int64  `json:"a"`
	ID    string `json:"i"`
	Newer bool   `json:"n,omitempty"`
}

func (p position) String() string {
	text, _ := json.Marshal(p) // texts and numbers
	return base64.RawURLEncoding.EncodeToString(text)
}

// events answers the event log and single events.
func (c *call) events(id string) answer {
	if c.method != http.MethodGet {
		return notAllowed()
	}
	if id != "" {
		e := c.m.Event(id, c.user)
		if e == nil {
			return notFound()
		}
		return ok(c.m.Render(e, c.m.Shown(e, c.user)))
	}
	q, err := c.eventQuery()
	if err != nil {
		return refuse(err)
	}
	list, older, newer := c.m.Events(q, c.user)
	text := []byte(`{"data":[`)
	for i, e := range list {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, c.m.Render(e, c.m.Shown(e, c.user))...)
	}
	text = append(text, `],"cursor_next":`...)
	text = appendCursor(text, older && len(list) > 0, func() position {
		e := list[len(list)-1]
		return position{At: e.Updated, ID: e.ID}
	})
	text = append(text, `,"cursor_previous":`...)
	text = appendCursor(text, newer && len(list) > 0, func() position { return position{At: list[0].Updated, ID: list[0].ID, Newer: true} })
	return ok(append(text, '}'))
}

func appendCursor(b []byte, there bool, at func() position) []byte {
	if !there {
		return append(b, "null"...)
	}
	return append(b, crm.Quote(at().String())...)
}

func (c *call) eventQuery() (crm.EventQuery, error) {
	q := crm.EventQuery{
		ObjectType: c.get("object_type"), ObjectID: c.get("object_id"), Action: c.get("action"), LeadID: c.get("lead_id"),
		UserID: c.get("user_id"), RequestID: c.get("request_id"), Limit: mostEvents,
	}
	if !allowedTogether(q) {
		return q, &crm.Wrong{Message: "This combination of filters is not supported."}
	}
	if v := c.get("_limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return q, &crm.Wrong{Fields: map[string]string{"_limit": "Not a positive whole number."}}
		}
		q.Limit = min(n, mostEvents)
	}
	s, err := c.span("date_updated")
	if err != nil {
		return q, err
	}
	if s.set {
		q.From, q.To = max(s.from, 0), s.to
	}
	if v := c.get("_cursor"); v != "" {
		var p position
		text, err := base64.RawURLEncoding.DecodeString(v)
		if err != nil || json.Unmarshal(text, &p) != nil || p.ID == "" {
			return q, &crm.Wrong{Fields: map[string]string{"_cursor": "Not a cursor."}}
		}
		if mark := (crm.Mark{At: p.At, ID: p.ID}); p.Newer {
			q.After = mark
		} else {
			q.Before = mark
		}
	}
	return q, nil
}

// allowedTogether tells whether Close takes a combination of filters; date_updated may join any.
func allowedTogether(q crm.EventQuery) bool {
	var given []string
	for _, f := range []struct{ name, value string }{
		{"type", q.ObjectType}, {"id", q.ObjectID}, {"action", q.Action}, {"lead", q.LeadID}, {"user", q.UserID}, {"request", q.RequestID},
	} {
		if f.value != "" {
			given = append(given, f.name)
		}
	}
	switch strings.Join(given, "+") {
	case "", "type+id", "type+action", "id+action", "type+lead", "type+action+lead", "type+lead+user", "type+action+lead+user", "lead+user",
		"id+user", "id+action+user", "type+user", "type+action+user", "lead", "user", "request":
		return true
	}
	return false
}
