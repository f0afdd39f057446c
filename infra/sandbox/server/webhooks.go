package server

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"leadline/infra/sandbox/crm"
)

// mostSubscriptions is how many webhook subscriptions an organization may have.
const mostSubscriptions = 40

// subscription is a webhook subscription.
type subscription struct {
	id, url, key     string
	events           []wanted
	verify           bool
	paused           bool
	reason           string // why it is paused
	health           string
	created, updated time.Time
	createdBy, by    string
	latest           string // the last error
	failures         int    // in a row
	failingSince     time.Time
	errors, done     []try
	waiting          int // deliveries in the queue
}

// wanted is one kind of events that a subscription wants.
type wanted struct {
	Object string          `json:"object_type"`
	Action string          `json:"action"`
	Extra  json.RawMessage `json:"extra_filter"`
}

// try is one delivery as the subscription's history tells it.
type try struct {
	Attempt int    `json:"attempt_number"`
	Time    string `json:"datetime"`
	Error   string `json:"error,omitempty"`
	Event   string `json:"event_id"`
	Status  int    `json:"response_status_code,omitempty"`
}

// webhooks answers /webhook/ and what is below it.
func (c *call) webhooks(id string) answer {
	h := &c.s.hooks
	if id == "" {
		switch c.method {
		case http.MethodGet:
			var all []crm.Object
			for _, sub := range h.subscriptions {
				all = append(all, sub.render(false))
			}
			return data(all, false)
		case http.MethodPost:
			return c.subscribe()
		}
		return notAllowed()
	}
	i := slices.IndexFunc(h.subscriptions, func(s *subscription) bool { return s.id == id })
	if i < 0 {
		return notFound()
	}
	sub := h.subscriptions[i]
	if c.method != http.MethodGet && sub.createdBy != c.user.ID && !c.m.May(c.user, "manage_organization") {
		return forbidden("manage_organization")
	}
	switch c.method {
	case http.MethodGet:
		return ok(sub.render(true).JSON())
	case http.MethodPut:
		return c.resubscribe(sub)
	case http.MethodDelete:
		h.drop(sub)
		h.subscriptions = slices.Delete(h.subscriptions, i, i+1)
		return ok([]byte("{}"))
	}
	return notAllowed()
}

// settings reads what may be said of a subscription and refuses all else.
func (c *call) settings(sub *subscription, change bool) error {
	in, err := c.object()
	if err != nil {
		return err
	}
	wrong := &crm.Wrong{Fields: map[string]string{}}
	for _, p := range in {
		switch {
		case p.Key == "url":
			sub.url = in.Text("url")
			if u, err := url.Parse(sub.url); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
				wrong.Fields["url"] = "Not a valid URL."
			}
		case p.Key == "events":
			sub.events = nil
			if json.Unmarshal(p.Value, &sub.events) != nil || len(sub.events) == 0 {
				wrong.Fields["events"] = "Not a list of events."
			}
		case p.Key == "verify_ssl" && json.Unmarshal(p.Value, &sub.verify) == nil:
		case p.Key == "status" && change && (in.Text("status") == "active" || in.Text("status") == "paused"):
		default:
			wrong.Fields[p.Key] = "Unknown field or value."
		}
	}
	for _, w := range sub.events {
		if !slices.Contains(actions(w.Object), w.Action) {
			wrong.Fields["events"] = "There is no event " + w.Object + " " + w.Action + "."
		} else if err := checkFilter(w.Extra); err != nil {
			wrong.Fields["events"] = err.Error()
		}
	}
	for _, required := range []string{"url", "events"} {
		if !change && !in.Has(required) {
			wrong.Fields[required] = "This field is required."
		}
	}
	if len(wrong.Fields) > 0 {
		return wrong
	}
	return nil
}

func (c *call) subscribe() answer {
	now := c.s.now()
	sub := &subscription{verify: true, created: now, updated: now, createdBy: c.user.ID, by: c.user.ID}
	if err := c.settings(sub, false); err != nil {
		return refuse(err)
	}
	if len(c.s.hooks.subscriptions) >= mostSubscriptions {
		return fail(http.StatusBadRequest, "You cannot have more than 40 webhook subscriptions.")
	}
	sub.id = c.m.NewID("whsub_")
	sub.key = hex.EncodeToString(signingKey(c.m, c.s.opts.Seed))
	c.s.hooks.subscriptions = append(c.s.hooks.subscriptions, sub)
	a := ok(sub.render(true).JSON())
	a.status = http.StatusCreated
	return a
}

