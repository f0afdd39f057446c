package dynamo

import (
	"context"
	"fmt"

	"leadline/shared/fault"
	"leadline/shared/settlement"
	"leadline/shared/store"
)

// Settlements implements store.Settlements in the table Ledger, of which nothing is deleted. All is packed JSON; the names of the
// fields are part of what is stored.
type Settlements struct {
	table
	// receipts is the table of Tenancy.
	receipts table
}

var _ store.Settlements = (*Settlements)(nil)

// NewSettlements uses the table Ledger of the name, and that of Tenancy for receipts.
func NewSettlements(client Client, ledger, tenancy string) *Settlements {
	return &Settlements{table: newTable(client, ledger), receipts: newTable(client, tenancy)}
}

// packedItem gives an item of a noun with its rev; 0 for what has none.
func (s *Settlements) packedItem(at primary, noun any, rev int64) (item, error) {
	packed, err := s.packJSON(noun)
	if err != nil {
		return nil, err
	}
	i := newItem(at)
	if rev != 0 {
		i.setNumber("rev", rev)
	}
	i.setBytes("b", packed)
	return i, fits(i, maxItemBytes)
}

// inPlace is the step that puts an item in the place of the one of the rev before; where none is, for the first.
func (s *Settlements) inPlace(i item, rev int64, refused *fault.Error) step {
	if rev == 1 {
		return s.create(i, unlessThere, nil, refused)
	}
	return s.replace(i, rev-1, refused)
}

// SaveSettlement implements store.Settlements in one transaction of one or two items.
func (s *Settlements) SaveSettlement(ctx context.Context, one settlement.Settlement, receipt *store.Receipt) error {
	const what = "save settlement"
	i, err := s.packedItem(settlementKey(one.Organization, one.Program, one.Period.Name), one, one.Rev)
	if err != nil {
		return failed(err, what)
	}
	steps := []step{s.inPlace(i, one.Rev, stale("settlement"))}
	return s.transact(ctx, what, s.receipts.withReceipt(steps, receipt, one.UpdatedAt)...)
}

// Settlement implements store.Settlements in one GetItem.
func (s *Settlements) Settlement(ctx context.Context, organization, program, period string) (settlement.Settlement, error) {
	const what = "get settlement"
	i, err := s.get(ctx, what, settlementKey(organization, program, period), "settlement")
	if err != nil {
		return settlement.Settlement{}, err
	}
	one, err := s.decodeSettlement(organization, i)
	return one, failed(err, what)
}

// Settlements implements store.Settlements in one Query, for each MB.
func (s *Settlements) Settlements(ctx context.Context, organization, program string, p store.Page) ([]settlement.Settlement, string, error) {
	q := query{what: "list settlements", partition: settlementsPartition(organization, program), descending: true, consistent: true}
	return page(ctx, s.table, q, []string{"settlements", organization, program}, p, func(i item) (settlement.Settlement, error) {
		return s.decodeSettlement(organization, i)
	})
}

func (s *Settlements) decodeSettlement(organization string, i item) (settlement.Settlement, error) {
	one, err := decodePacked[settlement.Settlement](s.table, i)
	if err != nil {
		return one, err
	}
	in := read(i)
	one.Organization, one.Rev = organization, in.number("rev")
	return one, in.err
}

// SaveSettled implements store.Settlements in one transaction of two items: it is found by participant, and by period.
func (s *Settlements) SaveSettled(ctx context.Context, one settlement.Settled) error {
	const what = "save what is settled"
	later := stale("settled period")
	var steps []step
	for _, at := range []primary{settledKey(one), settledInKey(one)} {
		i, err := s.packedItem(at, one, 0)
		if err != nil {
			return failed(err, what)
		}
		i["by"] = text(one.By)
		steps = append(steps, s.create(i, "attribute_not_exists(pk) OR #by <= :by", item{":by": text(one.By)}, later))
		steps[len(steps)-1].write.Put.ExpressionAttributeNames = map[string]string{"#by": "by"}
	}
	err := s.transact(ctx, what, steps...)
	if f := fault.Of(err); f != nil && f.Code == store.CodeStale {
		return nil // a later period's settlement said so
	}
	return err
}

// SettledOf implements store.Settlements in one Query, for each MB.
func (s *Settlements) SettledOf(ctx context.Context, organization, program, participant string) ([]settlement.Settled, error) {
	q := query{what: "list what is settled of a participant", partition: settledPartition(organization, program, participant), consistent: true}
	var all []settlement.Settled
	for {
		items, end, err := s.items(ctx, q, store.MaxLimit)
		if err != nil {
			return nil, err
		}
		some, err := decodeAll(q.what, items, func(i item) (settlement.Settled, error) { return s.decodeSettled(organization, i) })
		if err != nil {
			return nil, err
		}
		if all = append(all, some...); end {
			return all, nil
		}
		q.after = items[len(items)-1].primary().sk
	}
}

// SettledIn implements store.Settlements: one Query for each shard that the page touches.
func (s *Settlements) SettledIn(ctx context.Context, organization, program, period string, p store.Page) ([]settlement.Settled, string, error) {
	const what = "list what is settled of a period"
	items, next, err := s.shardAfterShard(ctx, query{what: what, consistent: true}, []string{"settled in", organization, program, period}, settledShards,
		func(shard int) string { return settledInPartition(organization, program, period, shard) }, p)
	if err != nil {
		return nil, "", err
	}
	all, err := decodeAll(what, items, func(i item) (settlement.Settled, error) { return s.decodeSettled(organization, i) })
	return all, next, err
}

func (s *Settlements) decodeSettled(organization string, i item) (settlement.Settled, error) {
	one, err := decodePacked[settlement.Settled](s.table, i)
	one.Organization = organization
	return one, err
}

// FinishSettlementPart implements store.Settlements in one PutItem: what is noted first stands.
func (s *Settlements) FinishSettlementPart(ctx context.Context, organization, program, period, run string, part, participants int, sum settlement.Totals) error {
	const what = "finish part of a settlement"
	i, err := s.packedItem(settlementPartKey(organization, program, period, run, part), sum, 0)
	if err != nil {
		return failed(err, what)
	}
	i.setNumber("people", int64(participants))
	_, err = s.put(ctx, what, i, unlessThere)
	return err
}

// SettlementParts implements store.Settlements in one Query, for each MB.
func (s *Settlements) SettlementParts(ctx context.Context, organization, program, period, run string) (parts, participants int, sum settlement.Totals, err error) {
	const what = "count parts of a settlement"
	q := query{what: what, partition: settlementPartsPartition(organization, program, period, run), consistent: true}
	for {
		items, end, err := s.items(ctx, q, store.MaxLimit)
		if err != nil {
			return 0, 0, sum, err
		}
		for _, i := range items {
			one, err := decodePacked[settlement.Totals](s.table, i)
			if err != nil {
				return 0, 0, sum, failed(err, what)
			}
			in := read(i)
			parts, participants = parts+1, participants+int(in.number("people"))
			if in.err != nil {
				return 0, 0, sum, failed(in.err, what)
			}
			if sum, err = sum.Plus(one); err != nil {
				return 0, 0, sum, fmt.Errorf("store: %s: %w", what, err)
			}
			q.after = i.primary().sk
		}
		if end {
			return parts, participants, sum, nil
		}
	}
}
