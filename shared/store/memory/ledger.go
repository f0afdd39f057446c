package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/store"
)

// Ledger implements store.Ledger.
type Ledger struct {
	mu    sync.Mutex
	books map[owned]*storedBook
	roots map[string]map[int64]ledger.Root
}

// storedBook is a book with its rows.
type storedBook struct {
	book   ledger.Book
	rows   map[int64]ledger.Row
	causes map[string]int64
}

var _ store.Ledger = (*Ledger)(nil)

// NewLedger makes an empty store.
func NewLedger() *Ledger {
	return &Ledger{books: map[owned]*storedBook{}, roots: map[string]map[int64]ledger.Root{}}
}

// Book implements store.Ledger.
func (s *Ledger) Book(ctx context.Context, organization, participant string) (ledger.Book, error) {
	if err := alive(ctx); err != nil {
		return ledger.Book{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.books[owned{organization, participant}]; b != nil {
		return ownBook(b.book), nil
	}
	return ledger.Book{Organization: organization, Participant: participant}, nil
}

// Books implements store.Ledger.
func (s *Ledger) Books(ctx context.Context, organization string, p store.Page) ([]ledger.Book, string, error) {
	return page(ctx, []string{"books", organization}, p, false, func(after string) (entries []entry[ledger.Book]) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for at, b := range s.books {
			if at.organization == organization && (p.Cursor == "" || at.id > after) {
				entries = append(entries, entry[ledger.Book]{at.id, ownBook(b.book)})
			}
		}
		return entries
	})
}

// Append implements store.Ledger.
func (s *Ledger) Append(ctx context.Context, after ledger.Book, rows []ledger.Row) error {
	if err := alive(ctx); err != nil {
		return err
	}
	if len(rows) > store.MaxAppend {
		return fmt.Errorf("store: %w", fault.New(fault.Invalid, store.CodeTooMany, "more than %d rows at once", store.MaxAppend))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := owned{after.Organization, after.Participant}
	b := s.books[at]
	if b == nil {
		b = &storedBook{rows: map[int64]ledger.Row{}, causes: map[string]int64{}}
	}
	if b.book.Rev != after.Rev-1 {
		return stale("book")
	}
	for _, r := range rows {
		if _, there := b.rows[r.Number]; there {
			return stale("book")
		}
		if _, there := b.causes[r.Cause.ID]; there {
			return conflict(ledger.CodePosted, "a cause was posted before")
		}
	}
	for _, r := range rows {
		b.rows[r.Number], b.causes[r.Cause.ID] = ownRow(r), r.Number
	}
	b.book = ownBook(after)
	s.books[at] = b
	return nil
}

// Posted implements store.Ledger.
func (s *Ledger) Posted(ctx context.Context, organization, participant string, causes []string) (map[string]int64, error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string]int64{}
	if b := s.books[owned{organization, participant}]; b != nil {
		for _, id := range causes {
			if number, there := b.causes[id]; there {
				found[id] = number
			}
		}
	}
	return found, nil
}

// Row implements store.Ledger.
func (s *Ledger) Row(ctx context.Context, organization, participant string, number int64) (ledger.Row, error) {
	if err := alive(ctx); err != nil {
		return ledger.Row{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.books[owned{organization, participant}]; b != nil {
		if r, there := b.rows[number]; there {
			return ownRow(r), nil
		}
	}
	return ledger.Row{}, notFound("row")
}

// Rows implements store.Ledger.
func (s *Ledger) Rows(ctx context.Context, organization, participant string, p store.Page) ([]ledger.Row, string, error) {
	return s.page(ctx, "rows", organization, participant, p, false)
}

// LatestRows implements store.Ledger.
func (s *Ledger) LatestRows(ctx context.Context, organization, participant string, p store.Page) ([]ledger.Row, string, error) {
	return s.page(ctx, "latest rows", organization, participant, p, true)
}

func (s *Ledger) page(ctx context.Context, list, organization, participant string, p store.Page, newest bool) ([]ledger.Row, string, error) {
	return page(ctx, []string{list, organization, participant}, p, newest, func(after string) (entries []entry[ledger.Row]) {
		s.mu.Lock()
		defer s.mu.Unlock()
		b := s.books[owned{organization, participant}]
		if b == nil {
			return nil
		}
		for number, r := range b.rows {
			if sort := byNumber(number); p.Cursor == "" || newest == (sort < after) && sort != after {
				entries = append(entries, entry[ledger.Row]{sort, ownRow(r)})
			}
		}
		return entries
	})
}

// SaveRoot implements store.Ledger.
func (s *Ledger) SaveRoot(ctx context.Context, r ledger.Root) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.roots[r.Organization][r.Number]; there {
		return conflict(store.CodeTaken, "the root is there already")
	}
	if s.roots[r.Organization] == nil {
		s.roots[r.Organization] = map[int64]ledger.Root{}
	}
	r.At = r.At.UTC()
	s.roots[r.Organization][r.Number] = r
	return nil
}

// Roots implements store.Ledger.
func (s *Ledger) Roots(ctx context.Context, organization string, p store.Page) ([]ledger.Root, string, error) {
	return page(ctx, []string{"roots", organization}, p, true, func(after string) (entries []entry[ledger.Root]) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for number, r := range s.roots[organization] {
			if sort := byNumber(number); p.Cursor == "" || sort < after {
				entries = append(entries, entry[ledger.Root]{sort, r})
			}
		}
		return entries
	})
}

func byNumber(number int64) string { return fmt.Sprintf("%019d", number) }

// ownBook and ownRow copy what others could change.
func ownBook(b ledger.Book) ledger.Book {
	b.Heads, b.Years = maps.Clone(b.Heads), maps.Clone(b.Years)
	return b
}

func ownRow(r ledger.Row) ledger.Row {
	r.Legs, r.Chain, r.Years, r.At = slices.Clone(r.Legs), slices.Clone(r.Chain), maps.Clone(r.Years), r.At.UTC()
	if r.Cause.Record != nil {
		key := *r.Cause.Record
		r.Cause.Record = &key
	}
	return r
}
