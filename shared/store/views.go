package store

import (
	"context"

	"leadline/shared/view"
)

// Views keeps the links, views and variables of organizations, those that were deleted by a person and could come back
// (view.Removed) among them.
type Views interface {
	// CreateDefinition stores a new item with the receipt, all or nothing; Conflict (CodeTaken) if there is one of its kind
	// and name.
	CreateDefinition(ctx context.Context, i view.Item, receipt *Receipt) error
	// UpdateDefinition replaces one if the stored Rev is still i.Rev-1, with the receipt; Conflict (CodeStale).
	UpdateDefinition(ctx context.Context, i view.Item, receipt *Receipt) error
	// DeleteDefinition removes one; what is not there is no error.
	DeleteDefinition(ctx context.Context, organization string, kind view.Kind, name string) error
	// Definition reads one, consistently.
	Definition(ctx context.Context, organization string, kind view.Kind, name string) (view.Item, error)
	// Definitions pages through those of a kind by name, eventually consistent.
	Definitions(ctx context.Context, organization string, kind view.Kind, page Page) (items []view.Item, next string, err error)
}
