package dynamo

import (
	"context"
	"errors"
	"fmt"

	"leadline/shared/approval"
	"leadline/shared/fault"
	"leadline/shared/settlement"
	"leadline/shared/store"
)

// SaveStatement implements store.Settlements in one PutItem of the note by which the participant's statements are found, and one
// conditional PutItem of the statement. The note goes first: a note without a statement finds nothing.
func (s *Settlements) SaveStatement(ctx context.Context, one settlement.Statement) (bool, error) {
	const what = "save statement"
	i, err := s.packedItem(statementKey(one.Organization, one.Program, one.Period, one.Participant), one, 0)
	if err != nil {
		return false, failed(err, what)
	}
	i.setNumber("revision", int64(one.Revision))
	if one.Posted {
		i.setNumber("posted", 1)
	}
	if _, err := s.put(ctx, what, newItem(statementNoteKey(one.Organization, one.Program, one.Participant, one.Period)), ""); err != nil {
		return false, err
	}
	_, refused, err := s.putIf(ctx, what, i, "attribute_not_exists(pk) OR attribute_not_exists(posted) AND revision < :revision",
		item{":revision": number(int64(one.Revision))})
	return err == nil && !refused, err
}

// PostStatement implements store.Settlements in one conditional UpdateItem.
func (s *Settlements) PostStatement(ctx context.Context, organization, program, period, participant string, revision int) error {
	const what = "note that a statement is posted"
	_, refused, err := s.update(ctx, what, statementKey(organization, program, period, participant), change{set: []string{"posted = :one", "v = :v"},
		condition: "revision = :revision", values: item{":one": number(1), ":v": number(format), ":revision": number(int64(revision))}})
	if err == nil && refused {
		return fmt.Errorf("store: %s: %w", what, stale("statement"))
	}
	return err
}

// Statement implements store.Settlements in one GetItem.
func (s *Settlements) Statement(ctx context.Context, organization, program, period, participant string) (settlement.Statement, error) {
	const what = "get statement"
	i, err := s.get(ctx, what, statementKey(organization, program, period, participant), "statement")
	if err != nil {
		return settlement.Statement{}, err
	}
	one, err := s.decodeStatement(organization, i)
	return one, failed(err, what)
}

// Statements implements store.Settlements: one Query for each shard that the page touches.
func (s *Settlements) Statements(ctx context.Context, organization, program, period string, p store.Page) ([]settlement.Statement, string, error) {
	const what = "list statements"
	items, next, err := s.shardAfterShard(ctx, query{what: what, consistent: true}, []string{"statements", organization, program, period}, statementShards,
		func(shard int) string { return statementsPartition(organization, program, period, shard) }, p)
	if err != nil {
		return nil, "", err
	}
	all, err := decodeAll(what, items, func(i item) (settlement.Statement, error) { return s.decodeStatement(organization, i) })
	return all, next, err
}

// StatementsOf implements store.Settlements: one Query of the participant's notes and one BatchGetItem per hundred of them, and
// again where notes have no statement yet.
func (s *Settlements) StatementsOf(ctx context.Context, organization, program, participant string, p store.Page) ([]settlement.Statement, string, error) {
	const what = "list statements of participant"
	list := []string{"statements of", organization, program, participant}
	position, err := p.Position(list, 1)
	if err != nil {
		return nil, "", err
	}
	q := query{what: what, partition: statementsOfPartition(organization, program, participant), descending: true}
	if position != nil {
		q.after = sortable(position[0])
	}
	var found []settlement.Statement
	for ended := false; !ended && len(found) <= p.Limit; {
		var notes []item
		if notes, ended, err = s.items(ctx, q, p.Limit+1-len(found)); err != nil {
			return nil, "", err
		}
		keys := make([]primary, len(notes))
		for n, i := range notes {
			if in := read(i); in.err != nil {
				return nil, "", failed(in.err, what)
			}
			q.after = i.primary().sk
			keys[n] = statementKey(organization, program, unsortable(q.after), participant)
		}
		items, err := s.getAll(ctx, what, keys)
		if err != nil {
			return nil, "", err
		}
		some, err := decodeAll(what, items, func(i item) (settlement.Statement, error) { return s.decodeStatement(organization, i) })
		if err != nil {
			return nil, "", err
		}
		found = append(found, some...)
	}
	next := ""
	if len(found) > p.Limit {
		found = found[:p.Limit]
		next = store.Next(list, found[p.Limit-1].Period)
	}
	return found, next, nil
}

