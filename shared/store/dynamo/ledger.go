package dynamo

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/store"
	"leadline/shared/tax"
)

// Ledger implements store.Ledger in the table Ledger.
type Ledger struct{ table }

var _ store.Ledger = (*Ledger)(nil)

// NewLedger uses the table Ledger of the name.
func NewLedger(client Client, table string) *Ledger {
	return &Ledger{newTable(client, table)}
}

// bookBody is what is kept packed of a book.
type bookBody struct {
	Rows  int64               `json:"rows"`
	Heads []headBody          `json:"heads"`
	Years map[string]tax.Year `json:"years,omitempty"`
}

// headBody is a head of an account.
type headBody struct {
	ledger.Account
	ledger.Head
}

// rowBody is what is kept packed of a row: all but what its key says.
type rowBody struct {
	At time.Time `json:"at"`
	ledger.Posting
	Chain []ledger.Link `json:"chain"`
}

// Book implements store.Ledger in one GetItem.
func (s *Ledger) Book(ctx context.Context, organization, participant string) (ledger.Book, error) {
	const what = "get book"
	i, err := s.get(ctx, what, bookKey(organization, participant), "book")
	if fault.Is(err, fault.NotFound) {
		return ledger.Book{Organization: organization, Participant: participant}, nil
	}
	if err != nil {
		return ledger.Book{}, err
	}
	b, err := s.decodeBook(organization, i)
	return b, failed(err, what)
}

// Books implements store.Ledger: one Query per shard and MB.
func (s *Ledger) Books(ctx context.Context, organization string, p store.Page) ([]ledger.Book, string, error) {
	const what = "list books"
	items, next, err := s.shardAfterShard(ctx, query{what: what, consistent: true}, []string{"books", organization}, bookShards,
		func(shard int) string { return booksPartition(organization, shard) }, p)
	if err != nil {
		return nil, "", err
	}
	books, err := decodeAll(what, items, func(i item) (ledger.Book, error) { return s.decodeBook(organization, i) })
	return books, next, err
}

// Append implements store.Ledger in one TransactWriteItems: the book, and for each row the row and the note of its cause. A row
// whose number is there already means that the book is older than it, so that a stale book is what it is told as.
func (s *Ledger) Append(ctx context.Context, after ledger.Book, rows []ledger.Row) error {
	const what = "append to ledger"
	if len(rows) > store.MaxAppend {
		return failed(fault.New(fault.Invalid, store.CodeTooMany, "more than %d rows at once", store.MaxAppend), what)
	}
	book, err := s.encodeBook(after)
	if err != nil {
		return failed(err, what)
	}
	first := s.replace(book, after.Rev-1, stale("book"))
	if after.Rev == 1 {
		first = s.create(book, unlessThere, nil, stale("book"))
	}
	steps := append(make([]step, 0, 1+2*len(rows)), first)
	for _, r := range rows {
		packed, err := s.packJSON(rowBody{At: r.At.UTC(), Posting: r.Posting, Chain: r.Chain})
		if err != nil {
			return failed(err, what)
		}
		row := newItem(rowKey(after.Organization, after.Participant, r.Number))
		row.setBytes("b", packed)
		cause := newItem(causeKey(after.Organization, after.Participant, r.Cause.ID))
		cause.setNumber("n", r.Number)
		steps = append(steps, s.create(row, unlessThere, nil, stale("book")),
			s.create(cause, unlessThere, nil, fault.New(fault.Conflict, ledger.CodePosted, "a cause was posted before")))
	}
	return s.transact(ctx, what, steps...)
}

// Posted implements store.Ledger: one BatchGetItem per hundred causes.
func (s *Ledger) Posted(ctx context.Context, organization, participant string, causes []string) (map[string]int64, error) {
	const what = "get causes"
	found := map[string]int64{}
	ids := map[primary]string{}
	for _, id := range causes {
		ids[causeKey(organization, participant, id)] = id
	}
	keys := make([]map[string]types.AttributeValue, 0, len(ids))
	for at := range ids {
		keys = append(keys, at.item())
	}
	for chunk := range slices.Chunk(keys, batchKeys) {
		for try := 0; len(chunk) > 0; try++ {
			if try == s.pause.tries {
				return nil, failed(fault.New(fault.RateLimited, "throttled", "the store is at its limit"), what)
			}
			if err := s.pause.wait(ctx, try); err != nil {
				return nil, failed(err, what)
			}
			out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
				RequestItems: map[string]types.KeysAndAttributes{s.name: {Keys: chunk, ConsistentRead: aws.Bool(true)}}})
			if err != nil {
				return nil, failed(err, what)
			}
			for _, i := range out.Responses[s.name] {
				in := read(i)
				number := in.number("n")
				if in.err != nil {
					return nil, failed(in.err, what)
				}
				found[ids[item(i).primary()]] = number
			}
			chunk = out.UnprocessedKeys[s.name].Keys
		}
	}
	return found, nil
}

