package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// wins is how many deals are won, one by one in each lane.
	wins = 200
	// maxShown is within which time 99 of 100 of them are to be shown.
	maxShown = 5 * time.Second
	// lookEvery is how often it is seen whether a deal is shown.
	lookEvery = 25 * time.Millisecond
)

// seen is when a deal that was won was stored, in the leaderboard and in the statement, from the answer of the CRM on.
type seen struct{ stored, board, statement time.Duration }

// incentiveDelay prints how soon a deal that is won is in the leaderboard and in the statement.
func (b *bench) incentiveDelay(ctx context.Context) (err error) {
	b.out.progress("incentive: bringing the local stack up, with a sandbox")
	s, err := startSystem(ctx, b.options, "--sandbox", "on", "--sandbox-command", b.sandbox, "--sandbox-flags", "-records 8000 -rps 200 -consolidation "+gathered.String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.imported(ctx); err != nil {
		return err
	}
	p := &plan{baseURL: s.BaseURL, key: s.AdminKey, connection: s.CRM.Connection}
	b.out.progress("incentive: a program that pays a share of won deals")
	if err := p.publish(ctx, false, func(context.Context) error { return nil }); err != nil {
		return err
	}
	open, err := p.openDeals(ctx)
	if err != nil {
		return err
	}
	if len(open) < wins {
		return fmt.Errorf("only %d deals are open, want %d", len(open), wins)
	}
	b.out.progress("incentive: %d deals are won", wins)
	all, err := followed(ctx, lanes(open[:wins], atOnce), func(ctx context.Context, d openDeal) (seen, error) { return s.win(ctx, p, d) })
	if err != nil {
		return err
	}
	b.printShown(all)
	return nil
}

// lanes parts deals so that those of one owner are in one lane, in which they are won one after the other: what counts one more is
// the deal that was won last.
func lanes(deals []openDeal, n int) [][]openDeal {
	var owners []string
	of := map[string][]openDeal{}
	for _, d := range deals {
		if of[d.owner] == nil {
			owners = append(owners, d.owner)
		}
		of[d.owner] = append(of[d.owner], d)
	}
	slices.SortStableFunc(owners, func(a, b string) int { return len(of[b]) - len(of[a]) })
	all := make([][]openDeal, n)
	for _, owner := range owners { // the largest first, each to the lane with the least so far
		least := 0
		for i := range all {
			if len(all[i]) < len(all[least]) {
				least = i
			}
		}
		all[least] = append(all[least], of[owner]...)
	}
	return all
}

// followed measures the deals of all lanes at the same time.
func followed(ctx context.Context, lanes [][]openDeal, measure func(context.Context, openDeal) (seen, error)) ([]seen, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	var all []seen
	var group sync.WaitGroup
	for _, lane := range lanes {
		group.Go(func() {
			for _, d := range lane {
				if ctx.Err() != nil {
					return
				}
				one, err := measure(ctx, d)
				if err != nil {
					cancel(fmt.Errorf("%s: %w", d.id, err))
					return
				}
				mu.Lock()
				all = append(all, one)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return all, context.Cause(ctx)
}

// win wins a deal, and tells when it is stored, in the leaderboard and in the statement.
func (s *system) win(ctx context.Context, p *plan, d openDeal) (seen, error) {
	var out seen
	before, err := p.counted(ctx)
	if err != nil {
		return out, err
	}
	_, at, err := s.change(ctx, map[string]any{"action": "win", "object": "opportunity", "id": d.id})
	if err != nil {
		return out, err
	}
	for _, one := range []struct {
		what string
		to   *time.Duration
		see  func() (bool, error)
	}{
		{"stored as won", &out.stored, func() (bool, error) {
			var found struct {
				Fields struct {
					Status string `json:"status_type"`
				} `json:"fields"`
			}
			err := get(ctx, s.crmPath()+"/objects/opportunity/records/"+d.id, s.AdminKey, &found)
			return found.Fields.Status == "won", err
		}},
		{"in the leaderboard", &out.board, func() (bool, error) {
			now, err := p.counted(ctx)
			return now[d.owner] > before[d.owner], err
		}},
		{"in the statement", &out.statement, func() (bool, error) { return p.stated(ctx, d) }},
	} {
		if *one.to, err = waitFor(ctx, at, one.see); err != nil {
			return out, fmt.Errorf("not %s: %w", one.what, err)
		}
	}
	return out, nil
}

// waitFor waits until something is so, and tells how long it took.
func waitFor(ctx context.Context, since time.Time, is func() (bool, error)) (time.Duration, error) {
	for time.Since(since) < delayPatience {
		so, err := is()
		if err != nil && !strings.Contains(err.Error(), ": 503 ") { // the local stack may be busy for a moment
			return 0, err
		}
		if so {
			return time.Since(since), nil
		}
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
	return 0, fmt.Errorf("it takes longer than %v", delayPatience)
}

// printShown prints how soon deals are shown.
func (b *bench) printShown(all []seen) {
	t := table{heading: []string{"from the win to", "deals", "p50", "p99", "most", "of which behind the record: p50", "p99"}}
	var last []time.Duration
	for _, one := range []struct {
		name string
		of   func(seen) time.Duration
	}{
		{"the stored record", func(s seen) time.Duration { return s.stored }},
		{"the leaderboard", func(s seen) time.Duration { return s.board }},
		{"the statement", func(s seen) time.Duration { return s.statement }},
	} {
		var whole, behind []time.Duration
		for _, s := range all {
			whole, behind = append(whole, one.of(s)), append(behind, one.of(s)-s.stored)
		}
		slices.Sort(whole)
		slices.Sort(behind)
		t.add(one.name, fmt.Sprint(len(whole)), short(percentile(whole, 50)), short(percentile(whole, 99)), short(whole[len(whole)-1]),
			short(percentile(behind, 50)), short(percentile(behind, 99)))
		last = whole
	}
	b.out.title("How soon a deal that is won is in leaderboard and statement")
	b.out.table(t)
	b.out.note("Over the local stack as `make run` brings it up, by webhook: from the answer to the win in the sandbox until the API shows it, asked again and again",
		fmt.Sprintf("by %d who each win the deals of other people, one after the other. The sandbox, as Close, gathers the changes of a deal for %v before it tells them,", atOnce, gathered),
		"which is in. The statement is looked at when the leaderboard has it.")
	p99 := percentile(last, 99)
	b.targets = append(b.targets, target{what: fmt.Sprintf("a deal won in the CRM is in leaderboard and statement, p99 of %d", len(all)), want: "<= " + short(maxShown),
		got: short(p99), met: p99 <= maxShown})
}
