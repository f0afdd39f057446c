package keeper_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leadline/shared/announce"
	"leadline/shared/calendar"
	"leadline/shared/game"
	"leadline/shared/game/keeper"
	"leadline/shared/incentive"
	"leadline/shared/ledger"
	"leadline/shared/ledger/bookkeeper"
	"leadline/shared/outbound"
	"leadline/shared/program"
	"leadline/shared/secret"
	"leadline/shared/secret/secrettest"
	"leadline/shared/store"
	"leadline/shared/store/memory"
	"leadline/shared/tenant"
)

const (
	organization = "org_000000000001"
	ada          = "mem_ada000000001"
	programID    = "prg_000000000001"
	edition      = "edn_1"
)

// world is a keeper over memory, and what it sends.
type world struct {
	t        testing.TB
	tenancy  *memory.Tenancy
	games    store.Games
	programs *memory.Programs
	credits  *memory.Credits
	ledger   store.Ledger
	targets  *memory.Destinations
	keyring  *secret.Keyring
	mu       sync.Mutex
	now      time.Time
	deliver  [][]byte
	queue    [][]byte
	// chaos, if set, fails a step before it is done, or after it.
	chaos func() (after, fails bool)
}

func newWorld(t testing.TB) *world {
	t.Helper()
	tenancy := memory.NewTenancy()
	w := &world{t: t, tenancy: tenancy, games: memory.NewGames(tenancy), programs: memory.NewPrograms(tenancy), credits: memory.NewCredits(), ledger: memory.NewLedger(),
		targets: memory.NewDestinations(tenancy), keyring: secrettest.NewKeyring(t), now: time.Date(2026, 11, 18, 11, 0, 0, 0, time.UTC)}
	key, err := w.keyring.NewDataKey(t.Context(), organization)
	w.must(err)
	w.must(tenancy.CreateOrganization(t.Context(), tenant.Organization{ID: organization, DataKey: key}))
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) clock() time.Time { return w.now }

// lane is a queue.
type lane struct {
	w  *world
	to *[][]byte
}

func (l lane) Send(ctx context.Context, _ string, body []byte) error {
	return l.SendAfter(ctx, "", body, 0)
}

func (l lane) SendAfter(_ context.Context, _ string, body []byte, _ time.Duration) error {
	return l.w.failing(func() error {
		l.w.mu.Lock()
		defer l.w.mu.Unlock()
		*l.to = append(*l.to, body)
		return nil
	})
}

var errChaos = errors.New("the worker was killed")

// failing does a step, unless chaos is against it.
func (w *world) failing(do func() error) error {
	if w.chaos == nil {
		return do()
	}
	after, fails := w.chaos()
	if fails && !after {
		return errChaos
	}
	if err := do(); err != nil || !fails {
		return err
	}
	return errChaos
}

// shakyGames and shakyLedger fail as chaos has it.
type shakyGames struct {
	store.Games
	w *world
}

func (s shakyGames) SaveGameState(ctx context.Context, state game.State, a *game.Activity) error {
	return s.w.failing(func() error { return s.Games.SaveGameState(ctx, state, a) })
}

type shakyLedger struct {
	store.Ledger
	w *world
}

func (s shakyLedger) Append(ctx context.Context, after ledger.Book, rows []ledger.Row) error {
	return s.w.failing(func() error { return s.Ledger.Append(ctx, after, rows) })
}

func (w *world) keeper() *keeper.Keeper {
	return &keeper.Keeper{Games: shakyGames{w.games, w}, Programs: w.programs, Credits: w.credits, Books: &bookkeeper.Keeper{Ledger: shakyLedger{w.ledger, w}, Now: w.clock}, Queue: lane{w, &w.queue}, Now: w.clock,
		Events: announce.NewDomain(announce.Options{Destinations: w.targets, Outbox: outbound.Outbox{Queue: lane{w, &w.deliver}}, Cache: time.Minute, Now: w.clock})}
}