func (s *Settlements) decodeStatement(organization string, i item) (settlement.Statement, error) {
	one, err := decodePacked[settlement.Statement](s.table, i)
	if err != nil {
		return one, err
	}
	in := read(i)
	one.Organization, one.Posted = organization, in.number("posted") == 1
	return one, in.err
}

// SaveManual implements store.Settlements in one transaction of one to three items: the adjustment among the others by time, with
// the first of it a note of that time by which its id is enough to find it. An adjustment keeps its CreatedAt.
func (s *Settlements) SaveManual(ctx context.Context, m settlement.Manual, receipt *store.Receipt) error {
	const what = "save manual adjustment"
	m.CreatedAt = m.CreatedAt.UTC()
	i, err := s.packedItem(manualKey(m.Organization, m.Program, m.CreatedAt, m.ID), m, m.Rev)
	if err != nil {
		return failed(err, what)
	}
	steps := []step{s.inPlace(i, m.Rev, stale("manual adjustment"))}
	at := m.CreatedAt
	if receipt != nil && m.Rev > 1 { // an adjustment does not say when it was changed
		at = receipt.ExpiresAt.Add(-store.ReceiptLife)
	}
	if m.Rev == 1 {
		note := newItem(manualTimeKey(m.Organization, m.Program, m.ID))
		note.setNanos("created_at", m.CreatedAt)
		steps = append(steps, s.create(note, unlessThere, nil, stale("manual adjustment")))
	}
	return s.transact(ctx, what, s.receipts.withReceipt(steps, receipt, at)...)
}

// Manual implements store.Settlements in two GetItems.
func (s *Settlements) Manual(ctx context.Context, organization, program, id string) (settlement.Manual, error) {
	const what, missing = "get manual adjustment", "manual adjustment"
	note, err := s.get(ctx, what, manualTimeKey(organization, program, id), missing)
	if err != nil {
		return settlement.Manual{}, err
	}
	in := read(note)
	created := in.nanos("created_at")
	if in.err != nil {
		return settlement.Manual{}, failed(in.err, what)
	}
	i, err := s.get(ctx, what, manualKey(organization, program, created, id), missing)
	if err != nil {
		return settlement.Manual{}, err
	}
	m, err := s.decodeManual(organization, i)
	return m, failed(err, what)
}

// Manuals implements store.Settlements in one Query, for each MB.
func (s *Settlements) Manuals(ctx context.Context, organization, program string, p store.Page) ([]settlement.Manual, string, error) {
	q := query{what: "list manual adjustments", partition: manualsPartition(organization, program), descending: true, consistent: true}
	return page(ctx, s.table, q, []string{"manuals", organization, program}, p, func(i item) (settlement.Manual, error) {
		return s.decodeManual(organization, i)
	})
}

func (s *Settlements) decodeManual(organization string, i item) (settlement.Manual, error) {
	m, err := decodePacked[settlement.Manual](s.table, i)
	if err != nil {
		return m, err
	}
	in := read(i)
	m.Organization, m.Rev = organization, in.number("rev")
	return m, in.err
}

// SavePolicy implements store.Settlements in one conditional PutItem.
func (s *Settlements) SavePolicy(ctx context.Context, organization, kind string, p approval.Policy) error {
	const what = "save approval policy"
	i, err := s.packedItem(policyKey(organization, kind), p, p.Rev)
	if err != nil {
		return failed(err, what)
	}
	condition, values := "rev = :rev", item{":rev": number(p.Rev - 1)}
	if p.Rev == 1 {
		condition, values = unlessThere, nil
	}
	_, refused, err := s.putIf(ctx, what, i, condition, values)
	if err == nil && refused {
		return fmt.Errorf("store: %s: %w", what, stale("approval policy"))
	}
	return err
}

// Policy implements store.Settlements in one GetItem.
func (s *Settlements) Policy(ctx context.Context, organization, kind string) (approval.Policy, error) {
	const what = "get approval policy"
	i, err := s.get(ctx, what, policyKey(organization, kind), "approval policy")
	if fault.Is(err, fault.NotFound) {
		return approval.Policy{}, nil
	}
	if err != nil {
		return approval.Policy{}, err
	}
	p, err := decodePacked[approval.Policy](s.table, i)
	in := read(i)
	p.Rev = in.number("rev")
	return p, failed(errors.Join(err, in.err), what)
}
