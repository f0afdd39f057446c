package dynamo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/store"
)

// Records implements store.Records on a table that holds records and nothing else.
type Records struct{ table }

// NewRecords uses the table of the name.
func NewRecords(client Client, table string) *Records {
	return &Records{newTable(client, table)}
}

// recordAttributes are all attributes of a record but its key and rev. Names are short, for they cost like content.
//
//	v     format of the item
//	ver   version, a text that sorts
//	rev   count of writes
//	b     body: source, fields and large fields, what is remembered of a partial record, packed
//	at    when it was stored, nanoseconds since 1970
//	del   tombstone
//	into  id of the record that it was merged into
//	tie   contested
//	era   erased
func recordAttributes() []string { return []string{"v", "ver", "b", "at", "del", "into", "tie", "era"} }

// recordBody is what is packed into one attribute.
type recordBody struct {
	Source record.Source           `json:"s"`
	Large  map[string]record.Large `json:"l,omitempty"`
	Fields record.Fields           `json:"f,omitempty"`
	// Partial is behind the fields, whose stamps it holds.
	Partial *record.Partial `json:"p,omitempty"`
}

// PutNewer implements store.Records in one UpdateItem.
func (s *Records) PutNewer(ctx context.Context, r record.Record) (*record.Record, error) {
	const what = "put newer record"
	return s.write(ctx, what, r, func(c *change) {
		c.condition = "attribute_not_exists(pk) OR #ver < :ver"
		c.set = append(c.set, "#rev = if_not_exists(#rev, :zero) + :one")
		c.values[":zero"], c.values[":one"] = number(0), number(1)
	})
}

// Replace implements store.Records in one UpdateItem. If the answer to a write is lost, the SDK's retry of it finds the
// new rev and false is returned, with what it wrote itself.
func (s *Records) Replace(ctx context.Context, r record.Record, rev int64) (bool, *record.Record, error) {
	const what = "replace record"
	standing, err := s.write(ctx, what, r, func(c *change) {
		c.condition = unlessThere
		c.set = append(c.set, "#rev = :next")
		c.values[":next"] = number(rev + 1)
		if rev > 0 {
			c.condition = "#rev = :rev"
			c.values[":rev"] = number(rev)
		}
	})
	if err != nil || standing == nil {
		return err == nil, nil, err
	}
	if standing.Rev == 0 {
		standing = nil
	}
	return false, standing, nil
}

// write sets all attributes of a record, on a condition and with a rev that finish adds. It gives what stands if the
// condition does not hold.
func (s *Records) write(ctx context.Context, what string, r record.Record, finish func(*change)) (*record.Record, error) {
	i, err := s.encode(r)
	if err != nil {
		return nil, failed(err, what)
	}
	c := change{names: map[string]string{"#rev": "rev"}, values: item{}}
	for _, name := range recordAttributes() {
		value, present := i[name]
		if !present {
			c.remove = append(c.remove, "#"+name)
		} else {
			c.set = append(c.set, "#"+name+" = :"+name)
			c.values[":"+name] = value
		}
		c.names["#"+name] = name
	}
	finish(&c)
	standing, refused, err := s.update(ctx, what, recordKey(r.Key), c)
	if err != nil || !refused {
		return nil, err
	}
	if len(standing) == 0 { // Replace of what is not there
		return &record.Record{Key: r.Key}, nil
	}
	stands, err := s.decode(standing)
	if err != nil {
		return nil, failed(err, what)
	}
	return &stands, nil
}

// Get implements store.Records in one GetItem.
func (s *Records) Get(ctx context.Context, key record.Key) (record.Record, error) {
	const what = "get record"
	i, err := s.get(ctx, what, recordKey(key), "record")
	if err != nil {
		return record.Record{}, err
	}
	r, err := s.decode(i)
	return r, failed(err, what)
}

// Scan implements store.Records: one Scan per MB, half a read unit per 4 KB.
func (s *Records) Scan(ctx context.Context, p store.Page) ([]record.Record, string, error) {
	const what = "scan records"
	list := []string{"all records"}
	position, err := p.Position(list, 2)
	if err != nil {
		return nil, "", err
	}
	in := &dynamodb.ScanInput{TableName: &s.name}
	if position != nil {
		in.ExclusiveStartKey = primary{position[0], position[1]}.item()
	}
	var items []item
	for len(items) <= p.Limit {
		in.Limit = aws.Int32(int32(p.Limit + 1 - len(items)))
		out, err := s.client.Scan(ctx, in)
		if err != nil {
			return nil, "", failed(err, what)
		}
		for _, i := range out.Items {
			items = append(items, i)
		}
		if len(out.LastEvaluatedKey) == 0 {
			break
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
	next := ""
	if len(items) > p.Limit {
		items = items[:p.Limit]
		last := items[p.Limit-1].primary()
		next = store.Next(list, last.pk, last.sk)
	}
	records, err := decodeAll(what, items, s.decode)
	return records, next, err
}

// encode makes the item of a record, without its rev.
func (s *Records) encode(r record.Record) (item, error) {
	if err := checkVersion(r.Version); err != nil {
		return nil, err
	}
	if r.Size() > record.MaxBytes {
		return nil, tooLarge()
	}
	body, err := s.packJSON(recordBody{Source: r.Source, Large: r.Large, Fields: r.Fields, Partial: r.Partial})
	if err != nil {
		return nil, err
	}
	i := newItem(recordKey(r.Key))
	i.setText("ver", r.Version.String())
	i.setBytes("b", body)
	i.setNanos("at", r.StoredAt)
	i.setFlag("del", r.Deleted)
	i.setText("into", r.MergedInto)
	i.setFlag("tie", r.Contested)
	i.setFlag("era", r.Erased)
	return i, fits(i, maxItemBytes)
}

// decode reads a record's item.
func (s *Records) decode(i item) (record.Record, error) { return decodeRecord(s.codec, i) }

func decodeRecord(c *codec, i item) (record.Record, error) {
	in := read(i)
	r := record.Record{Version: in.version("ver"), Rev: in.number("rev"), Deleted: in.flag("del"),
		MergedInto: in.text("into"), Contested: in.flag("tie"), Erased: in.flag("era"), StoredAt: in.nanos("at")}
	packed := in.bytes("b")
	if in.err != nil {
		return record.Record{}, in.err
	}
	var err error
	if r.Key, err = parseRecordKey(i.primary()); err != nil {
		return record.Record{}, err
	}
	var body recordBody
	if err := c.unpackJSON(packed, &body); err != nil {
		return record.Record{}, err
	}
	r.Source, r.Large, r.Fields, r.Partial = body.Source, body.Large, body.Fields, body.Partial
	return r, nil
}

// checkVersion refuses a version that does not fit its form of fixed width: stored, it could not be read again.
func checkVersion(v record.Version) error {
	if !v.Storable() {
		return fault.New(fault.Invalid, "invalid_version", "the version lies outside of what can be stored")
	}
	return nil
}

// packJSON packs a value as JSON. It keeps every value in it byte for byte: HTML escapes would change the content.
func (t table) packJSON(value any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return t.codec.pack(bytes.TrimSuffix(buf.Bytes(), []byte("\n")))
}

// unpack reads a value that was packed into an attribute of an item, and checks the item's format.
func (t table) unpack(i item, name string, value any) error {
	in := read(i)
	packed := in.bytes(name)
	if in.err != nil {
		return in.err
	}
	return t.codec.unpackJSON(packed, value)
}

// unpackJSON reads what packJSON wrote.
func (c *codec) unpackJSON(packed []byte, value any) error {
	plain, err := c.unpack(packed)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(plain, value); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	return nil
}
