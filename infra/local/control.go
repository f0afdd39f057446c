package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"leadline/infra/local/eventsource"
	"leadline/infra/local/lambda"
	"leadline/infra/local/schedule"
)

// status is what GET /_local/status shows.
type status struct {
	Stage     string                  `json:"stage"`
	Functions map[string]lambda.Stats `json:"functions"`
	Queues    map[string]queueStatus  `json:"queues"`
	Sources   []sourceStatus          `json:"sources"`
	Schedules []string                `json:"schedules"`
	// Calls by service and operation, of the functions and of whoever uses the services, not of the runner itself.
	Calls map[string]map[string]int64 `json:"calls"`
	// Permissions tells by function which of its role's permissions it has not needed yet, and which it lacked.
	Permissions map[string]permissionStatus `json:"permissions"`
	// Chaos counts the faults injected so far.
	Chaos map[string]int64 `json:"chaos,omitempty"`
}

type queueStatus struct {
	Visible  int `json:"visible"`
	InFlight int `json:"in_flight"`
	Delayed  int `json:"delayed"`
}

type sourceStatus struct {
	Function string `json:"function"`
	From     string `json:"from"`
	eventsource.Stats
	// CaughtUp is a time such that all changes from before it are done with; only for streams.
	CaughtUp *time.Time `json:"caught_up,omitempty"`
}

// mailbox is where on the control door mails are.
const mailbox = "/_local/mail"

// control serves the runner's own door, for tests and for people who want to see how the system bears trouble:
//
//	GET  /_local/status
//	POST /_local/pause?function=relay     stop feeding a function from its queue or stream
//	POST /_local/resume?function=relay
//	POST /_local/run?function=sweep       start a scheduled function now
//	POST /_local/kill?function=fetch      kill a process of a function that is at work, if there is one
//	POST /_local/drain?timeout=30s        wait until no queue, stream or invocation has anything left to do; with later=20s,
//	                                      messages that are delayed for longer than that do not count: connections that log
//	                                      in always have some
//	GET  /_local/mail                     what was sent by e-mail; more in ses.Service.Mailbox
func (s *system) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_local/status", func(rw http.ResponseWriter, _ *http.Request) { writeJSON(rw, http.StatusOK, s.status()) })
	mux.HandleFunc("POST /_local/pause", s.forSources(mapping.Pause))
	mux.HandleFunc("POST /_local/resume", s.forSources(mapping.Resume))
	mux.HandleFunc("POST /_local/run", s.runNow)
	mux.HandleFunc("POST /_local/kill", s.kill)
	mux.HandleFunc("POST /_local/drain", s.drain)
	mails := s.emulators.mails.Mailbox(mailbox)
	mux.Handle(mailbox, mails)
	mux.Handle(mailbox+"/", mails)
	return mux
}

func writeJSON(rw http.ResponseWriter, status int, v any) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(v) // what fails here is the connection
}

func refuse(rw http.ResponseWriter, status int, format string, args ...any) {
	writeJSON(rw, status, map[string]string{"error": fmt.Sprintf(format, args...)})
}

func (s *system) status() status {
	now := status{
		Stage: s.o.stage, Functions: map[string]lambda.Stats{}, Queues: map[string]queueStatus{}, Calls: map[string]map[string]int64{},
		Permissions: s.permissions(), Chaos: s.faults.source.Injected(),
	}
	for name, stats := range s.host.Stats() {
		now.Functions[strings.TrimPrefix(name, s.stack.name+"-")] = stats
	}
	for _, q := range s.queues {
		stats := q.Stats()
		now.Queues[q.label] = queueStatus{stats.Visible, stats.InFlight, stats.Delayed}
	}
	for _, one := range s.sources {
		shown := sourceStatus{Function: one.function, From: one.from, Stats: one.Stats()}
		if one.stream != nil {
			at := one.stream.CaughtUp()
			shown.CaughtUp = &at
		}
		now.Sources = append(now.Sources, shown)
	}
	for _, one := range s.schedules {
		now.Schedules = append(now.Schedules, one.Name)
	}
	for service, counted := range s.calls {
		now.Calls[service] = counted.snapshot()
	}
	now.Calls["dynamodb"] = s.emulators.proxy.Calls()
	return now
}

