package keeper

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/money"
	"leadline/shared/program"
	"leadline/shared/store"
	"leadline/shared/telemetry"
)

// Preview is who a change of a program would affect, and by how much.
type Preview struct {
	ID string `json:"id"`
	// Status is "running", "done" or "failed", Error why it failed.
	Status string `json:"status"`
	Error  string `json:"error,omitempty"`
	// Versions are those that it reckoned with.
	Versions []program.InForce `json:"versions,omitempty"`
	Currency string            `json:"currency,omitempty"`
	// From is the first period that it reckoned, Periods how many.
	From    string `json:"from,omitempty"`
	Periods int    `json:"periods,omitempty"`
	// Records were read, Refused those among them that somebody would have to look at.
	Records int `json:"records"`
	Refused int `json:"refused"`
	// Participants were reckoned. Effects are those of them, by period, for whom something differs; BeforeTotal and AfterTotal
	// are sums over all. Minor units.
	Participants int `json:"participants"`
	// Differing counts the effects; of more than MaxEffects, those are the largest.
	Differing   int       `json:"differing,omitempty"`
	Effects     []Effect  `json:"effects,omitempty"`
	BeforeTotal int64     `json:"before_total"`
	AfterTotal  int64     `json:"after_total"`
	At          time.Time `json:"at"`
	// Request is what is asked for, until it is done.
	Request *PreviewRequest `json:"request,omitempty"`
}

// PreviewRequest asks for a preview: by these versions, each with its days, made of these data sources.
type PreviewRequest struct {
	Versions []program.Version `json:"versions"`
	Reads    []program.Reads   `json:"reads"`
}

// Effect is what a change does for one participant and period. Minor units.
type Effect struct {
	Participant string `json:"participant"`
	Period      string `json:"period"`
	Before      int64  `json:"before"`
	After       int64  `json:"after"`
}

// MaxPreview is how many records a preview reads at most.
const MaxPreview = 50_000

// MaxEffects is how many effects a preview lists at most.
const MaxEffects = 20_000

// previewFor is for how long the making of a preview is tried again when stores fail.
const previewFor = 5 * time.Minute

// CodePreviewTooLarge is the code of a preview of more.
const CodePreviewTooLarge = "preview_too_large"

// Preview reckons, in memory, what a program would pay by other versions, and compares that with what it shows. It writes
// nothing.
func (k *Keeper) Preview(ctx context.Context, p program.Program, versions []program.Version, reads []program.Reads) (Preview, error) {
	v := Preview{Status: PreviewDone, At: k.Now().UTC()}
	made := &plan{edition: program.Edition{Reads: reads}, versions: slices.Clone(versions)}
	slices.SortFunc(made.versions, func(a, b program.Version) int { return strings.Compare(string(a.From), string(b.From)) })
	var err error
	if made.Plan, err = incentive.Compile(made.versions); err != nil {
		return v, err
	}
	for _, one := range made.versions {
		v.Versions = append(v.Versions, program.InForce{Number: one.Number, Span: calendar.Span{From: one.From, Until: one.Until}})
	}
	o := &known{at: k.Now()}
	if o.people, err = k.readPeople(ctx, p.Organization, nil); err != nil {
		return v, err
	}
	t := &trial{Keeper: k, plan: made, o: o, p: p, credits: map[string][]incentive.Credit{}, taken: map[string]int64{}}
	if t.goals, err = k.allGoals(ctx, p); err != nil {
		return v, err
	}
	if err := t.read(ctx, &v); err != nil {
		return v, err
	}
	return v, t.compare(ctx, &v)
}

// trial is a preview at work.
type trial struct {
	*Keeper
	plan    *plan
	o       *known
	p       program.Program
	credits map[string][]incentive.Credit // by participant
	taken   map[string]int64              // what each credit earned
	goals   map[string][]incentive.Goal
}

// maxJoined bounds the joined records that are held in memory at once.
const maxJoined = 5000

// tooLong says that a preview is out of time.
func (t *trial) tooLong(v *Preview, doing string) error {
	return fault.New(fault.Invalid, CodePreviewTooLarge,
		"The preview ran out of time while %s (%d records, %d participants): publish from a later day, or for fewer people, or without a preview.", doing, v.Records, v.Participants)
}

