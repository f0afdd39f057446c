package dynamo

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/store"
)

// A standing is one item, under its period, for a leaderboard reads all of a period at once. The periods of a participant
// are found by the items that hold the generations of its units, which are there before any standing is, and lie by
// participant. So a unit that is reckoned anew costs one write unit for its standing, and none for another list.
// (Rejected: the standing a second time under its participant, which doubles that; and the standing under its participant with
// a note under the period, which makes a leaderboard of 10,000 cost 5,000 read units instead of some 500.)

// Touch implements store.Credits in one UpdateItem. If its answer is lost, the SDK's retry counts a second time.
func (s *Credits) Touch(ctx context.Context, u incentive.Unit) (int64, error) {
	const what = "touch unit"
	out, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.name, Key: unitKey(u).item(), UpdateExpression: aws.String("ADD gen :one SET v = :v"),
		ExpressionAttributeValues: item{":one": number(1), ":v": number(format)}, ReturnValues: types.ReturnValueUpdatedNew,
	})
	if err != nil {
		return 0, failed(err, what)
	}
	in := read(out.Attributes)
	generation := in.number("gen")
	return generation, failed(in.err, what)
}

// Touched implements store.Credits in one GetItem.
func (s *Credits) Touched(ctx context.Context, u incentive.Unit) (int64, error) {
	const what = "get generation"
	i, err := s.get(ctx, what, unitKey(u), "generation")
	if fault.Is(err, fault.NotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	in := read(i)
	generation := in.number("gen")
	return generation, failed(in.err, what)
}

// SaveStanding implements store.Credits in one conditional UpdateItem. A unit of generation 0 was perhaps never touched, so
// that one UpdateItem before makes it one that StandingsOf finds.
func (s *Credits) SaveStanding(ctx context.Context, n incentive.Standing) (bool, error) {
	const what = "save standing"
	c, err := s.standingChange(n)
	if err != nil {
		return false, failed(err, what)
	}
	if n.Generation == 0 {
		if _, _, err := s.update(ctx, what, unitKey(n.Unit), change{set: []string{"v = :v"}, condition: unlessThere, values: item{":v": number(format)}}); err != nil {
			return false, err
		}
	}
	_, refused, err := s.update(ctx, what, standingKey(n.Unit), c)
	return err == nil && !refused, err
}

// standingChange sets everything of a standing but rank and prizes.
func (s *Credits) standingChange(n incentive.Standing) (change, error) {
	own := n
	own.Organization, own.Edition, own.Participant, own.Period = "", "", "", ""
	own.Generation, own.InputHash, own.ResultHash, own.Payable, own.Rank, own.Prizes = 0, "", "", 0, 0, nil
	own.Reached, own.At = n.Reached.UTC(), n.At.UTC()
	packed, err := s.packJSON(own)
	if err != nil {
		return change{}, err
	}
	values := item{":v": number(format), ":gen": number(n.Generation), ":pay": number(n.Payable - store.PrizeMoney(n.Prizes)),
		":in": digestOf(n.InputHash), ":res": digestOf(n.ResultHash), ":b": &types.AttributeValueMemberB{Value: packed}}
	if err := fits(values, maxItemBytes); err != nil {
		return change{}, err
	}
	return change{set: []string{"v = :v", "gen = :gen", "pay = :pay", "inp = :in", "res = :res", "b = :b"},
		condition: "attribute_not_exists(gen) OR gen <= :gen", values: values}, nil
}

// SaveRanks implements store.Credits in one conditional UpdateItem.
func (s *Credits) SaveRanks(ctx context.Context, n incentive.Standing) (bool, error) {
	const what = "save ranks"
	c := change{set: []string{"pay = :pay", "place = :place"}, condition: "res = :res",
		values: item{":pay": number(n.Payable - store.PrizeMoney(n.Prizes)), ":place": number(int64(n.Rank)), ":res": digestOf(n.ResultHash)}}
	if len(n.Prizes) > 0 {
		packed, err := s.packJSON(n.Prizes)
		if err != nil {
			return false, failed(err, what)
		}
		c.set, c.values[":prizes"] = append(c.set, "prizes = :prizes"), &types.AttributeValueMemberB{Value: packed}
	} else {
		c.remove = []string{"prizes"}
	}
	_, refused, err := s.update(ctx, what, standingKey(n.Unit), c)
	return err == nil && !refused, err
}

// Standing implements store.Credits in one GetItem.
func (s *Credits) Standing(ctx context.Context, u incentive.Unit) (incentive.Standing, error) {
	const what = "get standing"
	i, err := s.get(ctx, what, standingKey(u), "standing")
	if err != nil {
		return incentive.Standing{}, err
	}
	n, err := s.decodeStanding(u.Organization, u.Edition, i)
	return n, failed(err, what)
}

// Standings implements store.Credits: one Query per shard at once for the first standings and, as needed, one for each
// further chunk.
func (s *Credits) Standings(ctx context.Context, organization, edition, period string, p store.Page) ([]incentive.Standing, string, error) {
	const what = "list standings"
	list := []string{"standings", organization, edition, period}
	position, err := p.Position(list, 1)
	if err != nil {
		return nil, "", err
	}
	shards := make([]shardReader, standingShards)
	var group errgroup.Group
	for n := range shards {
		q := query{what: what, partition: standingsPartition(organization, edition, period, n)}
		if position != nil {
			q.after = position[0]
		}
		shards[n] = shardReader{table: s.table, query: q, chunk: p.Limit/standingShards + 16}
		group.Go(func() error { return shards[n].fill(ctx) })
	}
	if err := group.Wait(); err != nil {
		return nil, "", err
	}
	var items []item
	for len(items) <= p.Limit {
		next, err := lowest(ctx, shards)
		if err != nil {
			return nil, "", err
		}
		if next == nil {
			break
		}
		items = append(items, next)
	}
	next := ""
	if len(items) > p.Limit {
		items = items[:p.Limit]
		next = store.Next(list, items[p.Limit-1].primary().sk)
	}
	standings, err := decodeAll(what, items, func(i item) (incentive.Standing, error) { return s.decodeStanding(organization, edition, i) })
	return standings, next, err
}

// lowest takes the item with the lowest sort key from the shards, nil when all have ended.
func lowest(ctx context.Context, shards []shardReader) (item, error) {
	var (
		best *shardReader
		low  string
	)
	for n := range shards {
		r := &shards[n]
		if err := r.fill(ctx); err != nil {
			return nil, err
		}
		if len(r.ahead) == 0 {
			continue
		}
		if sk := r.ahead[0].primary().sk; best == nil || sk < low {
			best, low = r, sk
		}
	}
	if best == nil {
		return nil, nil
	}
	next := best.ahead[0]
	best.ahead = best.ahead[1:]
	return next, nil
}

// StandingsOf implements store.Credits: one Query of the participant's units and one BatchGetItem per hundred of them, and
// again where units that were touched have no standing yet.
func (s *Credits) StandingsOf(ctx context.Context, organization, edition, participant string, p store.Page) ([]incentive.Standing, string, error) {
	const what = "list standings of participant"
	list := []string{"standings of", organization, edition, participant}
	position, err := p.Position(list, 1)
	if err != nil {
		return nil, "", err
	}
	q := query{what: what, descending: true}
	var prefix string
	q.partition, prefix = unitsOf(organization, edition, participant)
	q.low, q.high = prefixRange(prefix)
	if position != nil {
		q.after = prefix + position[0]
	}
	var found []incentive.Standing
	for ended := false; !ended && len(found) <= p.Limit; {
		var units []item
		if units, ended, err = s.items(ctx, q, p.Limit+1-len(found)); err != nil {
			return nil, "", err
		}
		keys := make([]primary, len(units))
		for n, i := range units {
			if in := read(i); in.err != nil {
				return nil, "", failed(in.err, what)
			}
			q.after = i.primary().sk
			keys[n] = standingKey(incentive.Unit{Organization: organization, Edition: edition, Participant: participant, Period: strings.TrimPrefix(q.after, prefix)})
		}
		items, err := s.getAll(ctx, what, keys)
		if err != nil {
			return nil, "", err
		}
		standings, err := decodeAll(what, items, func(i item) (incentive.Standing, error) { return s.decodeStanding(organization, edition, i) })
		if err != nil {
			return nil, "", err
		}
		found = append(found, standings...)
	}
	next := ""
	if len(found) > p.Limit {
		found = found[:p.Limit]
		next = store.Next(list, found[p.Limit-1].Period)
	}
	return found, next, nil
}

func (s *Credits) decodeStanding(organization, edition string, i item) (incentive.Standing, error) {
	var n incentive.Standing
	if err := s.unpack(i, "b", &n); err != nil {
		return n, err
	}
	in := read(i)
	if in.bytes("prizes") != nil {
		if err := s.unpack(i, "prizes", &n.Prizes); err != nil {
			return n, err
		}
	}
	parts, err := split(i.primary().pk, 5)
	if err != nil {
		return n, err
	}
	n.Organization, n.Edition, n.Period, n.Participant = organization, edition, parts[3], unsortable(i.primary().sk)
	n.Generation, n.InputHash, n.ResultHash = in.number("gen"), in.digest("inp"), in.digest("res")
	n.Rank, n.Payable = int(in.number("place")), in.number("pay")+store.PrizeMoney(n.Prizes)
	return n, in.err
}

// digestOf keeps the hex of a hash as bytes, which take half, and other texts as they are.
func digestOf(hash string) types.AttributeValue {
	raw, err := hex.DecodeString(hash)
	if err != nil || hash == "" || hex.EncodeToString(raw) != hash {
		return text(hash)
	}
	return &types.AttributeValueMemberB{Value: raw}
}

// digest reads what digestOf made.
func (r *reader) digest(name string) string {
	switch a := r.item[name].(type) {
	case nil:
	case *types.AttributeValueMemberS:
		return a.Value
	case *types.AttributeValueMemberB:
		return hex.EncodeToString(a.Value)
	default:
		r.fail(name, fmt.Errorf("is a %T", a))
	}
	return ""
}
