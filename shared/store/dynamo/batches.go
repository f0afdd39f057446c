package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/oklog/ulid/v2"

	"leadline/shared/fault"
	"leadline/shared/push"
	"leadline/shared/store"
)

// batchesFor is how long batches and their chunks are kept.
const batchesFor = 90 * 24 * time.Hour

// Batches implements store.Batches.
type Batches struct{ table }

// NewBatches uses the table of the name.
func NewBatches(client Client, table string) *Batches {
	return &Batches{newTable(client, table)}
}

// batchBody is what is packed into one attribute. What a finished chunk adds to stands beside it.
type batchBody struct {
	Public     string      `json:"public,omitempty"`
	Connection string      `json:"connection,omitempty"`
	Client     string      `json:"client,omitempty"`
	Object     string      `json:"object,omitempty"`
	Kind       string      `json:"kind,omitempty"`
	ReceivedAt time.Time   `json:"received_at"`
	FinishedAt time.Time   `json:"finished_at"`
	Status     push.Status `json:"status,omitempty"`
	Problem    string      `json:"problem,omitempty"`
	Rows       int64       `json:"rows,omitempty"`
	Chunks     int         `json:"chunks,omitempty"`
}

// Claim implements store.Batches in one PutItem.
func (s *Batches) Claim(ctx context.Context, c push.Claim) (*push.Claim, error) {
	const what = "claim batch"
	i := newItem(claimKey(c.Organization, c.ID))
	i.setText("batch", c.Batch)
	i.setTime("received_at", c.ReceivedAt)
	i.setText("sum", c.Sum)
	i.setNanos("expires", c.ExpiresAt)
	i.forget(c.ExpiresAt)
	// TTL deletes items days after their time.
	condition, values := unlessThere+" OR expires <= :now", item{":now": number(c.ReceivedAt.UnixNano())}
	standing, refused, err := s.putIf(ctx, what, i, condition, values)
	if err != nil || !refused {
		return nil, err
	}
	stands, err := decodeClaim(c.Organization, c.ID, standing)
	if err != nil {
		return nil, failed(err, what)
	}
	if stands.Batch == c.Batch {
		return nil, nil
	}
	return &stands, nil
}

// Claimed implements store.Batches in one GetItem.
func (s *Batches) Claimed(ctx context.Context, organization, id string) (push.Claim, error) {
	const what = "get claim"
	i, err := s.get(ctx, what, claimKey(organization, id), "claim")
	if err != nil {
		return push.Claim{}, err
	}
	c, err := decodeClaim(organization, id, i)
	return c, failed(err, what)
}

func decodeClaim(organization, id string, i item) (push.Claim, error) {
	in := read(i)
	c := push.Claim{Organization: organization, ID: id, Batch: in.text("batch"), ReceivedAt: in.time("received_at"),
		Sum: in.text("sum"), ExpiresAt: in.nanos("expires")}
	return c, in.err
}

// SaveBatch implements store.Batches in one PutItem. The batch is forgotten 90 days after its receipt.
func (s *Batches) SaveBatch(ctx context.Context, b push.Batch) error {
	const what = "save batch"
	i, err := s.encode(b)
	if err != nil {
		return failed(err, what)
	}
	_, err = s.put(ctx, what, i, "")
	return err
}

// FinishChunk implements store.Batches in one transaction. Chunks that are finished at once meet on the batch; see
// transact.
func (s *Batches) FinishChunk(ctx context.Context, organization, batch string, c push.Chunk) error {
	const what = "finish chunk"
	packed, err := s.packJSON(c)
	if err != nil {
		return failed(err, what)
	}
	i := newItem(chunkKey(organization, batch, c.Number))
	i.setBytes("b", packed)
	if id, err := ulid.ParseStrict(batch); err == nil {
		i.forget(ulid.Time(id.Time()).Add(batchesFor))
	}
	add := change{condition: "attribute_exists(pk)", set: []string{"#done = #done + :one"},
		names: map[string]string{"#done": "done"}, values: item{":one": number(1), ":zero": number(0)}}
	if len(c.Counts) == 0 {
		delete(add.values, ":zero")
	} else {
		add.names["#counts"] = "counts"
	}
	n := 0
	for outcome, count := range c.Counts {
		name, value := fmt.Sprint("#outcome", n), fmt.Sprint(":count", n)
		add.set = append(add.set, fmt.Sprintf("#counts.%s = if_not_exists(#counts.%s, :zero) + %s", name, name, value))
		add.names[name], add.values[value] = string(outcome), number(count)
		n++
	}
	done := fault.New(fault.Conflict, store.CodeTaken, "the chunk is finished already")
	err = s.transact(ctx, what, s.create(i, unlessThere, nil, done),
		s.amend(batchKey(organization, batch), add, fault.New(fault.NotFound, "not_found", "batch not found")))
	if errors.Is(err, done) {
		return nil
	}
	return err
}

