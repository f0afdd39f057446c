package keeper_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	incentives "leadline/shared/incentive/keeper"
	"leadline/shared/mail"
	"leadline/shared/nudge"
	"leadline/shared/nudge/keeper"
	"leadline/shared/nudge/post"
	"leadline/shared/number"
	"leadline/shared/outbound"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/roster"
	"leadline/shared/schema"
	"leadline/shared/secret"
	"leadline/shared/secret/secrettest"
	"leadline/shared/settlement"
	"leadline/shared/store"
	"leadline/shared/store/memory"
	"leadline/shared/tenant"
	"leadline/shared/view"
)

const (
	organization = "org_0a1b2c3d4e5f"
	programID    = "prg_0a1b2c3d4e5f"
	edition      = "edn_1"
	ada          = "mem_ada000000001"
	bob          = "mem_bob000000001"
	cid          = "mem_cid000000001"
)

// world is keepers and posters over memory, with what they send.
type world struct {
	t        testing.TB
	mu       sync.Mutex
	now      time.Time
	nudges   *memory.Nudges
	programs *memory.Programs
	roster   *memory.Roster
	credits  *memory.Credits
	tenancy  *memory.Tenancy
	members  *memory.Members
	keyring  *secret.Keyring
	settled  map[string]settlement.Settlement
	given    map[string]settlement.Statement
	due      []store.DueItem
	queue    [][]byte
	deliver  [][]byte
	mails    []mail.Letter
	posts    []outbound.Request
	// answer is what Slack answers; 200 if zero.
	answer int
	// chaos, if set, fails a step of that name before it is done (false, true) or after it (true, true).
	chaos func(step string) (after, fails bool)
}

func newWorld(t testing.TB) *world {
	t.Helper()
	tenancy := memory.NewTenancy()
	w := &world{t: t, now: time.Date(2026, 11, 18, 11, 0, 0, 0, time.UTC), tenancy: tenancy, nudges: memory.NewNudges(tenancy), programs: memory.NewPrograms(tenancy),
		roster: memory.NewRoster(tenancy), credits: memory.NewCredits(), members: memory.NewMembers(tenancy), keyring: secrettest.NewKeyring(t),
		settled: map[string]settlement.Settlement{}, given: map[string]settlement.Statement{}}
	ctx := t.Context()
	key, err := w.keyring.NewDataKey(ctx, organization)
	w.must(err)
	w.must(tenancy.CreateOrganization(ctx, tenant.Organization{ID: organization, Name: "Acme & <Sons>", DataKey: key}))
	for id, name := range map[string]string{ada: "Ada", bob: "Bob <b>", cid: "Cid"} {
		at, err := w.roster.Edition(ctx, organization)
		w.must(err)
		w.must(w.roster.SaveMembers(ctx, organization, []roster.Member{{ID: id, Organization: organization, Name: name, Email: id + "@example.com", Rev: 1,
			Facts: []roster.Fact{{Kind: roster.Active, Value: roster.Value{Active: true}}}}}, at, nil))
	}
	return w
}

// with has an organization that sends by all channels, but for what a change says.
func (w *world) with(change func(*nudge.Setup)) {
	w.t.Helper()
	s, err := w.nudges.NudgeSetup(w.t.Context(), organization)
	w.must(err)
	org, err := w.tenancy.Organization(w.t.Context(), organization)
	w.must(err)
	box, err := w.keyring.Open(w.t.Context(), organization, org.DataKey)
	w.must(err)
	s.Channels, s.Webhook = nudge.Channels(), box.Seal(secret.PurposeSlack, []byte("https://hooks.slack.com/services/T0/B0/5ecret"))
	if change != nil {
		change(&s)
	}
	s.Rev++
	w.must(w.nudges.SaveNudgeSetup(w.t.Context(), s))
}

// publish has a program shown that counts deals: tiers at 5 and 10, a quota of 20.
func (w *world) publish(kind program.Kind) {
	w.t.Helper()
	tier := func(from, pay int64) program.Tier { return program.Tier{From: number.Of(from), Pay: number.Of(pay)} }
	d := program.Definition{Kind: kind, Title: "Deals", Currency: "EUR", Zone: "Europe/Berlin", Period: calendar.Monthly,
		Components: []program.Component{{Name: "deals", Title: "New deals", Source: program.Source{View: "deals"}, Measure: program.Measure{Kind: program.Count},
			Rate: &program.Rate{Tiers: []program.Tier{tier(0, 10), tier(5, 20), tier(10, 30)}}}}}
	resolved := program.Resolved{View: view.View{Base: view.Source{Connection: "conn_1", Object: "deal"}, Owner: "owner", Columns: []view.Column{{Name: "owner", Field: "owner", Type: schema.Text}, {Name: "won", Field: "won", Type: schema.Date}}}, Owner: "owner",
		Dates: []view.Dating{{Column: "won"}}}
	v := program.Version{Number: 1, From: "2026-01-01", Definition: d, Sources: map[string]program.Resolved{"deals": resolved}}
	p := program.Program{ID: programID, Organization: organization, Name: "Q4 {Accelerator}", Rev: 1}
	w.must(w.programs.CreateProgram(w.t.Context(), p, nil))
	p.Rev, p.Versions, p.Live = 2, 1, &program.Edition{ID: edition, Versions: program.Follow(nil, 1, "2026-01-01")}
	w.must(w.programs.UpdateProgram(w.t.Context(), p, &v, nil))
}