// Row implements store.Ledger in one GetItem.
func (s *Ledger) Row(ctx context.Context, organization, participant string, number int64) (ledger.Row, error) {
	const what = "get row"
	i, err := s.get(ctx, what, rowKey(organization, participant, number), "row")
	if err != nil {
		return ledger.Row{}, err
	}
	r, err := s.decodeRow(organization, participant, i)
	return r, failed(err, what)
}

// Rows implements store.Ledger: one Query per MB.
func (s *Ledger) Rows(ctx context.Context, organization, participant string, p store.Page) ([]ledger.Row, string, error) {
	q := query{what: "list rows", partition: rowsPartition(organization, participant), consistent: true}
	return page(ctx, s.table, q, []string{"rows", organization, participant}, p,
		func(i item) (ledger.Row, error) { return s.decodeRow(organization, participant, i) })
}

// LatestRows implements store.Ledger: one Query per MB.
func (s *Ledger) LatestRows(ctx context.Context, organization, participant string, p store.Page) ([]ledger.Row, string, error) {
	q := query{what: "list latest rows", partition: rowsPartition(organization, participant), consistent: true, descending: true}
	return page(ctx, s.table, q, []string{"latest rows", organization, participant}, p,
		func(i item) (ledger.Row, error) { return s.decodeRow(organization, participant, i) })
}

// SaveRoot implements store.Ledger in one conditional PutItem.
func (s *Ledger) SaveRoot(ctx context.Context, r ledger.Root) error {
	const what = "save root"
	r.At = r.At.UTC()
	packed, err := s.packJSON(r)
	if err != nil {
		return failed(err, what)
	}
	i := newItem(rootKey(r.Organization, r.Number))
	i.setBytes("b", packed)
	saved, err := s.put(ctx, what, i, unlessThere)
	if err == nil && !saved {
		return fmt.Errorf("store: %s: %w", what, fault.New(fault.Conflict, store.CodeTaken, "the root is there already"))
	}
	return err
}

// Roots implements store.Ledger: one Query per MB.
func (s *Ledger) Roots(ctx context.Context, organization string, p store.Page) ([]ledger.Root, string, error) {
	q := query{what: "list roots", partition: rootsPartition(organization), consistent: true, descending: true}
	return page(ctx, s.table, q, []string{"roots", organization}, p, func(i item) (r ledger.Root, err error) {
		if err = read(i).err; err == nil {
			err = s.unpack(i, "b", &r)
		}
		return r, err
	})
}

func (s *Ledger) encodeBook(b ledger.Book) (item, error) {
	body := bookBody{Rows: b.Rows, Years: b.Years, Heads: make([]headBody, 0, len(b.Heads))}
	for _, h := range b.HeadList() {
		body.Heads = append(body.Heads, headBody{h.Account, h.Head})
	}
	packed, err := s.packJSON(body)
	if err != nil {
		return nil, err
	}
	i := newItem(bookKey(b.Organization, b.Participant))
	i.setNumber("rev", b.Rev)
	i.setBytes("b", packed)
	return i, nil
}

func (s *Ledger) decodeBook(organization string, i item) (ledger.Book, error) {
	var body bookBody
	if err := s.unpack(i, "b", &body); err != nil {
		return ledger.Book{}, err
	}
	in := read(i)
	b := ledger.Book{Organization: organization, Participant: unsortable(i.primary().sk), Rows: body.Rows, Years: body.Years, Rev: in.number("rev"),
		Heads: make(map[ledger.Account]ledger.Head, len(body.Heads))}
	for _, h := range body.Heads {
		b.Heads[h.Account] = h.Head
	}
	return b, in.err
}

func (s *Ledger) decodeRow(organization, participant string, i item) (ledger.Row, error) {
	var body rowBody
	if err := s.unpack(i, "b", &body); err != nil {
		return ledger.Row{}, err
	}
	number, err := strconv.ParseInt(i.primary().sk, 10, 64)
	if err != nil {
		return ledger.Row{}, err
	}
	return ledger.Row{Organization: organization, Participant: participant, Number: number, At: body.At, Posting: body.Posting, Chain: body.Chain}, read(i).err
}