// Batch implements store.Batches in one GetItem.
func (s *Batches) Batch(ctx context.Context, organization, id string) (push.Batch, error) {
	const what = "get batch"
	i, err := s.get(ctx, what, batchKey(organization, id), "batch")
	if err != nil {
		return push.Batch{}, err
	}
	b, err := s.decode(organization, i)
	return b, failed(err, what)
}

// Batches implements store.Batches in one Query per shard.
func (s *Batches) Batches(ctx context.Context, organization string, p store.Page) ([]push.Batch, string, error) {
	all := sharded{what: "list batches", attributes: []string{"b", "done", "counts"}}
	for n := range batchShards {
		all.partitions = append(all.partitions, batchesPartition(organization, n))
	}
	return newestFirst(ctx, s.table, all, []string{"batches", organization}, p,
		func(i item) (push.Batch, error) { return s.decode(organization, i) }, func(push.Batch) bool { return true })
}

// Chunks implements store.Batches in one Query, eventually consistent.
func (s *Batches) Chunks(ctx context.Context, organization, batch string, p store.Page) ([]push.Chunk, string, error) {
	q := query{what: "list chunks", partition: chunksPartition(organization, batch)}
	list := []string{"chunks", organization, batch}
	return page(ctx, s.table, q, list, p, func(i item) (c push.Chunk, err error) { return c, s.unpack(i, "b", &c) })
}

// encode makes the item of a batch:
//
//	b       body, packed
//	done    how many chunks are done with
//	counts  what became of their rows, a map that is there even if it is empty: FinishChunk adds to it
//	only    the outcomes of a batch of one chunk, packed
func (s *Batches) encode(b push.Batch) (item, error) {
	packed, err := s.packJSON(batchBody{Public: b.Public, Connection: b.Connection, Client: b.Client, Object: b.Object,
		Kind: b.Kind, ReceivedAt: b.ReceivedAt, FinishedAt: b.FinishedAt, Status: b.Status, Problem: b.Problem, Rows: b.Rows,
		Chunks: b.Chunks})
	if err != nil {
		return nil, err
	}
	i := newItem(batchKey(b.Organization, b.ID))
	i.setBytes("b", packed)
	i["done"] = number(int64(b.Done))
	counts := item{}
	for outcome, n := range b.Counts {
		counts[string(outcome)] = number(n)
	}
	i["counts"] = &types.AttributeValueMemberM{Value: counts}
	i.forget(b.ReceivedAt.Add(batchesFor))
	if b.Only == nil {
		return i, nil
	}
	only, err := s.packJSON(b.Only)
	i.setBytes("only", only)
	return i, err
}

func (s *Batches) decode(organization string, i item) (push.Batch, error) {
	var body batchBody
	if err := s.unpack(i, "b", &body); err != nil {
		return push.Batch{}, err
	}
	in := read(i)
	b := push.Batch{ID: unsortable(i.primary().sk), Public: body.Public, Organization: organization, Connection: body.Connection,
		Client: body.Client, Object: body.Object, Kind: body.Kind, ReceivedAt: body.ReceivedAt, FinishedAt: body.FinishedAt,
		Status: body.Status, Problem: body.Problem, Rows: body.Rows, Chunks: body.Chunks, Done: int(in.number("done"))}
	counts := in.part("counts")
	for outcome := range counts.item {
		if b.Counts == nil {
			b.Counts = map[push.Outcome]int64{}
		}
		b.Counts[push.Outcome(outcome)] = counts.number(outcome)
	}
	in.fail("counts", counts.err)
	if _, present := i["only"]; !present || in.err != nil {
		return b, in.err
	}
	b.Only = &push.Chunk{}
	return b, s.unpack(i, "only", b.Only)
}
