package dynamo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/record"
	"leadline/shared/store"
)

// Credits implements store.Credits in the table Work: it is made again from records whenever it is lost, its writes come in
// bursts, and only the stream of Records is read by anybody. Nothing of it expires; DropEdition removes it.
//
// What is packed is the JSON of the nouns, without what their keys say; the names of their fields are part of what is stored.
type Credits struct{ table }

var _ store.Credits = (*Credits)(nil)

// NewCredits uses the table Work of the name.
func NewCredits(client Client, table string) *Credits {
	s := &Credits{newTable(client, table)}
	s.codec = newCreditCodec()
	return s
}

// Footprint implements store.Credits in one GetItem.
func (s *Credits) Footprint(ctx context.Context, organization, edition string, key record.Key) (incentive.Footprint, error) {
	const what = "get footprint"
	key.Organization = organization
	i, err := s.get(ctx, what, footprintKey(organization, edition, key), "footprint")
	if fault.Is(err, fault.NotFound) {
		return incentive.Footprint{Organization: organization, Edition: edition, Record: key}, nil
	}
	if err != nil {
		return incentive.Footprint{}, err
	}
	f, err := s.decodeFootprint(organization, edition, i)
	return f, failed(err, what)
}

// SaveFootprint implements store.Credits: one transaction of the footprint, the credits and the note of a problem, or, of
// the footprint alone, one PutItem, which costs half. Before it, one BatchWriteItem per 25 records that are newly joined, and
// after it one per 25 that are no more.
func (s *Credits) SaveFootprint(ctx context.Context, f, before incentive.Footprint, put []incentive.Credit, remove []incentive.CreditRef) error {
	const what = "save footprint"
	gone, err := store.FootprintRemovals(f, before, put, remove)
	if err != nil {
		return failed(err, what)
	}
	i, err := s.encodeFootprint(f)
	if err != nil {
		return failed(err, what)
	}
	steps, err := s.footprintSteps(f, before, i, put, gone)
	if err != nil {
		return failed(err, what)
	}
	now, was := joinedKeys(f, f.Joined), joinedKeys(f, before.Joined)
	if err := s.batch(ctx, what, now, was, func(at primary) types.WriteRequest {
		return types.WriteRequest{PutRequest: &types.PutRequest{Item: newItem(at)}}
	}); err != nil {
		return err
	}
	if len(steps) == 1 {
		err = s.putFootprint(ctx, what, i, f.Rev)
	} else {
		err = s.transact(ctx, what, steps...)
	}
	if err != nil {
		return err
	}
	return s.batch(ctx, what, was, now, removal)
}

// footprintSteps are the parts of the transaction that saves a footprint, the footprint first.
func (s *Credits) footprintSteps(f, before incentive.Footprint, i item, put []incentive.Credit, gone []incentive.CreditRef) ([]step, error) {
	write := s.create(i, unlessThere, nil, stale("footprint"))
	if f.Rev != 1 {
		write = s.replace(i, f.Rev-1, stale("footprint"))
	}
	steps := []step{write}
	at := map[primary]int{} // a transaction takes each item once: of two credits of one id the later stands
	for _, c := range put {
		encoded, err := s.encodeCredit(f, c)
		if err != nil {
			return nil, err
		}
		n, again := at[encoded.primary()]
		if !again {
			n = len(steps)
			at[encoded.primary()], steps = n, append(steps, step{})
		}
		steps[n] = s.write(encoded)
	}
	for _, ref := range gone {
		steps = append(steps, s.erase(creditKey(f.Organization, f.Edition, ref)))
	}
	note := problemKey(f.Organization, f.Edition, f.Record)
	switch has, had := store.HasProblem(f), store.HasProblem(before); {
	case has && !had:
		steps = append(steps, s.write(newItem(note)))
	case had && !has:
		steps = append(steps, s.erase(note))
	}
	return steps, nil
}

// erase is the step that deletes an item, if it is there.
func (t table) erase(at primary) step {
	return step{types.TransactWriteItem{Delete: &types.Delete{TableName: &t.name, Key: at.item()}}, nil}
}

// putFootprint writes a footprint alone. If the answer is lost, the SDK's retry is refused by what it wrote itself.
func (s *Credits) putFootprint(ctx context.Context, what string, i item, rev int64) error {
	condition, values := "rev = :rev", item{":rev": number(rev - 1)}
	if rev == 1 {
		condition, values = unlessThere, nil
	}
	standing, refused, err := s.putIf(ctx, what, i, condition, values)
	if err != nil || !refused {
		return err
	}
	stands, own := read(standing), read(i)
	if stands.number("rev") == rev && stands.number("at") == own.number("at") && bytes.Equal(stands.bytes("b"), own.bytes("b")) {
		return nil
	}
	return fmt.Errorf("store: %s: %w", what, stale("footprint"))
}

// joinedKeys gives the notes of the records that a footprint joined.
func joinedKeys(f incentive.Footprint, joined []record.Key) map[primary]bool {
	keys := map[primary]bool{}
	for _, k := range joined {
		keys[joinedKey(f.Organization, f.Edition, k, f.Record)] = true
	}
	return keys
}

