package dynamo

import (
	"context"
	"time"

	"leadline/shared/delivery"
	"leadline/shared/store"
)

// Intake implements store.Intake.
type Intake struct{ table }

// NewIntake uses the table of the name.
func NewIntake(client Client, table string) *Intake {
	return &Intake{newTable(client, table)}
}

// IndexPayloads implements store.Intake in one PutItem.
func (s *Intake) IndexPayloads(ctx context.Context, index delivery.PayloadIndex) error {
	const what = "index payloads"
	body, err := s.packJSON(index)
	if err != nil {
		return failed(err, what)
	}
	i := newItem(payloadsKey(index.Organization, index.Connection, index.StoredAt, index.Object))
	i.setBytes("b", body)
	_, err = s.put(ctx, what, i, "")
	return err
}

// Payloads implements store.Intake in one Query.
func (s *Intake) Payloads(ctx context.Context, organization, connection string, day time.Time, p store.Page) (
	[]delivery.PayloadIndex, string, error,
) {
	q := query{what: "list payloads", partition: payloadsPartition(organization, connection, day)}
	list := []string{"payloads", q.partition}
	return page(ctx, s.table, q, list, p, func(i item) (delivery.PayloadIndex, error) {
		in := read(i)
		packed := in.bytes("b")
		if in.err != nil {
			return delivery.PayloadIndex{}, in.err
		}
		var index delivery.PayloadIndex
		err := s.codec.unpackJSON(packed, &index)
		return index, err
	})
}
