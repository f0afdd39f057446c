package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"leadline/shared/incentive/keeper"
	"leadline/shared/notice"
	"leadline/shared/record"
	"leadline/shared/roster"
	"leadline/shared/store/memory"
	"leadline/shared/tenant"
)

// calculations is the queue of what is to be reckoned, in memory.
type calculations struct {
	mu    sync.Mutex
	err   error
	now   func() time.Time
	queue []waiting
}

// waiting is a message with the time from which it is seen.
type waiting struct {
	at   time.Time
	body []byte
}

// Send implements keeper.Sender.
func (q *calculations) Send(ctx context.Context, group string, body []byte) error {
	return q.SendAfter(ctx, group, body, 0)
}

// SendAfter implements keeper.Sender.
func (q *calculations) SendAfter(_ context.Context, _ string, body []byte, delay time.Duration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return q.err
	}
	q.queue = append(q.queue, waiting{q.now().Add(delay), body})
	return nil
}

// take gives the messages that are seen now, at most ten, and when the next one is.
func (q *calculations) take() (batch []keeper.Message, next time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var rest []waiting
	for _, m := range q.queue {
		if decoded, err := keeper.Decode(m.body); err == nil && len(batch) < 10 && !m.at.After(q.now()) {
			batch = append(batch, decoded)
			continue
		}
		if rest = append(rest, m); next.IsZero() || m.at.Before(next) {
			next = m.at
		}
	}
	q.queue = rest
	return batch, next
}

// calculated plays the calculate function until nothing comes within some time. What it looks at then lies behind.
func (s *system) calculated(within time.Duration) {
	s.t.Helper()
	k := *s.handler.incentives
	k.Known, k.Log = &keeper.Memory{}, slog.New(slog.DiscardHandler)
	end := s.clock.now().Add(within)
	for range 10_000 {
		batch, next := s.calculate.take()
		if len(batch) == 0 {
			if next.IsZero() || !next.Before(end) {
				s.clock.advance(end.Sub(s.clock.now()))
				return
			}
			s.clock.advance(next.Sub(s.clock.now()))
			continue
		}
		for i, err := range k.Process(s.t.Context(), batch) {
			if err != nil {
				s.t.Fatalf("%s: %v", batch[i].Kind, err)
			}
		}
	}
	s.t.Fatal("it does not settle")
}

// office is a system with people who sell, and who lead those who do, each with a key of their own.
type office struct {
	*system
	conn string
	// ids are members, keys those of their persons: lead leads rep, and other is in another team.
	ids, keys map[string]string
}

func newOffice(t testing.TB) *office {
	o := &office{system: newSystem(t), ids: map[string]string{}, keys: map[string]string{}}
	o.conn = o.connect(o.owner).ID
	o.described(o.conn)
	o.schema(o.conn, "opportunity", "annualized_value number, date_created date_time, date_lost date_time, date_won date, id text, lead_id text, status_id text, status_type text, user_id text, value number, value_currency text, value_period text")
	o.follows(o.conn)
	since := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	var users []roster.User
	for _, name := range []string{"rep", "lead", "other"} {
		users = append(users, roster.User{ExternalID: "user_" + name, Name: strings.ToUpper(name), Email: name + "@example.com", Active: true, CreatedAt: since, Role: roster.UserRole{Name: "Rep"}})
	}
	_, err := o.handler.keeper().Sync(t.Context(), ours, o.conn, users, o.clock.now())
	o.must(err)
	for _, name := range []string{"rep", "lead", "other"} {
		m, err := o.roster.MemberOf(t.Context(), ours, roster.External{Connection: o.conn, ID: "user_" + name})
		o.must(err)
		o.ids[name], o.keys[name] = m.ID, o.person(name, m.ID)
	}
	o.keys["nobody"] = o.person("nobody", "")
	o.put(o.admin, "/v1/members/"+o.ids["rep"]+"/manager", map[string]any{"value": o.ids["lead"], "from": "2026-02-01"}).want(t, 200)
	return o
}

