// Package history makes the row that tells what each write to a record changed: from the table's stream as it comes,
// and, for writes that the stream lost, from the records and rows themselves.
package history

import (
	"context"
	"fmt"

	"leadline/shared/record"
	"leadline/shared/store"
)

// Write is one write to a record, as the table's stream reports it.
type Write struct {
	// Before is the record before the write, nil if there was none.
	Before *record.Record
	After  *record.Record
}

// Record stores the rows of writes. Storing them again changes nothing.
func Record(ctx context.Context, rows store.History, writes []Write) error {
	revisions := make([]record.Revision, len(writes))
	for i, w := range writes {
		revisions[i] = record.RevisionOf(w.Before, w.After)
	}
	if err := rows.Put(ctx, revisions...); err != nil {
		return fmt.Errorf("history: store rows: %w", err)
	}
	return nil
}
