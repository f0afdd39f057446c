package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"leadline/shared/outbound"
)

// trackWorld is the part of the fake that sends events to destinations.
type trackWorld struct {
	destinations []destinationState
	deliveries   []deliveryState
	made         int
	// deaf is how many events are announced to nobody, as by an ingest that remembers other destinations.
	deaf int
}

const fakeDestinationSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// shownDestination is a destination as the API shows it.
func (d destinationState) shown() map[string]any {
	m := map[string]any{"id": d.ID, "name": d.Name, "url": d.URL, "kind": "track", "connections": []string{}, "headers": []string{}, "seed_timestamps": false,
		"status": d.Status, "secrets": []any{}, "created_at": time.Now().UTC(), "updated_at": time.Now().UTC(), "rev": 1}
	if d.Secret != "" {
		m["secret"] = d.Secret
	}
	return m
}

func (w *trackWorld) route(f *fake, r *http.Request, parts []string, body []byte) (status int, answer any, known bool, err error) {
	if parts[0] != "destinations" {
		return 0, nil, false, nil
	}
	var in struct{ Name, URL string }
	_ = json.Unmarshal(body, &in)
	switch {
	case len(parts) == 1 && r.Method == http.MethodPost:
		w.made++
		d := destinationState{ID: fmt.Sprintf("dst_%012d", w.made), Name: in.Name, URL: in.URL, Status: "active"}
		w.destinations = append(w.destinations, d)
		d.Secret = fakeDestinationSecret
		return http.StatusCreated, d.shown(), true, nil
	case len(parts) == 1:
		items := []any{}
		for _, d := range w.destinations {
			items = append(items, d.shown())
		}
		return http.StatusOK, page[any]{Items: items}, true, nil
	}
	i := slices.IndexFunc(w.destinations, func(d destinationState) bool { return d.ID == parts[1] })
	if i < 0 {
		return 0, nil, false, nil
	}
	d := &w.destinations[i]
	switch {
	case r.Method == http.MethodDelete:
		w.destinations = slices.Delete(w.destinations, i, i+1)
		return http.StatusNoContent, nil, true, nil
	case r.Method == http.MethodPut:
		d.Name, d.URL = in.Name, in.URL
	case len(parts) == 3 && parts[2] == "enable":
		d.Status = "active"
	case len(parts) == 3 && parts[2] == "rotate-secret":
		rotated := *d
		rotated.Secret = fakeDestinationSecret
		return http.StatusOK, rotated.shown(), true, nil
	case len(parts) == 3 && parts[2] == "deliveries":
		return http.StatusOK, cut(r, w.deliveries), true, nil
	}
	return http.StatusOK, d.shown(), true, nil
}

// announce sends a track event, more or less, for an event of Close.
func (w *trackWorld) announce(f *fake, delivery string, body []byte) {
	var in struct {
		Event struct {
			ID, Action string
			Type       string `json:"object_type"`
			Lead       string `json:"lead_id"`
		} `json:"event"`
	}
	if json.Unmarshal(body, &in) != nil || in.Event.ID == "" {
		return
	}
	if w.deaf--; w.deaf >= 0 {
		return
	}
	for _, d := range w.destinations {
		text, _ := json.Marshal(map[string]any{"type": "track", "event": in.Event.Type + " " + in.Event.Action, "userId": in.Event.Lead, "messageId": in.Event.ID})
		key, _ := outbound.DecodeSecret(fakeDestinationSecret)
		req, err := http.NewRequest(http.MethodPost, d.URL, bytes.NewReader(text))
		if err != nil {
			f.t.Error(err)
			continue
		}
		req.Header = outbound.Sign([][]byte{key}, in.Event.ID, time.Now(), text)
		logged := deliveryState{ID: delivery + "-" + d.ID, Event: in.Event.ID, Type: in.Event.Type + " " + in.Event.Action, Outcome: "retrying", CreatedAt: time.Now().UTC(), Attempts: []attempt{}}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
			logged.Outcome, logged.Attempts = "delivered", []attempt{{Number: 1, At: time.Now().UTC(), Status: resp.StatusCode}}
		}
		w.deliveries = append([]deliveryState{logged}, w.deliveries...)
	}
}