// person makes an account with a reader's key, which is a member's if one is named.
func (o *office) person(name, member string) string {
	o.t.Helper()
	p := read[Person](o.t, o.post(o.owner, "/v1/people", map[string]any{"email": name + "@example.com", "name": name, "role": "reader"}).want(o.t, 201))
	if member != "" {
		o.put(o.admin, "/v1/members/"+member+"/person", map[string]any{"person": p.ID}).want(o.t, 200)
	}
	text, key, err := tenant.NewAPIKey(ours, name, tenant.Reader, o.clock.now(), o.handler.Random)
	o.must(err)
	key.Person = p.ID
	o.must(o.tenancy.CreateAPIKey(o.t.Context(), key))
	return text
}

// deal stores a state of an opportunity, and has it credited as relay does. Amounts are in hundredths.
func (o *office) deal(id, user string, amount int, currency, status, won string) record.Key {
	o.t.Helper()
	o.clock.advance(time.Millisecond)
	r := o.opportunity(o.conn, id, o.clock.now().UnixMicro(), fmt.Sprintf(`{"id":%q,"user_id":%q,"annualized_value":%d,"value":%d,"value_currency":%q,"value_period":"annual","status_type":%q,"date_won":%q}`,
		id, "user_"+user, amount, amount, currency, status, won))
	_, err := o.records.PutNewer(o.t.Context(), r)
	o.must(err)
	o.must(o.handler.Calculate.Changed(o.t.Context(), ours, []record.Key{r.Key}))
	return r.Key
}

// running makes a program of a template that goes live.
func (o *office) running(template string, answers map[string]string) Program {
	o.t.Helper()
	made := read[Program](o.t, o.post(o.admin, "/v1/program-templates/"+template, map[string]any{"connection": o.conn, "answers": answers, "publish": true,
		"currency": "EUR", "zone": "Europe/Berlin"}).want(o.t, 201))
	o.calculated(10 * time.Second)
	return read[Program](o.t, o.get(o.admin, "/v1/programs/"+made.ID).want(o.t, 200))
}

// TestThreeAnswersMakeARunningProgram goes all the way: template, edition, leaderboard, statement, record.
func TestThreeAnswersMakeARunningProgram(t *testing.T) {
	o := newOffice(t)
	o.deal("oppo_1", "rep", 1_234_500, "EUR", "won", "2026-11-10")
	o.deal("oppo_2", "rep", 100_000, "EUR", "active", "")
	o.deal("oppo_3", "other", 50_000, "EUR", "won", "2026-10-31")
	p := o.running("percent_of_won_deals", map[string]string{"rate": "10%", "value": "annualized", "period": "month"})
	if p.Status != "live" || p.Live == nil || p.Building != nil || p.Versions != 1 || p.Live.Run.Phase != "done" || p.Live.Run.Records != 3 || p.Template != "percent_of_won_deals" || p.Draft != nil {
		t.Fatalf("the program is %+v, its run %+v", p, p.Live)
	}
	path := "/v1/programs/" + p.ID
	board := read[Standings](t, o.get(o.admin, path+"/standings").want(t, 200))
	if board.Period.Name != "2026-11" || !board.Forecast || board.Currency != "EUR" || len(board.Items) != 3 {
		t.Fatalf("the leaderboard is %+v", board)
	}
	first := board.Items[0]
	if first.Rank != 1 || first.Participant != o.ids["rep"] || first.Name != "REP" || first.Payable.Minor != 123_450 || first.Payable.Text != "1234.50 EUR" || first.Figures[0].Amount != *first.Payable {
		t.Errorf("first is %+v %+v, not %s", first, *first.Payable, o.ids)
	}
	s := read[Statement](t, o.get(o.keys["rep"], path+"/participants/me/statements/2026-11").want(t, 200))
	if s.Participant != o.ids["rep"] || !s.Reproduced || !s.Forecast || s.Payable.Minor != 123_450 || len(s.Lines) != 1 || len(s.Credits) != 1 || len(s.InputHash) != 64 {
		t.Fatalf("the statement is %+v", s)
	}
	line, credit := s.Lines[0], s.Credits[0]
	if line.Of != "component" || line.Component != s.Components[0].Component || line.Credit != credit.ID || line.Base != "12345" || line.Rate != "0.1" || line.Exact != "1234.5" || line.Amount.Minor != 123_450 {
		t.Errorf("the line is %+v", line)
	}
	if credit.Record != (RecordName{o.conn, "opportunity", "oppo_1"}) || credit.Rev != 1 || credit.Date != "2026-11-10" || credit.Value != "12345" || credit.Share != "1" {
		t.Errorf("the credit is %+v", credit)
	}
	zero := read[Statement](t, o.get(o.admin, path+"/participants/"+o.ids["lead"]+"/statements/2026-11").want(t, 200))
	if why := zero.Components[0].Why; why == nil || why.Code != "no_credit" || why.Detail == "" || zero.Payable.Minor != 0 {
		t.Errorf("why nothing: %+v", zero)
	}
	// The deal changes hands, and shrinks.
	o.deal("oppo_1", "other", 200_000, "EUR", "won", "2026-11-10")
	o.calculated(5 * time.Second)
	board = read[Standings](t, o.get(o.admin, path+"/standings?period=2026-11").want(t, 200))
	if first := board.Items[0]; first.Participant != o.ids["other"] || first.Payable.Minor != 20_000 {
		t.Errorf("first is %+v %+v, not %s", first, *first.Payable, o.ids)
	}
}

