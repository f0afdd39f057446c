package upload

import (
	"context"
	"fmt"
	"slices"

	"leadline/shared/fault"
	"leadline/shared/push"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/store"
)

// rowsAtOnce and bytesAtOnce are how many rows are looked at together.
const (
	rowsAtOnce  = 200
	bytesAtOnce = 4 << 20
)

// learner infers the schema of an object from all rows of a file.
type learner struct {
	fields []schema.Field
	rows   []record.Fields
	// bytes is how long the rows are.
	bytes int
}

// unknown gives a learner if the object of the batch has no schema yet.
func (l *Loader) unknown(ctx context.Context, batch push.Batch) (*learner, error) {
	_, err := l.Schemas.Object(ctx, batch.Organization, batch.Connection, batch.Object)
	switch {
	case fault.Is(err, fault.NotFound):
		return &learner{}, nil
	case err != nil:
		return nil, fmt.Errorf("upload: object: %w", err)
	}
	return nil, nil
}

// take looks at a row. One that will be set aside anyway teaches nothing, and neither does a deletion.
func (l *learner) take(text []byte, number int) {
	row, wrong := push.Judge(text, number, push.Settings{})
	if wrong != nil || row.Action == record.ActionDelete {
		return
	}
	l.rows, l.bytes = append(l.rows, row.Fields), l.bytes+len(text)
	if len(l.rows) >= rowsAtOnce || l.bytes >= bytesAtOnce {
		l.merge()
	}
}

// merge takes in the rows. Where all together are too much for an object, they are tried one by one: those that still fit
// make the schema, the others will be set aside for breaking it.
func (l *learner) merge() {
	rows := l.rows
	l.rows, l.bytes = l.rows[:0], 0
	if l.widen(rows...) {
		return
	}
	for _, row := range rows {
		l.widen(row)
	}
}

func (l *learner) widen(rows ...record.Fields) bool {
	fields, err := schema.Infer(push.DefaultIDField, rows...)
	if err != nil {
		return false
	}
	if fields, err = schema.Merge(l.fields, fields); err != nil {
		return false
	}
	l.fields = fields
	return true
}

// fix stores what was learned, if anything was to be, as the first version of the object's schema, unless somebody else was
// faster.
func (l *Loader) fix(ctx context.Context, batch push.Batch, learned *learner) error {
	if learned == nil {
		return nil
	}
	learned.merge()
	if len(learned.fields) == 0 {
		return nil // deletions alone, or no row is any good: they say nothing about what the object looks like
	}
	now := l.Now().UTC()
	err := l.Schemas.SaveObject(ctx, schema.Object{Organization: batch.Organization, Connection: batch.Connection, Name: batch.Object, Title: batch.Object,
		IDField: push.DefaultIDField, State: schema.Confirmed, FirstSeen: batch.ReceivedAt, UpdatedAt: now, Rev: 1,
		Present: schema.Version{Number: 1, Fields: slices.Clone(learned.fields), Origin: schema.FirstDump, At: now}}, true)
	if conflict := fault.Of(err); conflict != nil && conflict.Code == store.CodeStale {
		return nil
	}
	if err != nil {
		return fmt.Errorf("upload: save object: %w", err)
	}
	return nil
}
