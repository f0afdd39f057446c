package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	// delaySamples is how many changes of each kind are followed.
	delaySamples = 100
	// atOnce is how many of them are followed at the same time.
	atOnce = 5
	// gathered is for how long the sandbox gathers the changes of a record before it tells them, as Close does.
	gathered = 2 * time.Second
	// delayPatience is how long a change is waited for.
	delayPatience = 2 * time.Minute
)

// importDelay prints how soon a change in the CRM is a stored record.
func (b *bench) importDelay(ctx context.Context) (err error) {
	b.out.progress("import: bringing the local stack up, with a sandbox")
	s, err := startSystem(ctx, b.options, "--sandbox", "on", "--sandbox-command", b.sandbox, "--sandbox-flags", "-records 600 -consolidation "+gathered.String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.imported(ctx); err != nil {
		return err
	}
	t := table{heading: []string{"from the change to the stored record", "changes", "p50", "p99", "most"}}
	for _, kind := range []struct {
		name   string
		change func(ctx context.Context, i int) (time.Duration, error)
	}{{"a lead is created", s.created}, {"a lead is changed", s.changed}} {
		b.out.progress("import: %d times, %s", delaySamples, kind.name)
		all, err := sampled(ctx, kind.change)
		if err != nil {
			return err
		}
		seconds := func(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
		t.add(kind.name, fmt.Sprint(len(all)), seconds(percentile(all, 50)), seconds(percentile(all, 99)), seconds(all[len(all)-1]))
	}
	b.out.title("How soon a change is stored")
	b.out.table(t)
	b.out.note("Over the local stack as `make run` brings it up, by webhook: from the answer to the change in the sandbox until the API gives the record as it is then, asked",
		fmt.Sprintf("every 20 ms, %d changes at a time. A record that is changed is told when the sandbox, as Close, has gathered its changes for %v, which is in;", atOnce, gathered),
		"one that is created is told at once.")
	return nil
}

// imported waits until the import is through that the demo organization begins with, and webhooks are subscribed to.
func (s *system) imported(ctx context.Context) error {
	if s.CRM.Import == "" {
		return errors.New("the local stack has no import")
	}
	for begin := time.Now(); time.Since(begin) < 10*time.Minute; {
		var run runState
		if err := get(ctx, s.crmPath()+"/runs/"+s.CRM.Import, s.AdminKey, &run); err != nil {
			return err
		}
		if run.FinishedAt != nil {
			if run.Status != "done" {
				return fmt.Errorf("the import is %s. %s", run.Status, run.Problem)
			}
			var connection struct {
				State struct {
					Subscription struct{ Active bool }
				}
			}
			if err := get(ctx, s.crmPath(), s.AdminKey, &connection); err != nil || connection.State.Subscription.Active {
				return err
			}
		}
		time.Sleep(200 * time.Millisecond)
	}
	return errors.New("the import does not end, or nothing is subscribed to")
}

func (s *system) crmPath() string { return s.BaseURL + "/v1/connections/" + s.CRM.Connection }

// created makes a lead and waits for it.
func (s *system) created(ctx context.Context, i int) (time.Duration, error) {
	name := fmt.Sprintf("Created %d", i)
	id, at, err := s.change(ctx, map[string]any{"action": "create", "object": "lead", "fields": map[string]string{"name": name}})
	if err != nil {
		return 0, err
	}
	return s.awaited(ctx, id, name, at)
}

// changed changes a lead that is there, another each time, and waits for that.
func (s *system) changed(ctx context.Context, i int) (time.Duration, error) {
	name := fmt.Sprintf("Changed %d", i)
	id, _, err := s.change(ctx, map[string]any{"action": "create", "object": "lead", "fields": map[string]string{"name": "To be " + name}})
	if err != nil {
		return 0, err
	}
	if _, err := s.awaited(ctx, id, "To be "+name, time.Now()); err != nil {
		return 0, err
	}
	select { // what follows at once belongs to its creation
	case <-time.After(gathered + 500*time.Millisecond):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	_, at, err := s.change(ctx, map[string]any{"action": "update", "id": id, "fields": map[string]string{"name": name}})
	if err != nil {
		return 0, err
	}
	return s.awaited(ctx, id, name, at)
}

// change has the sandbox change a record, and tells when it had.
func (s *system) change(ctx context.Context, what map[string]any) (id string, at time.Time, err error) {
	text, err := json.Marshal(what)
	if err != nil {
		return "", at, err
	}
	status, answer, err := post(ctx, s.http, s.Sandbox.Control+"/change", text, nil)
	at = time.Now()
	var changed struct{ IDs []string }
	if err == nil && (status != http.StatusOK || json.Unmarshal(answer, &changed) != nil || len(changed.IDs) != 1) {
		err = fmt.Errorf("the sandbox answers a change with %d %.300s", status, answer)
	}
	if err != nil {
		return "", at, err
	}
	return changed.IDs[0], at, nil
}

// awaited waits until a lead is stored under a name, and tells how long that took.
func (s *system) awaited(ctx context.Context, id, name string, since time.Time) (time.Duration, error) {
	for time.Since(since) < delayPatience {
		there, err := s.there(ctx, s.crmPath()+"/objects/lead/records/"+id, s.AdminKey)
		if err != nil {
			return 0, err
		}
		if there {
			var found struct {
				Fields struct{ Name string } `json:"fields"`
			}
			if err := get(ctx, s.crmPath()+"/objects/lead/records/"+id, s.AdminKey, &found); err != nil {
				return 0, err
			}
			if found.Fields.Name == name {
				return time.Since(since), nil
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return 0, fmt.Errorf("%s is not stored as %q within %v", id, name, delayPatience)
}

// sampled measures a change again and again, some at a time, and gives what each took, sorted.
func sampled(ctx context.Context, measure func(ctx context.Context, i int) (time.Duration, error)) ([]time.Duration, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	all := make([]time.Duration, delaySamples)
	var group sync.WaitGroup
	for first := range atOnce {
		group.Go(func() {
			for i := first; i < delaySamples && ctx.Err() == nil; i += atOnce {
				took, err := measure(ctx, i)
				if err != nil {
					cancel(err)
				}
				all[i] = took
			}
		})
	}
	group.Wait()
	slices.Sort(all)
	return all, context.Cause(ctx)
}

// percentile gives the least of sorted values that so many of a hundred do not exceed.
func percentile(sorted []time.Duration, percent int) time.Duration {
	return sorted[max(0, (len(sorted)*percent+99)/100-1)]
}
