package dynamo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leadline/shared/fault"
	"leadline/shared/nudge"
	"leadline/shared/store"
)

// Nudges implements store.Nudges. What is stored is the JSON of the nouns, packed, beside their rev: the names of their fields
// are part of what is stored.
type Nudges struct {
	table
	// said is the table of Tenancy: what organizations and people say.
	said table
}

var _ store.Nudges = (*Nudges)(nil)

// NewNudges uses the table Work of the name, and that of Tenancy for what organizations and people say.
func NewNudges(client Client, work, tenancy string) *Nudges {
	return &Nudges{table: newTable(client, work), said: newTable(client, tenancy)}
}

// SaveNudgeSetup implements store.Nudges in one conditional PutItem.
func (s *Nudges) SaveNudgeSetup(ctx context.Context, setup nudge.Setup) error {
	return s.said.saveNoun(ctx, "save nudge setup", nudgeSetupKey(setup.Organization), setup.Rev, setup, "setup of nudges")
}

// NudgeSetup implements store.Nudges in one GetItem.
func (s *Nudges) NudgeSetup(ctx context.Context, organization string) (nudge.Setup, error) {
	setup, rev, err := readNoun[nudge.Setup](ctx, s.said, "get nudge setup", nudgeSetupKey(organization))
	if rev == 0 {
		return nudge.Default(organization), err
	}
	setup.Organization, setup.Rev = organization, rev
	return setup, err
}

// SaveNudgePreference implements store.Nudges in one conditional PutItem.
func (s *Nudges) SaveNudgePreference(ctx context.Context, p nudge.Preference) error {
	return s.said.saveNoun(ctx, "save nudge preference", nudgePreferenceKey(p.Organization, p.Member), p.Rev, p, "preference")
}

// NudgePreference implements store.Nudges in one GetItem.
func (s *Nudges) NudgePreference(ctx context.Context, organization, member string) (nudge.Preference, error) {
	p, rev, err := readNoun[nudge.Preference](ctx, s.said, "get nudge preference", nudgePreferenceKey(organization, member))
	p.Organization, p.Member, p.Rev = organization, member, rev
	return p, err
}

// SaveNudgeState implements store.Nudges in one conditional PutItem.
func (s *Nudges) SaveNudgeState(ctx context.Context, state nudge.State) error {
	return s.saveNoun(ctx, "save nudge state", nudgeStateKey(state.Organization, state.Member), state.Rev, state, "state of nudges")
}

// NudgeState implements store.Nudges in one GetItem.
func (s *Nudges) NudgeState(ctx context.Context, organization, member string) (nudge.State, error) {
	state, rev, err := readNoun[nudge.State](ctx, s.table, "get nudge state", nudgeStateKey(organization, member))
	state.Organization, state.Member, state.Rev = organization, member, rev
	for i := range state.Pending {
		state.Pending[i].Organization, state.Pending[i].Member = organization, member
	}
	return state, err
}

// SaveNudgeBoard implements store.Nudges in one conditional PutItem.
func (s *Nudges) SaveNudgeBoard(ctx context.Context, b nudge.Board) error {
	return s.saveNoun(ctx, "save nudge board", nudgeBoardKey(b.Organization, b.Program, b.Period), b.Rev, b, "board")
}

// NudgeBoard implements store.Nudges in one GetItem.
func (s *Nudges) NudgeBoard(ctx context.Context, organization, program, period string) (nudge.Board, error) {
	b, rev, err := readNoun[nudge.Board](ctx, s.table, "get nudge board", nudgeBoardKey(organization, program, period))
	b.Organization, b.Program, b.Period, b.Rev = organization, program, period, rev
	return b, err
}

// TellNudge implements store.Nudges in one transaction of two items, whose token keeps a lost answer from making a new nudge an old
// one.
func (s *Nudges) TellNudge(ctx context.Context, n nudge.Nudge) (bool, error) {
	const what = "tell nudge"
	if err := store.CheckNudge(n); err != nil {
		return false, failed(err, what)
	}
	packed, err := s.packJSON(n)
	if err != nil {
		return false, failed(err, what)
	}
	i := newItem(nudgeKey(n.Organization, n.Member, n.ID))
	i.setBytes("b", packed)
	i.setNumber("rev", n.Rev)
	i.setTime("read_at", n.ReadAt)
	i.forget(n.At.Add(store.NudgeLife))
	note := newItem(nudgeLogKey(n.Organization, n.ID))
	note.setText("member", n.Member)
	note.setText("rule", n.Rule)
	note.setText("outcome", string(n.Outcome))
	note.forget(n.At.Add(store.NudgeLife))
	told := taken("nudge")
	err = s.transact(ctx, what, s.create(i, unlessThere, nil, told), s.write(note))
	if errors.Is(err, told) {
		return false, nil
	}
	return err == nil, err
}

// Nudge implements store.Nudges in one GetItem.
func (s *Nudges) Nudge(ctx context.Context, organization, member, id string) (nudge.Nudge, error) {
	const what = "get nudge"
	i, err := s.get(ctx, what, nudgeKey(organization, member, id), "nudge")
	if err != nil {
		return nudge.Nudge{}, err
	}
	n, err := s.decodeNudge(organization, i)
	return n, failed(err, what)
}