func (k *Keeper) allGoals(ctx context.Context, p program.Program) (map[string][]incentive.Goal, error) {
	all := map[string][]incentive.Goal{}
	for cursor := ""; ; {
		some, next, err := k.Programs.AllGoals(ctx, p.Organization, p.ID, store.Page{Cursor: cursor, Limit: 500})
		if err != nil {
			return nil, fmt.Errorf("keeper: goals: %w", err)
		}
		for id, goals := range some {
			all[id] = append(all[id], goals...)
		}
		if cursor = next; cursor == "" {
			return all, nil
		}
	}
}

func (t *trial) read(ctx context.Context, v *Preview) error {
	w := t.world(ctx, t.o, t.p.Organization, t.plan)
	for _, base := range t.plan.edition.Reads {
		if base.Joined {
			continue
		}
		for cursor := ""; ; {
			if late(ctx) {
				return t.tooLong(v, "it read "+base.Object)
			}
			if len(w.found) > maxJoined {
				w = w.again()
			}
			records, next, err := t.Records.List(ctx, t.p.Organization, base.Connection, base.Object, store.Page{Cursor: cursor, Limit: 500})
			if err != nil {
				return fmt.Errorf("keeper: read %s: %w", base.Object, err)
			}
			if v.Records += len(records); v.Records > MaxPreview {
				return fault.New(fault.Invalid, CodePreviewTooLarge, "A preview reads %d records at most, and there are more: it is for samples of a larger organization; publish from a later day instead.", MaxPreview)
			}
			for i := range records {
				credits, refusals := t.plan.Credit(incentive.Base{Record: &records[i]}, w)
				if w.err != nil {
					return w.err
				}
				if len(problems(refusals)) > 0 {
					v.Refused++
				}
				for _, c := range credits {
					t.credits[c.Participant] = append(t.credits[c.Participant], c)
				}
			}
			if cursor = next; cursor == "" {
				break
			}
		}
	}
	return nil
}

