package dynamo

import (
	"context"
	"fmt"
	"time"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/store"
)

// Runs implements store.Runs in the table Work.
type Runs struct {
	table
	now func() time.Time
}

var _ store.Runs = (*Runs)(nil)

// partLife is how long parts are kept: a run that takes longer has failed.
const partLife = 7 * 24 * time.Hour

// NewRuns uses the table Work of the name.
func NewRuns(client Client, table string) *Runs {
	return &Runs{newTable(client, table), time.Now}
}

// SaveRun implements store.Runs in one conditional PutItem.
func (s *Runs) SaveRun(ctx context.Context, r incentive.Run) error {
	const what = "save run of an edition"
	packed, err := s.packJSON(r)
	if err != nil {
		return failed(err, what)
	}
	i := newItem(editionRunKey(r.Organization, r.Edition))
	i.setNumber("rev", r.Rev)
	i.setBytes("b", packed)
	condition, values := "rev = :rev", item{":rev": number(r.Rev - 1)}
	if r.Rev == 1 {
		condition, values = unlessThere, nil
	}
	_, refused, err := s.putIf(ctx, what, i, condition, values)
	if err == nil && refused {
		return fmt.Errorf("store: %s: %w", what, stale("run"))
	}
	return err
}

// EditionRun implements store.Runs in one GetItem.
func (s *Runs) EditionRun(ctx context.Context, organization, edition string) (incentive.Run, error) {
	const what = "get run of an edition"
	var r incentive.Run
	i, err := s.get(ctx, what, editionRunKey(organization, edition), "run")
	if err != nil && !fault.Is(err, fault.NotFound) {
		return r, err
	}
	if err == nil {
		if err := s.unpack(i, "b", &r); err != nil {
			return r, failed(err, what)
		}
		in := read(i)
		if r.Rev = in.number("rev"); in.err != nil {
			return r, failed(in.err, what)
		}
	}
	r.Organization, r.Edition = organization, edition
	return r, nil
}

// DropRun implements store.Runs in one DeleteItem.
func (s *Runs) DropRun(ctx context.Context, organization, edition string) error {
	return s.delete(ctx, "drop run of an edition", editionRunKey(organization, edition))
}

// FinishPart implements store.Runs in one PutItem.
func (s *Runs) FinishPart(ctx context.Context, organization, edition, run string, p incentive.Part) error {
	i := newItem(partKey(organization, edition, run, p.Number))
	i.setNumber("records", p.Records)
	i.setNumber("credits", p.Credits)
	i.setNumber("refused", p.Refused)
	i.setNumber("people", p.Participants)
	i.setNumber("ttl", s.now().Add(partLife).Unix())
	_, err := s.put(ctx, "finish part", i, "")
	return err
}

// Parts implements store.Runs in one Query per MB, which is some 10,000 parts.
func (s *Runs) Parts(ctx context.Context, organization, edition, run string) (incentive.Part, error) {
	const what = "count parts"
	var sum incentive.Part
	q := query{what: what, partition: partsPartition(organization, edition, run), consistent: true}
	for {
		items, end, err := s.items(ctx, q, store.MaxLimit)
		if err != nil {
			return sum, err
		}
		for _, i := range items {
			in := read(i)
			p := incentive.Part{Records: in.number("records"), Credits: in.number("credits"), Refused: in.number("refused"), Participants: in.number("people")}
			if in.err != nil {
				return sum, failed(in.err, what)
			}
			sum, q.after = sum.Plus(p), i.primary().sk
		}
		if end {
			return sum, nil
		}
	}
}