// stands says how many deals somebody has in a month, of a quota of 20.
func (w *world) stands(who, month string, deals int) {
	w.t.Helper()
	u := incentive.Unit{Organization: organization, Program: programID, Edition: edition, Participant: who, Period: month}
	generation, err := w.credits.Touch(w.t.Context(), u)
	w.must(err)
	attained, _ := number.Of(int64(deals)).Quo(number.Of(20))
	_, err = w.credits.SaveStanding(w.t.Context(), incentive.Standing{Unit: u, Generation: generation, InputHash: "i", ResultHash: strconv.Itoa(deals), Currency: "EUR", Earned: int64(deals) * 1000,
		Score: strconv.Itoa(deals), Figures: []incentive.Figure{{Component: "deals", Version: 1, Credits: deals, Measure: strconv.Itoa(deals), Quota: "20", Attainment: attained.String()}}, At: w.now})
	w.must(err)
}

// credited gives somebody a credit on a day.
func (w *world) credited(who string, on calendar.Date) {
	w.t.Helper()
	c := incentive.Credit{ID: "c" + string(on), Participant: who, Date: on, Component: "deals"}
	f := incentive.Footprint{Organization: organization, Edition: edition, Record: record.Key{Organization: organization, Connection: "conn_1", Object: "deal", ID: who + string(on)}, Rev: 1,
		Credits: []incentive.CreditRef{{Participant: who, Date: on, ID: c.ID}}}
	w.must(w.credits.SaveFootprint(w.t.Context(), f, incentive.Footprint{}, []incentive.Credit{c}, nil))
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// step fails where chaos says so: before it is done, or after it.
func (w *world) step(name string, do func() error) error {
	after, fails := false, false
	if w.chaos != nil {
		w.mu.Lock()
		after, fails = w.chaos(name)
		w.mu.Unlock()
	}
	if fails && !after {
		return fault.New(fault.Unavailable, "chaos", "%s was not done", name)
	}
	if err := do(); err != nil || !fails {
		return err
	}
	return fault.New(fault.Unavailable, "chaos", "the answer of %s was lost", name)
}

// nudgesOf is store.Nudges with chaos.
type nudgesOf struct {
	store.Nudges
	w *world
}

func (s nudgesOf) SaveNudgeState(ctx context.Context, state nudge.State) error {
	return s.w.step("state", func() error { return s.Nudges.SaveNudgeState(ctx, state) })
}

func (s nudgesOf) TellNudge(ctx context.Context, n nudge.Nudge) (fresh bool, err error) {
	err = s.w.step("tell", func() error { fresh, err = s.Nudges.TellNudge(ctx, n); return err })
	return fresh, err
}

func (s nudgesOf) SaveNudge(ctx context.Context, n nudge.Nudge) error {
	return s.w.step("save", func() error { return s.Nudges.SaveNudge(ctx, n) })
}

func (s nudgesOf) SaveNudgeBoard(ctx context.Context, b nudge.Board) error {
	return s.w.step("board", func() error { return s.Nudges.SaveNudgeBoard(ctx, b) })
}

// line is a queue that notes what is sent.
type line struct {
	w    *world
	into *[][]byte
}

func (l line) Send(_ context.Context, _ string, body []byte) error {
	return l.w.step("send", func() error {
		l.w.mu.Lock()
		defer l.w.mu.Unlock()
		*l.into = append(*l.into, body)
		return nil
	})
}

func (l line) SendAfter(ctx context.Context, group string, body []byte, _ time.Duration) error {
	return l.Send(ctx, group, body)
}

// dueOf notes what is due.
type dueOf struct {
	store.Due
	w *world
}

func (d dueOf) Schedule(_ context.Context, item store.DueItem) error {
	return d.w.step("schedule", func() error {
		d.w.mu.Lock()
		defer d.w.mu.Unlock()
		d.w.due = slices.DeleteFunc(d.w.due, func(o store.DueItem) bool { return o.Key == item.Key && o.At.Equal(item.At) })
		d.w.due = append(d.w.due, item)
		return nil
	})
}

// settlements are those of the world.
type settlements struct{ w *world }

func (s settlements) Settlement(_ context.Context, _, program, period string) (settlement.Settlement, error) {
	one, found := s.w.settled[program+period]
	if !found {
		return one, fault.New(fault.NotFound, "not_found", "no settlement")
	}
	return one, nil
}

func (s settlements) Statement(_ context.Context, _, program, period, participant string) (settlement.Statement, error) {
	one, found := s.w.given[program+period+participant]
	if !found {
		return one, fault.New(fault.NotFound, "not_found", "no statement")
	}
	return one, nil
}

func (s settlements) Statements(context.Context, string, string, string, store.Page) (all []settlement.Statement, next string, err error) {
	for _, one := range s.w.given {
		all = append(all, one)
	}
	return all, "", nil
}

// keeper makes a worker that remembers nothing.
func (w *world) keeper() *keeper.Keeper {
	ranks := &incentives.Keeper{Roster: w.roster, Programs: w.programs, Credits: w.credits, Now: w.clock, Log: slog.New(slog.DiscardHandler), Known: &incentives.Memory{}}
	return keeper.New(keeper.Options{Nudges: nudgesOf{w.nudges, w}, Programs: w.programs, Roster: w.roster, Credits: w.credits, Settlements: settlements{w}, People: w.members,
		Organizations: w.tenancy, Incentives: ranks, Due: dueOf{w: w}, Queue: line{w, &w.queue}, Deliver: line{w, &w.deliver}, Now: w.clock, Log: slog.New(slog.DiscardHandler)})
}

// Send is the mail service.
func (w *world) Send(_ context.Context, l mail.Letter) error {
	return w.step("mail", func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.mails = append(w.mails, l)
		return nil
	})
}