// compare reckons everybody, period by period, and notes what differs from what is shown.
func (t *trial) compare(ctx context.Context, v *Preview) error {
	from, last, err := t.plan.chain(t.plan.first().Name, dateOf(t.Now(), t.plan))
	if err != nil {
		return err
	}
	v.From, v.Currency = from.Name, t.plan.last().Definition.Currency
	all := t.plan.everybody(t.o.people)
	for participant := range t.credits {
		all = append(all, participant)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	v.Participants = len(all)
	subjects := make([]subject, len(all))
	for i, participant := range all {
		s := subject{who: who{t.p.Organization, t.p.ID, "", participant}, plan: t.plan, today: dateOf(t.Now(), t.plan), goals: t.goals[participant]}
		s.spans, s.parts = t.plan.takingPart(t.o.people, participant)
		subjects[i] = s
	}
	carried := map[string]incentive.Carried{}
	for p := from; ; p = t.plan.calendar().Next(p) {
		v.Periods++
		after, err := t.period(ctx, v, subjects, p, carried)
		if err != nil {
			return err
		}
		before := map[string]int64{}
		if t.p.Live != nil {
			standings, err := t.standings(ctx, t.p.Organization, t.p.Live.ID, p.Name)
			if err != nil {
				return err
			}
			for _, s := range standings {
				before[s.Participant] = s.Payable
			}
		}
		v.note(p.Name, before, after)
		if p.From >= last.From {
			v.bound()
			return nil
		}
	}
}

// period reckons and ranks one period.
func (t *trial) period(ctx context.Context, v *Preview, all []subject, p calendar.Period, carried map[string]incentive.Carried) (map[string]int64, error) {
	var standings []incentive.Standing
	for _, s := range all {
		participant := s.participant
		if late(ctx) {
			return nil, t.tooLong(v, "it reckoned "+p.Name)
		}
		in := incentive.Input{Participant: participant, Period: p, Spans: s.spans, Goals: s.goals, Before: carried[participant]}
		if len(s.parts) > 0 {
			in.ComponentSpans = s.parts
		}
		window := t.plan.window(p)
		for _, c := range t.credits[participant] {
			if !window.Holds(c.Date) {
				continue
			}
			in.Credits = append(in.Credits, c)
			if c.TakeBack && p.Holds(c.Date) {
				if in.Taken == nil {
					in.Taken = map[string]money.Amount{}
				}
				in.Taken[c.Of] = money.Amount{Minor: t.taken[c.Of], Currency: t.plan.last().Definition.Currency}
			}
		}
		r, err := t.plan.Calculate(in)
		if err != nil {
			return nil, err
		}
		carried[participant] = r.After
		for _, o := range r.Components {
			for _, l := range o.Lines {
				if l.Credit != "" {
					t.taken[l.Credit] += l.Amount
				}
			}
		}
		one, err := s.standing(p, in, r)
		if err != nil {
			return nil, err
		}
		standings = append(standings, one)
	}
	ranked := standings
	if t.plan.prizes() {
		var err error
		if ranked, err = t.plan.ranked(p.Name, standings); err != nil {
			return nil, err
		}
	}
	after := make(map[string]int64, len(standings))
	for _, s := range append(slices.Clone(standings), ranked...) {
		after[s.Participant] = s.Payable
	}
	return after, nil
}

func (v *Preview) note(period string, before, after map[string]int64) {
	var all []string
	for who, amount := range before {
		v.BeforeTotal += amount
		all = append(all, who)
	}
	for who, amount := range after {
		v.AfterTotal += amount
		all = append(all, who)
	}
	slices.Sort(all)
	for _, who := range slices.Compact(all) {
		if before[who] != after[who] {
			v.Differing++
			v.Effects = append(v.Effects, Effect{Participant: who, Period: period, Before: before[who], After: after[who]})
		}
	}
}

// bound keeps the largest effects, where there are very many.
func (v *Preview) bound() {
	if len(v.Effects) <= MaxEffects {
		return
	}
	size := func(e Effect) int64 { return max(e.After-e.Before, e.Before-e.After) }
	slices.SortStableFunc(v.Effects, func(a, b Effect) int { return cmp.Compare(size(b), size(a)) })
	v.Effects = slices.Clone(v.Effects[:MaxEffects])
	slices.SortFunc(v.Effects, func(a, b Effect) int {
		return cmp.Or(strings.Compare(a.Period, b.Period), strings.Compare(a.Participant, b.Participant))
	})
}

// The statuses of a preview.
const (
	PreviewRunning = "running"
	PreviewDone    = "done"
	PreviewFailed  = "failed"
)

// AskPreview stores the request for a preview, and has a worker make it.
func (k *Keeper) AskPreview(ctx context.Context, p program.Program, id string, r PreviewRequest) (Preview, error) {
	v := Preview{ID: id, Status: PreviewRunning, At: k.Now().UTC(), Request: &r}
	if err := k.savePreview(ctx, p, v); err != nil {
		return v, err
	}
	return v, k.Outbox.Send(ctx, Message{Kind: Try, Organization: p.Organization, Program: p.ID, Preview: id}, 0)
}

// try makes a preview that was asked for.
func (k *Keeper) try(ctx context.Context, m Message) error {
	p, err := k.Programs.Program(ctx, m.Organization, m.Program)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("keeper: program: %w", err)
	}
	asked, err := k.LoadPreview(ctx, p, m.Preview)
	if err != nil || asked.Request == nil {
		return err
	}
	made, err := k.Preview(ctx, p, asked.Request.Versions, asked.Request.Reads)
	if f := fault.Of(err); f != nil && f.Kind == fault.Invalid {
		made, err = Preview{Status: PreviewFailed, Error: f.Message, At: asked.At}, nil
	}
	if err != nil && k.Now().Sub(asked.At) > previewFor {
		k.Log.Error("preview failed", "organization", m.Organization, "program", m.Program, telemetry.KeyError, fault.Brief(err))
		made, err = Preview{Status: PreviewFailed, Error: "The preview could not be made: something that it reads did not answer. Ask for another one.", At: asked.At}, nil
	}
	if err != nil {
		return err
	}
	made.ID = m.Preview
	return k.savePreview(ctx, p, made)
}

// previewKey is where a preview lies.
func previewKey(organization, programID, id string) string {
	return "previews/" + organization + "/" + programID + "/" + id + ".json"
}

// savePreview stores a preview, so that it can be fetched when it is done. It expires after a week.
func (k *Keeper) savePreview(ctx context.Context, p program.Program, v Preview) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "unencodable_preview", "keeper: encode a preview")
	}
	return k.Inputs.Put(ctx, previewKey(p.Organization, p.ID, v.ID), text)
}

// LoadPreview reads one; NotFound if there is none.
func (k *Keeper) LoadPreview(ctx context.Context, p program.Program, id string) (Preview, error) {
	var v Preview
	text, err := k.Inputs.Get(ctx, previewKey(p.Organization, p.ID, id))
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return v, fault.Wrap(err, fault.Internal, "damaged_preview", "keeper: read a preview")
	}
	return v, nil
}
