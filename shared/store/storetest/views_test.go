package storetest

import (
	"context"

	"leadline/shared/store"
	"leadline/shared/view"
)

func brokenViewStores() map[string]defect {
	return map[string]defect{
		"a definition's rev is ignored":       {"Views/a refused update", func(s *Stores) { s.Views = anyDefinition{s.Views} }},
		"a definition's receipt is lost":      {"Views/it is kept whole, with its", func(s *Stores) { s.Views = unreceipted{s.Views} }},
		"all kinds are one":                   {"Views/a link, a view and a variable", func(s *Stores) { s.Views = oneKind{s.Views} }},
		"deleted definitions stay":            {"Views/a deleted definition is gone", func(s *Stores) { s.Views = lasting{s.Views} }},
		"definitions lose their standard":     {"Views/it is kept whole, with its", func(s *Stores) { s.Views = bare{s.Views} }},
		"definitions of all are one's of all": {"Views/those of others are neither", func(s *Stores) { s.Views = everybodys{s.Views} }},
	}
}

type anyDefinition struct{ store.Views }

func (a anyDefinition) UpdateDefinition(ctx context.Context, i view.Item, r *store.Receipt) error {
	if present, err := a.Definition(ctx, i.Organization, i.Kind, i.Name); err == nil {
		i.Rev = present.Rev + 1
	}
	return a.Views.UpdateDefinition(ctx, i, r)
}

type unreceipted struct{ store.Views }

func (u unreceipted) CreateDefinition(ctx context.Context, i view.Item, _ *store.Receipt) error {
	return u.Views.CreateDefinition(ctx, i, nil)
}

type oneKind struct{ store.Views }

func (o oneKind) CreateDefinition(ctx context.Context, i view.Item, r *store.Receipt) error {
	i.Kind = view.KindView
	return o.Views.CreateDefinition(ctx, i, r)
}

type lasting struct{ store.Views }

func (lasting) DeleteDefinition(context.Context, string, view.Kind, string) error { return nil }

type bare struct{ store.Views }

func (b bare) CreateDefinition(ctx context.Context, i view.Item, r *store.Receipt) error {
	i.Standard = nil
	return b.Views.CreateDefinition(ctx, i, r)
}

type everybodys struct{ store.Views }

func (e everybodys) Definition(ctx context.Context, organization string, kind view.Kind, name string) (view.Item, error) {
	i, err := e.Views.Definition(ctx, organization, kind, name)
	if err != nil {
		return e.Views.Definition(ctx, "org_a", kind, name)
	}
	return i, err
}