// Post is Slack.
func (w *world) Post(_ context.Context, r outbound.Request) (outbound.Answer, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.posts = append(w.posts, r)
	status := w.answer
	if status == 0 {
		status = 200
	}
	a := outbound.Answer{Attempt: outbound.Attempt{Status: status}}
	if status/100 != 2 {
		a.Problem = fmt.Sprintf("It answered %d.", status)
	}
	return a, nil
}

func (w *world) poster() *post.Poster {
	return post.New(post.Options{Nudges: nudgesOf{w.nudges, w}, Members: w.roster, People: w.members, Organizations: w.tenancy, Keyring: w.keyring, Mail: w, Client: w,
		Queue: line{w, &w.deliver}, From: "nudges@leadline.test", Now: w.clock, Log: slog.New(slog.DiscardHandler)})
}

// tell works on a message, and all that it sends, until nothing is left; a message whose work fails comes again.
func (w *world) tell(m keeper.Message) {
	w.t.Helper()
	body, err := m.Encode()
	w.must(err)
	w.queue = append(w.queue, body)
	w.work(w.keeper())
}

func (w *world) work(k *keeper.Keeper) {
	w.t.Helper()
	for range 1000 {
		w.mu.Lock()
		bodies := w.queue
		w.queue = nil
		w.mu.Unlock()
		if len(bodies) == 0 {
			w.send()
			return
		}
		for i, err := range k.Process(w.t.Context(), bodies) {
			if err != nil && w.chaos == nil {
				w.t.Fatalf("%s: %v", bodies[i], err)
			}
			if err != nil {
				w.queue = append(w.queue, bodies[i])
			}
		}
	}
	w.t.Fatal("it does not end")
}

// send delivers what is to be delivered.
func (w *world) send() {
	w.t.Helper()
	p := w.poster()
	for range 1000 {
		w.mu.Lock()
		bodies := w.deliver
		w.deliver = nil
		w.now = w.now.Add(time.Millisecond)
		w.mu.Unlock()
		if len(bodies) == 0 {
			return
		}
		for _, body := range bodies {
			m, err := post.Decode(body)
			w.must(err)
			if err := p.Deliver(w.t.Context(), m); err != nil {
				if w.chaos == nil {
					w.t.Fatalf("%s: %v", body, err)
				}
				w.deliver = append(w.deliver, body)
			}
		}
		if w.chaos != nil {
			w.now = w.now.Add(3 * time.Minute)
		}
	}
	w.t.Fatal("it does not end")
}

// run has what is due until a time done.
func (w *world) run(until time.Time) {
	w.t.Helper()
	for range 1000 {
		i := -1
		for n, item := range w.due {
			if !item.At.After(until) && (i < 0 || item.At.Before(w.due[i].At)) {
				i = n
			}
		}
		if i < 0 {
			w.now = until
			return
		}
		item := w.due[i]
		w.due = slices.Delete(w.due, i, i+1)
		if item.At.After(w.now) {
			w.now = item.At
		}
		w.queue = append(w.queue, item.Body)
		w.work(w.keeper())
	}
	w.t.Fatal("it does not end")
}

// moved says that the standing of some in November has changed.
func moved(who ...string) keeper.Message {
	return keeper.Message{Of: keeper.Moved, Organization: organization, Program: programID, Edition: edition, Period: "2026-11", Participants: who}
}

// log gives what the log says of all nudges, the oldest first.
func (w *world) log() (all []string) {
	w.t.Helper()
	for n, err := range store.All(w.t.Context(), func(ctx context.Context, page store.Page) ([]nudge.Nudge, string, error) {
		return w.nudges.NudgeLog(ctx, organization, store.NudgeFilter{}, page)
	}) {
		w.must(err)
		text := fmt.Sprint(n.Member[4:7], " ", n.Rule, " ", n.Outcome)
		if n.Why != "" {
			text += " " + n.Why
		}
		all = append(all, text)
	}
	slices.Reverse(all)
	return all
}

func (w *world) inbox(who string) []nudge.Nudge {
	w.t.Helper()
	all, _, err := w.nudges.Inbox(w.t.Context(), organization, who, store.Page{Limit: 100})
	w.must(err)
	return all
}
