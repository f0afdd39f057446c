package store

import (
	"context"

	"leadline/shared/ledger"
)

// Ledger keeps books. Nothing in it is ever changed or deleted but the heads of books.
type Ledger interface {
	// Book reads where a participant's accounts stand, consistently; one of Rev 0 if there is none.
	Book(ctx context.Context, organization, participant string) (ledger.Book, error)
	// Books pages through those of an organization in an order that means nothing, each of them consistently: a root that is made
	// of them binds all that was posted before.
	Books(ctx context.Context, organization string, page Page) (books []ledger.Book, next string, err error)
	// Append adds rows and replaces the book if the stored Rev is still after.Rev-1: all or nothing, one transaction of 1 + 2
	// items for each row, so MaxAppend rows at most (Invalid, CodeTooMany). Conflict (CodeStale) if the book was written
	// meanwhile, Conflict (ledger.CodePosted) if a cause of the rows was posted before.
	Append(ctx context.Context, after ledger.Book, rows []ledger.Row) error
	// Posted gives the numbers of the rows that have these causes (ids), consistently: those that there are.
	Posted(ctx context.Context, organization, participant string, causes []string) (map[string]int64, error)
	// Row reads one by its number, consistently; NotFound.
	Row(ctx context.Context, organization, participant string, number int64) (ledger.Row, error)
	// Rows pages through a participant's rows by number, consistently.
	Rows(ctx context.Context, organization, participant string, page Page) (rows []ledger.Row, next string, err error)
	// LatestRows pages through them from the newest.
	LatestRows(ctx context.Context, organization, participant string, page Page) (rows []ledger.Row, next string, err error)
	// SaveRoot stores a root if none of its Number is stored; Conflict (CodeTaken).
	SaveRoot(ctx context.Context, r ledger.Root) error
	// Roots pages through the roots of an organization by number from the newest, consistently.
	Roots(ctx context.Context, organization string, page Page) (roots []ledger.Root, next string, err error)
}

// MaxAppend is how many rows one Append takes.
const MaxAppend = 40