// forSources does something with the mappings that feed the function of the query.
func (s *system) forSources(do func(mapping)) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		name := r.URL.Query().Get("function")
		found := false
		for _, one := range s.sources {
			if one.function == name {
				do(one.mapping)
				found = true
			}
		}
		if !found {
			refuse(rw, http.StatusNotFound, "no queue or stream feeds a function %q", name)
			return
		}
		writeJSON(rw, http.StatusOK, map[string]string{"function": name})
	}
}

func (s *system) runNow(rw http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("function")
	i := slices.IndexFunc(s.schedules, func(one schedule.Schedule) bool {
		return one.Name == name || strings.Contains(one.Function, ":function:"+s.stack.name+"-"+name)
	})
	if name == "" || i < 0 {
		refuse(rw, http.StatusNotFound, "no schedule starts a function %q", name)
		return
	}
	if err := s.timer.Now(s.schedules[i], time.Now()); err != nil {
		refuse(rw, http.StatusInternalServerError, "%v", err)
		return
	}
	writeJSON(rw, http.StatusAccepted, map[string]string{"schedule": s.schedules[i].Name})
}

// kill kills a process of the function of the query.
func (s *system) kill(rw http.ResponseWriter, r *http.Request) {
	killed, err := s.host.Kill(s.stack.name + "-" + r.URL.Query().Get("function"))
	if err != nil {
		refuse(rw, http.StatusNotFound, "%v", err)
		return
	}
	writeJSON(rw, http.StatusOK, map[string]bool{"killed": killed})
}

// drain answers when the system has nothing left to do, or says what it still has when the time is over.
func (s *system) drain(rw http.ResponseWriter, r *http.Request) {
	timeout, later := 30*time.Second, time.Duration(0)
	for name, value := range map[string]*time.Duration{"timeout": &timeout, "later": &later} {
		text := r.URL.Query().Get(name)
		if text == "" {
			continue
		}
		var err error
		if *value, err = time.ParseDuration(text); err != nil {
			refuse(rw, http.StatusBadRequest, "%s: %v", name, err)
			return
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	for {
		busy, drained := s.idle(ctx, later)
		if drained {
			writeJSON(rw, http.StatusOK, map[string]any{"drained": true})
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			writeJSON(rw, http.StatusGatewayTimeout, map[string]any{"drained": false, "busy": busy})
			return
		}
	}
}

// idle tells whether there is nothing left to do: nothing waits in a queue that feeds a function and nothing runs; after
// that moment the streams were read and had nothing; and meanwhile nothing was begun.
func (s *system) idle(ctx context.Context, later time.Duration) (busy []string, drained bool) {
	begun := s.begun()
	if busy = s.busy(later); len(busy) > 0 {
		return busy, false
	}
	for since := time.Now(); ; {
		if busy = s.behind(since); len(busy) == 0 {
			break
		}
		if s.begun() != begun || ctx.Err() != nil {
			return busy, false
		}
		time.Sleep(5 * time.Millisecond)
	}
	busy = s.busy(later)
	return busy, len(busy) == 0 && s.begun() == begun
}

// begun counts the invocations so far.
func (s *system) begun() int64 {
	var n int64
	for _, stats := range s.host.Stats() {
		n += stats.Invocations
	}
	return n
}

// busy names the functions that run and the queues that feed one and are not empty. Messages that are delayed for longer
// than later do not count, unless it is zero.
func (s *system) busy(later time.Duration) []string {
	var busy []string
	for name, stats := range s.host.Stats() {
		if stats.Running > 0 {
			busy = append(busy, "function "+name)
		}
	}
	for _, one := range s.sources {
		if one.queue == nil {
			continue
		}
		stats := one.queue.Stats()
		if later > 0 {
			stats.Delayed -= one.queue.DelayedBeyond(later)
		}
		if stats.Visible+stats.InFlight+stats.Delayed > 0 {
			busy = append(busy, "queue "+one.from)
		}
	}
	return busy
}

// behind names the streams that were not found empty since a moment.
func (s *system) behind(since time.Time) []string {
	var behind []string
	for _, one := range s.sources {
		if one.stream != nil && !one.stream.CaughtUp().After(since) {
			name := "stream of " + one.from
			if one.Stats().Paused {
				name += " (paused)"
			}
			behind = append(behind, name)
		}
	}
	return behind
}