func (w *world) rules(change func(*game.Rules)) {
	w.t.Helper()
	r, err := w.games.GameRules(w.t.Context(), organization)
	w.must(err)
	r.Rev++
	r.Activities = []game.ActivityKind{{ID: "form_submitted", Points: "2.5", Caps: []game.Cap{{Per: calendar.Daily, Times: 3}}}}
	r.Badges = []game.Badge{{ID: "quota", Name: "Quota", Points: "100", When: &game.Condition{Program: programID, Component: "deals", Of: game.Attainment, AtLeast: "1"}}}
	r.Levels = []game.Level{{Name: "One", Points: "5"}}
	r.Tiers = &game.Tiers{By: game.ByPoints, Months: 12, Tiers: []game.Tier{{Name: "bronze", AtLeast: "5"}, {Name: "gold", AtLeast: "100"}}}
	if change != nil {
		change(&r)
	}
	if found := r.Check(); len(found) > 0 {
		w.t.Fatal(found)
	}
	w.must(w.games.SaveGameRules(w.t.Context(), r))
}

func (w *world) target(id string, kind outbound.Kind, url string, types ...string) string {
	w.t.Helper()
	org, err := w.tenancy.Organization(w.t.Context(), organization)
	w.must(err)
	box, err := w.keyring.Open(w.t.Context(), organization, org.DataKey)
	w.must(err)
	text, err := outbound.NewSecret(rand.Reader)
	w.must(err)
	w.must(w.targets.CreateDestination(w.t.Context(), outbound.Destination{ID: id, Organization: organization, Name: id, URL: url, Kind: kind, Types: types, Status: outbound.Active, Rev: 1,
		Secrets: []outbound.Secret{outbound.NewSigner(text, box.Seal(secret.PurposeSigningKey, []byte(text)), w.now)}}, nil))
	return text
}

func (w *world) activity(id string) []byte {
	w.t.Helper()
	body, err := json.Marshal(keeper.Message{Of: keeper.Activity, Organization: organization, Activity: &game.Activity{Participant: ada, ID: id, Kind: "form_submitted", At: w.now}})
	w.must(err)
	return body
}

func (w *world) moved(month string) []byte {
	return []byte(fmt.Sprintf(`{"of":"moved","organization":%q,"program":%q,"edition":%q,"period":%q,"participants":[%q]}`, organization, programID, edition, month, ada))
}

func (w *world) process(bodies ...[]byte) {
	w.t.Helper()
	for _, err := range w.keeper().Process(w.t.Context(), bodies) {
		w.must(err)
	}
}

// causes gives the causes in the ledger with their points.
func (w *world) causes() string {
	w.t.Helper()
	rows, _, err := w.ledger.Rows(w.t.Context(), organization, ada, store.Page{Limit: 100})
	w.must(err)
	var out []string
	for _, r := range rows {
		out = append(out, r.Cause.ID+" "+game.Text(game.Given(r)))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// events gives the types of the events that are on their way to a destination, each id once.
func (w *world) events(to string) string {
	w.t.Helper()
	seen, out := map[string]bool{}, []string{}
	for _, m := range w.deliver {
		d, err := outbound.Decode(m)
		w.must(err)
		if d.Destination == to && !seen[d.ID] {
			seen[d.ID] = true
			out = append(out, d.Type)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func (w *world) state() game.State {
	w.t.Helper()
	s, err := w.games.GameState(w.t.Context(), organization, ada)
	w.must(err)
	return s
}

func (w *world) publish() {
	w.t.Helper()
	d := program.Definition{Kind: program.Contest, Title: "Deals", Currency: "EUR", Period: calendar.Monthly}
	p := program.Program{ID: programID, Organization: organization, Name: "Deals", Rev: 1}
	w.must(w.programs.CreateProgram(w.t.Context(), p, nil))
	p.Rev, p.Versions, p.Live = 2, 1, &program.Edition{ID: edition, Versions: program.Follow(nil, 1, "2026-01-01")}
	w.must(w.programs.UpdateProgram(w.t.Context(), p, &program.Version{Number: 1, From: "2026-01-01", Definition: d}, nil))
}

func (w *world) stands(month, attainment string) {
	w.t.Helper()
	u := incentive.Unit{Organization: organization, Program: programID, Edition: edition, Participant: ada, Period: month}
	generation, err := w.credits.Touch(w.t.Context(), u)
	w.must(err)
	_, err = w.credits.SaveStanding(w.t.Context(), incentive.Standing{Unit: u, Generation: generation, InputHash: "i", ResultHash: attainment, Currency: "EUR",
		Figures: []incentive.Figure{{Component: "deals", Attainment: attainment}}, At: w.now})
	w.must(err)
}