// batch makes a request for each key that is not among others.
func (t table) batch(ctx context.Context, what string, keys, others map[primary]bool, request func(primary) types.WriteRequest) error {
	var requests []types.WriteRequest
	flush := func() error {
		if len(requests) == 0 {
			return nil
		}
		err := t.writeBatch(ctx, what, requests)
		requests = nil
		return err
	}
	for at := range keys {
		if others[at] {
			continue
		}
		if requests = append(requests, request(at)); len(requests) == batchItems {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// removal is the request that deletes an item, if it is there.
func removal(at primary) types.WriteRequest {
	return types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: at.item()}}
}

// Ordered implements store.Credits in one UpdateItem.
func (s *Credits) Ordered(ctx context.Context, organization, edition string, key record.Key, rev int64) error {
	_, _, err := s.update(ctx, "note what was ordered", footprintKey(organization, edition, key), change{
		set: []string{"v = :v"}, remove: []string{"touched"}, condition: "rev = :rev", values: item{":v": number(format), ":rev": number(rev)}})
	return err
}

// JoinedTo implements store.Credits in one Query.
func (s *Credits) JoinedTo(ctx context.Context, organization, edition string, key record.Key, p store.Page) ([]record.Key, string, error) {
	q := query{what: "list who joined a record"}
	var prefix string
	q.partition, prefix = joinedTo(organization, edition, key)
	q.low, q.high = prefixRange(prefix)
	list := []string{"joined", organization, edition, key.Connection, key.Object, key.ID}
	return page(ctx, s.table, q, list, p, func(i item) (record.Key, error) {
		in := read(i)
		if in.err != nil {
			return record.Key{}, in.err
		}
		return parseJoinedSort(organization, i.primary().sk)
	})
}

// Problems implements store.Credits: the shards of notes one after the other, one Query for each that the page touches, and
// one BatchGetItem per hundred for the footprints.
func (s *Credits) Problems(ctx context.Context, organization, edition string, p store.Page) ([]incentive.Footprint, string, error) {
	const what = "list problems"
	notes, next, err := s.shardByShard(ctx, what, []string{"problems", organization, edition}, problemShards,
		func(shard int) string { return problemsPartition(organization, edition, shard) }, p)
	if err != nil {
		return nil, "", err
	}
	keys := make([]primary, len(notes))
	for n, i := range notes {
		in := read(i)
		key, err := parseRecordSort(organization, i.primary().sk)
		if err := errors.Join(in.err, err); err != nil {
			return nil, "", failed(err, what)
		}
		keys[n] = footprintKey(organization, edition, key)
	}
	items, err := s.getAll(ctx, what, keys)
	if err != nil {
		return nil, "", err
	}
	footprints, err := decodeAll(what, items, func(i item) (incentive.Footprint, error) { return s.decodeFootprint(organization, edition, i) })
	return footprints, next, err
}

// Credits implements store.Credits in one consistent Query, for each MB.
func (s *Credits) Credits(ctx context.Context, organization, edition, participant string, within calendar.Span) ([]incentive.Credit, error) {
	const what = "list credits"
	if within.Empty() {
		return nil, nil
	}
	q := query{what: what, partition: creditsPartition(organization, edition, participant), consistent: true}
	q.low, q.high = creditRange(within)
	items, _, err := s.items(ctx, q, math.MaxInt32)
	if err != nil {
		return nil, err
	}
	return decodeAll(what, items, func(i item) (incentive.Credit, error) { return s.decodeCredit(organization, participant, i) })
}

func (s *Credits) encodeFootprint(f incentive.Footprint) (item, error) {
	i := newItem(footprintKey(f.Organization, f.Edition, f.Record))
	i.setNumber("rev", f.Rev)
	i.setNanos("at", f.At)
	if len(f.Touched) > 0 { // apart, so that it can be taken out
		packed, err := s.packJSON(f.Touched)
		if err != nil {
			return nil, err
		}
		i.setBytes("touched", packed)
	}
	f.Touched = nil
	joined := make([]record.Key, len(f.Joined))
	for n, k := range f.Joined {
		k.Organization = ""
		joined[n] = k
	}
	f.Joined = joined
	packed, err := s.packJSON(f)
	if err != nil {
		return nil, err
	}
	i.setBytes("b", packed)
	return i, fits(i, maxItemBytes)
}

func (s *Credits) decodeFootprint(organization, edition string, i item) (incentive.Footprint, error) {
	var f incentive.Footprint
	if err := s.unpack(i, "b", &f); err != nil {
		return f, err
	}
	in := read(i)
	if in.bytes("touched") != nil {
		if err := s.unpack(i, "touched", &f.Touched); err != nil {
			return f, err
		}
	}
	for n := range f.Joined {
		f.Joined[n].Organization = organization
	}
	f.Organization, f.Edition, f.Rev, f.At = organization, edition, in.number("rev"), in.nanos("at")
	if in.err != nil {
		return f, in.err
	}
	var err error
	f.Record, err = parseRecordSort(organization, i.primary().sk)
	return f, err
}

func (s *Credits) encodeCredit(f incentive.Footprint, c incentive.Credit) (item, error) {
	i := newItem(creditKey(f.Organization, f.Edition, store.RefOf(c)))
	c.Participant, c.Date, c.ID = "", "", ""
	c.Record.Organization, c.At = "", c.At.UTC()
	packed, err := s.packJSON(c)
	if err != nil {
		return nil, err
	}
	i.setBytes("b", packed)
	return i, fits(i, maxItemBytes)
}

func (s *Credits) decodeCredit(organization, participant string, i item) (incentive.Credit, error) {
	var c incentive.Credit
	if err := s.unpack(i, "b", &c); err != nil {
		return c, err
	}
	c.Participant, c.Record.Organization = participant, organization
	c.Date, c.ID = parseCreditSort(i.primary().sk)
	return c, nil
}
