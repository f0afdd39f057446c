package sendgrid

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
)

func refuse(reason quarantine.Reason, message string) error {
	return fault.New(fault.Invalid, string(reason), "%s", message)
}

// parse reads a list of events, of which one may be there more than once.
func parse(body []byte) ([]record.Change, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var root any
	if err := dec.Decode(&root); err != nil {
		return nil, refuse(quarantine.MalformedBody, "The body is no JSON.")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, refuse(quarantine.MalformedBody, "There is something behind the JSON.")
	}
	events, ok := root.([]any)
	if !ok {
		return nil, refuse(quarantine.NotAnObject, "The body is no list.")
	}
	var changes []record.Change
	seen := map[string]int{}
	for _, one := range events {
		c, err := change(one)
		if err != nil {
			return nil, err
		}
		i, again := seen[c.ID]
		switch {
		case !again:
			seen[c.ID] = len(changes)
			changes = append(changes, c)
		case c.Version.Compare(changes[i].Version) > 0:
			changes[i] = c
		}
	}
	return changes, nil
}

func change(value any) (record.Change, error) {
	row, ok := value.(map[string]any)
	if !ok {
		return record.Change{}, refuse(quarantine.MissingEvent, "An event is no object.")
	}
	id, _ := row["sg_event_id"].(string)
	action, _ := row["event"].(string)
	number, _ := row["timestamp"].(json.Number)
	seconds, err := number.Int64()
	switch {
	case id == "":
		return record.Change{}, refuse(quarantine.MissingID, "sg_event_id is missing.")
	case len(id) > record.MaxIDBytes:
		return record.Change{}, refuse(quarantine.InvalidID, "sg_event_id is too long.")
	case action == "":
		return record.Change{}, refuse(quarantine.MissingAction, "event is missing.")
	case err != nil || seconds <= 0 || seconds > 9_000_000_000:
		return record.Change{}, refuse(quarantine.MissingVersion, "timestamp is no time in seconds.")
	}
	fields, err := record.FieldsOf(row)
	if err != nil {
		return record.Change{}, refuse(quarantine.MalformedBody, "An event nests too deep.")
	}
	return record.Change{Object: event, ID: id, Kind: record.Upsert, Version: record.VersionAt(time.Unix(seconds, 0), revision), Fields: fields, Event: id, Action: action}, nil
}

// hook is a webhook of events.
type hook struct {
	ID      string `json:"id"`
	URL     string `json:"url"`
	Enabled bool   `json:"enabled"`
	// Key is the public key that events are signed for; empty where they are not.
	Key string `json:"public_key"`
	kinds
}

// kinds are the events that are wanted.
type kinds struct {
	Processed   bool `json:"processed"`
	Delivered   bool `json:"delivered"`
	Bounce      bool `json:"bounce"`
	Dropped     bool `json:"dropped"`
	Open        bool `json:"open"`
	Click       bool `json:"click"`
	SpamReport  bool `json:"spam_report"`
	Unsubscribe bool `json:"unsubscribe"`
	Group       bool `json:"group_unsubscribe"`
}

func wanted() kinds {
	return kinds{Delivered: true, Bounce: true, Dropped: true, Open: true, Click: true, SpamReport: true, Unsubscribe: true, Group: true}
}

const (
	hooksPath  = "/v3/user/webhooks/event/settings"
	signedPath = hooksPath + "/signed/"
)

func settings(to string) hook { return hook{URL: to, Enabled: true, kinds: wanted()} }

// create makes a webhook, then has its events signed: the answer to that is the key.
func create(ctx context.Context, c connector.Client, to string) (connector.Subscribed, error) {
	var made hook
	_, err := ask(ctx, c, http.MethodPost, hooksPath, nil, settings(to), &made)
	if err == nil && made.ID == "" {
		err = unreadable("the id of a webhook")
	}
	if err != nil {
		return connector.Subscribed{}, err
	}
	var signed hook
	_, err = ask(ctx, c, http.MethodPatch, signedPath+url.PathEscape(made.ID), nil, map[string]bool{"enabled": true}, &signed)
	if err == nil && signed.Key == "" {
		err = unreadable("a public key")
	}
	return connector.Subscribed{ID: made.ID, SigningKey: signed.Key}, err
}

func find(ctx context.Context, c connector.Client, to string) ([]connector.SubscriptionState, error) {
	var all struct {
		Hooks []hook `json:"webhooks"`
	}
	_, err := ask(ctx, c, http.MethodGet, hooksPath+"/all", nil, nil, &all)
	if err == nil && all.Hooks == nil {
		err = unreadable("webhooks")
	}
	var found []connector.SubscriptionState
	for _, h := range all.Hooks {
		if h.URL == to {
			found = append(found, h.state())
		}
	}
	return found, err
}

func (h hook) state() connector.SubscriptionState {
	s := connector.SubscriptionState{ID: h.ID, Active: h.Enabled, Incomplete: h.kinds != wanted() || h.Key == ""}
	if !h.Enabled {
		s.Problem = "The webhook is disabled."
	}
	return s
}

func check(ctx context.Context, c connector.Client, id string) (connector.SubscriptionState, error) {
	var h hook
	_, err := ask(ctx, c, http.MethodGet, hooksPath+"/"+url.PathEscape(id), nil, nil, &h)
	if err == nil && h.ID == "" {
		err = unreadable("the id of a webhook")
	}
	return h.state(), err
}

func mend(ctx context.Context, c connector.Client, id, to string) error {
	if _, err := ask(ctx, c, http.MethodPatch, hooksPath+"/"+url.PathEscape(id), nil, settings(to), nil); err != nil {
		return err
	}
	_, err := ask(ctx, c, http.MethodPatch, signedPath+url.PathEscape(id), nil, map[string]bool{"enabled": true}, nil)
	return err
}

func remove(ctx context.Context, c connector.Client, id string) error {
	if strings.TrimSpace(id) == "" {
		return fault.New(fault.NotFound, "not_found", "There is no such webhook.")
	}
	_, err := ask(ctx, c, http.MethodDelete, hooksPath+"/"+url.PathEscape(id), nil, nil, nil)
	return err
}