// SaveNudge implements store.Nudges in one conditional UpdateItem.
func (s *Nudges) SaveNudge(ctx context.Context, n nudge.Nudge) error {
	const what = "save nudge"
	packed, err := s.packJSON(n)
	if err != nil {
		return failed(err, what)
	}
	values := item{":rev": number(n.Rev), ":b": &types.AttributeValueMemberB{Value: packed}, ":before": number(n.Rev - 1)}
	standing, refused, err := s.update(ctx, what, nudgeKey(n.Organization, n.Member, n.ID),
		change{set: []string{"b = :b", "rev = :rev"}, condition: "rev = :before", values: values})
	switch {
	case err != nil || !refused:
		return err
	case len(standing) == 0:
		return fmt.Errorf("store: %s: %w", what, fault.New(fault.NotFound, "not_found", "nudge not found"))
	case read(standing).number("rev") == n.Rev && bytes.Equal(read(standing).bytes("b"), packed): // the answer to our own write was lost
		return nil
	}
	return fmt.Errorf("store: %s: %w", what, stale("nudge"))
}

// MarkNudgeRead implements store.Nudges in one UpdateItem.
func (s *Nudges) MarkNudgeRead(ctx context.Context, organization, member, id string, at time.Time) error {
	const what = "mark nudge read"
	_, refused, err := s.update(ctx, what, nudgeKey(organization, member, id), change{
		set: []string{"read_at = if_not_exists(read_at, :at)"}, condition: "attribute_exists(pk)", values: item{":at": text(timeText(at))}})
	if refused {
		return fmt.Errorf("store: %s: %w", what, fault.New(fault.NotFound, "not_found", "nudge not found"))
	}
	return err
}

// Inbox implements store.Nudges in one Query, and more as what is not in the inbox wants them.
func (s *Nudges) Inbox(ctx context.Context, organization, member string, p store.Page) ([]nudge.Nudge, string, error) {
	all := sharded{what: "list inbox", partitions: []string{nudgesPartition(organization, member)}}
	return newestFirst(ctx, s.table, all, []string{"inbox", organization, member}, p,
		func(i item) (nudge.Nudge, error) { return s.decodeNudge(organization, i) }, func(n nudge.Nudge) bool { return n.InInbox() })
}

// NudgeLog implements store.Nudges: one Query per shard for the first notes and, as the filter needs them, one for each further 250; then
// one BatchGetItem per hundred nudges.
func (s *Nudges) NudgeLog(ctx context.Context, organization string, f store.NudgeFilter, p store.Page) ([]nudge.Nudge, string, error) {
	const what = "list nudges"
	all := sharded{what: what, picky: f != store.NudgeFilter{}}
	for n := range nudgeShards {
		all.partitions = append(all.partitions, nudgeLogPartition(organization, n))
	}
	notes, next, err := newestFirst(ctx, s.table, all, append([]string{"nudge log", organization}, f.Name()...), p, func(i item) (nudge.Nudge, error) {
		in := read(i)
		return nudge.Nudge{ID: unsortable(i.primary().sk), Member: in.text("member"), Rule: in.text("rule"), Outcome: nudge.Outcome(in.text("outcome"))}, in.err
	}, f.Matches)
	if err != nil {
		return nil, "", err
	}
	keys := make([]primary, len(notes))
	for i, n := range notes {
		keys[i] = nudgeKey(organization, n.Member, n.ID)
	}
	items, err := s.getAll(ctx, what, keys)
	if err != nil {
		return nil, "", err
	}
	nudges, err := decodeAll(what, items, func(i item) (nudge.Nudge, error) { return s.decodeNudge(organization, i) })
	return nudges, next, err
}

func (s *Nudges) decodeNudge(organization string, i item) (nudge.Nudge, error) {
	n, err := decodePacked[nudge.Nudge](s.table, i)
	if err != nil {
		return n, err
	}
	parts, err := split(i.primary().pk, 3)
	if err != nil {
		return n, err
	}
	in := read(i)
	n.Organization, n.Member, n.ReadAt, n.Rev = organization, parts[2], in.time("read_at"), in.number("rev")
	return n, in.err
}

// saveNoun packs a noun and writes it if what stands has the rev before (0: nothing stands).
func (t table) saveNoun(ctx context.Context, what string, at primary, rev int64, noun any, name string) error {
	packed, err := t.packJSON(noun)
	if err != nil {
		return failed(err, what)
	}
	i := newItem(at)
	i.setNumber("rev", rev)
	i.setBytes("b", packed)
	condition, values := "rev = :rev", item{":rev": number(rev - 1)}
	if rev <= 1 {
		condition, values = unlessThere, nil
	}
	standing, refused, err := t.putIf(ctx, what, i, condition, values)
	if err != nil || !refused {
		return err
	}
	if in := read(standing); in.number("rev") == rev && bytes.Equal(in.bytes("b"), packed) { // the answer to our own write was lost
		return nil
	}
	return fmt.Errorf("store: %s: %w", what, stale(name))
}

// readNoun reads what saveNoun wrote, consistently, with its rev; 0 if nothing stands.
func readNoun[T any](ctx context.Context, t table, what string, at primary) (T, int64, error) {
	var none T
	i, err := t.get(ctx, what, at, "noun")
	if fault.Is(err, fault.NotFound) {
		return none, 0, nil
	}
	if err != nil {
		return none, 0, err
	}
	noun, err := decodePacked[T](t, i)
	in := read(i)
	rev := in.number("rev")
	return noun, rev, failed(errors.Join(err, in.err), what)
}