// signingKey makes 32 bytes that belong to the seed and to how much was made before.
func signingKey(m *crm.Model, seed uint64) []byte {
	d, key := crm.NewDice(seed, 30, uint64(len(m.NewID("key_"))), m.Serial()), make([]byte, 32)
	for i := range key {
		key[i] = byte(d.N(256))
	}
	return key
}

func (c *call) resubscribe(sub *subscription) answer {
	next := *sub
	if err := c.settings(&next, true); err != nil {
		return refuse(err)
	}
	in, _ := c.object() // settings has read it
	next.updated, next.by = c.s.now(), c.user.ID
	*sub = next
	switch in.Text("status") {
	case "paused":
		c.s.hooks.pause(sub, "api")
	case "active":
		sub.paused, sub.reason, sub.health = false, "", ""
		sub.failures, sub.failingSince = 0, time.Time{}
	}
	return ok(sub.render(true).JSON())
}

// render shows a subscription; the key is shown to who made it and asks for it alone.
func (s *subscription) render(key bool) crm.Object {
	status := "active"
	if s.paused {
		status = "paused"
	}
	events := []crm.Object{}
	for _, w := range s.events {
		e := crm.Object{}
		e.SetText("object_type", w.Object)
		e.SetText("action", w.Action)
		e.Set("extra_filter", json.RawMessage("null"))
		if len(w.Extra) > 0 {
			e.Set("extra_filter", w.Extra)
		}
		events = append(events, e)
	}
	o := crm.Object{}
	o.SetText("id", s.id)
	o.SetText("url", s.url)
	o.SetText("status", status)
	o.Set("events", list(events...))
	o.Set("verify_ssl", marshal(s.verify))
	o.SetText("health_status", s.health)
	o.SetText("latest_error", s.latest)
	o.SetText("pause_reason", s.reason)
	o.Set("recent_consecutive_fail_buckets_cnt", marshal(min(s.failures, 10)))
	counters := map[string]int{}
	if s.failures > 0 {
		counters["first_fail"] = s.failures
	}
	o.Set("counters", marshal(counters))
	o.Set("history", marshal(map[string][]try{"errors": append([]try{}, s.errors...), "successes": append([]try{}, s.done...)}))
	o.SetText("created_by", s.createdBy)
	o.SetText("updated_by", s.by)
	o.SetText("date_created", bare(s.created))
	o.SetText("date_updated", bare(s.updated))
	if key {
		o.SetText("signature_key", s.key)
	}
	return o
}

func bare(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000") }

func marshal(v any) json.RawMessage {
	text, _ := json.Marshal(v) // our own plain values
	return text
}

// actions lists what can happen to a type of objects.
func actions(object string) []string {
	edits := []string{"created", "updated", "deleted"}
	switch object {
	case "lead":
		return append(edits, "merged")
	case "contact", "opportunity", "custom_object", "custom_object_type", "custom_activity_type", "activity.note", "activity.email_thread",
		"activity.whatsapp_message", "activity.form_submission", "activity.lead_status_change", "activity.opportunity_status_change",
		"activity.task_completed", "activity.custom_activity", "status.lead", "status.opportunity",
		"group", "saved_search", "unsubscribed_email", "comment", "comment_thread", "phone_number":
		return edits
	case "activity.call":
		return append(edits, "answered", "completed")
	case "activity.email", "activity.sms":
		return append(edits, "sent")
	case "activity.meeting":
		return append(edits, "scheduled", "started", "completed", "canceled")
	case "membership":
		return []string{"activated", "deactivated"}
	case "import", "export.lead", "export.opportunity", "bulk_action.delete", "bulk_action.edit", "bulk_action.email", "bulk_action.sequence_subscription":
		return append(edits, "completed")
	}
	kind, of, _ := strings.Cut(object, ".")
	if kind == "task" && slices.Contains(strings.Fields("lead incoming_email email_followup missed_call answered_detached_call voicemail opportunity_due incoming_sms"), of) {
		return append(edits, "completed")
	}
	if kind == "custom_fields" && slices.Contains(strings.Fields("lead contact opportunity activity custom_object shared"), of) {
		return edits
	}
	return nil
}
