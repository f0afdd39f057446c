package dynamo

import (
	"context"

	"leadline/shared/fault"
)

// Cursors implements store.Cursors.
type Cursors struct{ table }

// NewCursors uses the table of the name.
func NewCursors(client Client, table string) *Cursors {
	return &Cursors{newTable(client, table)}
}

// Cursor implements store.Cursors: one consistent GetItem.
func (s *Cursors) Cursor(ctx context.Context, job string) (string, error) {
	const what = "get cursor"
	i, err := s.get(ctx, what, cursorKey(job), "cursor")
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	in := read(i)
	cursor := in.text("cur")
	return cursor, failed(in.err, what)
}

// SaveCursor implements store.Cursors: one PutItem.
func (s *Cursors) SaveCursor(ctx context.Context, job, cursor string) error {
	i := newItem(cursorKey(job))
	i.setText("cur", cursor)
	_, err := s.put(ctx, "save cursor", i, "")
	return err
}