// programmed makes a program of ours that is live, with a deal of a member in it, and one that is a draft.
func (w *world) programmed() {
	w.t.Helper()
	conn := w.params["connection"]
	_, err := w.handler.keeper().Sync(w.t.Context(), ours, conn, []roster.User{{ExternalID: "user_own", Name: "Ow Ner", Active: true,
		CreatedAt: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), Role: roster.UserRole{Name: "Rep"}}}, w.clock.now())
	w.must(err)
	m, err := w.roster.MemberOf(w.t.Context(), ours, roster.External{Connection: conn, ID: "user_own"})
	w.must(err)
	o := &office{system: w.system, conn: conn}
	w.own = o.person("own", m.ID)
	o.deal("oppo_1", "own", 100_000, "USD", "won", "2026-11-10")
	p := o.running("percent_of_won_deals", map[string]string{"value": "annual"})
	w.draft = read[Program](w.t, w.post(w.owner, "/v1/programs", map[string]any{"name": "Draft", "definition": w.plan(), "from": "2026-11-01"}).want(w.t, 201)).ID
	w.params["program"], w.params["participant"], w.params["period"], w.params["version"], w.params["template"] = p.ID, m.ID, "2026-11", "1", "percent_of_won_deals"
	w.params["preview"] = read[ProgramPreview](w.t, w.post(w.owner, "/v1/programs/"+p.ID+"/previews", nil).want(w.t, 202)).ID
	w.calculate.queue = nil
	w.journal = memory.NewJournal()
	w.handler.Journal = w.journal
	_, err = w.journal.Tell(w.t.Context(), notice.Notice{ID: "01NOTICE", Organization: ours, At: w.clock.now(), Kind: notice.JobDone, Subject: "jobs/job_1", Text: "Done."})
	w.must(err)
}

// plan is a commission plan on the deals of the world.
func (s *system) plan() map[string]any {
	return map[string]any{"kind": "commission", "title": "Plan", "currency": "USD", "zone": "UTC", "period": "month", "participants": map[string]any{}, "components": []any{map[string]any{
		"name": "commission", "source": map[string]any{"variable": "close-value_won_annual"}, "rate": map[string]any{"tiers": []any{map[string]any{"from": "0", "pay": "5%"}}}}}}
}

// dollars is a rate of dollars into euros, for a month.
func dollars(since string) map[string]any {
	return map[string]any{"from": "USD", "to": "EUR", "value": "0.92", "since": since, "until": since[:7] + "-28"}
}
