package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// importing tells how far the import of the demo organization is, until it ends.
type importing struct {
	seeder seeder
	demo   *demo
	key    string
	crm    demoCRM
	every  time.Duration
	print  func(format string, args ...any)
	warn   func(format string, args ...any)
}

// importRun is what is told of a run.
type importRun struct {
	Status   string
	Problem  string
	Progress struct {
		Counts struct {
			Found, Fetched, Missing, Stale, Differing, Refused int64
		}
		Done      int     `json:"objects_done"`
		Total     int     `json:"objects_total"`
		PerMinute float64 `json:"records_per_minute"`
	}
	// Report is nil until the end.
	Report *struct {
		Objects []struct{ Stored int64 }
	}
	CreatedAt  time.Time  `json:"created_at"`
	FinishedAt *time.Time `json:"finished_at"`
}

// tell prints a line now and then, and one at the end. It tells whether the import ended well.
func (i importing) tell(ctx context.Context) bool {
	ticker := time.NewTicker(i.every)
	defer ticker.Stop()
	failures, last := 0, ""
	for {
		run, err := i.read(ctx)
		switch {
		case ctx.Err() != nil:
			return false
		case err != nil:
			if failures++; failures == 5 {
				i.warn("how far the import is cannot be told: %v", err)
				return false
			}
		case run.ended():
			return i.end(ctx, run)
		default:
			failures = 0
			if line := run.line(); line != last {
				i.print("  %s", line)
				last = line
			}
		}
		select {
		case <-ctx.Done():
			return false
		case <-ticker.C:
		}
	}
}

func (i importing) read(ctx context.Context) (run importRun, err error) {
	return run, i.get(ctx, "/runs/"+i.crm.Import, &run)
}

// get reads something of the connection.
func (i importing) get(ctx context.Context, path string, into any) error {
	return i.one(ctx, connectionPath(i.crm.Connection)+path, into)
}

// one reads one thing of the API.
func (i importing) one(ctx context.Context, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	status, answer, err := i.seeder.call(ctx, i.key, http.MethodGet, path, nil)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the API answers %d: %s", status, problemTitle(answer))
	}
	if err == nil {
		err = json.Unmarshal(answer, into)
	}
	return err
}

func (r importRun) ended() bool { return r.FinishedAt != nil }

func (r importRun) line() string {
	p := r.Progress
	text := fmt.Sprintf("import: %s records, %d of %d objects done", thousands(p.Counts.Fetched), p.Done, p.Total)
	if p.PerMinute > 0 {
		text += fmt.Sprintf(", %.0f records a second", p.PerMinute/60)
	}
	if r.Status == "paused" {
		text += ", paused"
	}
	return text
}

// end tells how the import ended, and whether that was well.
func (i importing) end(ctx context.Context, r importRun) bool {
	if r.Status != "done" || r.Report == nil {
		i.warn("the import is %s. %s", r.Status, r.Problem)
		return false
	}
	stored := int64(0)
	for _, o := range r.Report.Objects {
		stored += max(0, o.Stored)
	}
	took := r.FinishedAt.Sub(r.CreatedAt).Round(time.Second)
	said := fmt.Sprintf("imported %s records of %d objects in %.0f s", thousands(stored), len(r.Report.Objects), took.Seconds())
	if refused := r.Progress.Counts.Refused; r.Problem != "" || refused > 0 {
		i.warn("%s; %s were refused. %s", said, thousands(refused), r.Problem)
		return true
	}
	var now struct {
		State struct{ Subscription struct{ Active bool } }
	}
	if err := i.get(ctx, "", &now); err == nil && now.State.Subscription.Active {
		said += "; live changes arrive"
	}
	i.print("  %s", said)
	return true
}

// thousands writes a number as people read it.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var groups []string
	for len(digits) > 3 {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
		digits = digits[:len(digits)-3]
	}
	return strings.Join(append([]string{digits}, groups...), ",")
}

// tellOfImport tells how far the import is that the demo organization began with, unless it ended before.
func (s *system) tellOfImport(d *demo) {
	if d == nil || d.CRM == nil || d.CRM.Import == "" || s.o.quiet {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	told := make(chan struct{})
	i := importing{seeder: s.seeder(), demo: d, key: d.AdminKey, crm: *d.CRM, every: 10 * time.Second, print: s.console.print, warn: s.console.warn}
	go func() {
		defer close(told)
		run, err := i.read(ctx)
		if well := err == nil && run.Status == "done"; well || (err != nil || !run.ended()) && i.tell(ctx) {
			i.earn(ctx)
		}
	}()
	s.opened(func() error {
		cancel()
		<-told
		return nil
	})
}
