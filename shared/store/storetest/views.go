package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/schema"
	"leadline/shared/store"
	"leadline/shared/view"
)

func viewTests() []test {
	return append(definitions().tests(), []test{
		{"a link, a view and a variable of one name are three", func(t *testing.T, s Stores) {
			kinds := []view.Kind{view.KindLink, view.KindView, view.KindVariable}
			for _, kind := range kinds {
				i := view.Item{Organization: "org_a", Kind: kind, Name: "x", By: string(kind), Rev: 1, CreatedAt: base(), UpdatedAt: base()}
				ok(t, s.Views.CreateDefinition(ctx(t), i, nil))
			}
			for _, kind := range kinds {
				got, err := s.Views.Definition(ctx(t), "org_a", kind, "x")
				ok(t, err)
				same(t, got.By, string(kind))
				list, next, err := s.Views.Definitions(ctx(t), "org_a", kind, store.Page{Limit: 10})
				ok(t, err)
				same(t, list, []view.Item{got})
				same(t, next, "")
			}
		}},
		{"a deleted definition is gone, and its name is free", func(t *testing.T, s Stores) {
			i, other := newDefinition("org_a", "x"), newDefinition("org_b", "x")
			ok(t, s.Views.CreateDefinition(ctx(t), i, nil))
			ok(t, s.Views.CreateDefinition(ctx(t), other, nil))
			for range 2 {
				ok(t, s.Views.DeleteDefinition(ctx(t), "org_a", i.Kind, "x"))
			}
			_, err := s.Views.Definition(ctx(t), "org_a", i.Kind, "x")
			is(t, err, fault.NotFound, "")
			definitions().stands(t, s, "org_b", other)
			ok(t, s.Views.CreateDefinition(ctx(t), i, nil))
		}},
		{"what is written and read of a definition is not shared", func(t *testing.T, s Stores) {
			i, want := newDefinition("org_a", "x"), newDefinition("org_a", "x")
			ok(t, s.Views.CreateDefinition(ctx(t), i, nil))
			i.Definition.View.Columns[0].Name, i.Standard.View.Filter[0].Value[0] = "late", '9'
			got, err := s.Views.Definition(ctx(t), "org_a", i.Kind, "x")
			ok(t, err)
			same(t, got, want)
			got.Definition.View.Columns[0].Name = "late"
			definitions().stands(t, s, "org_a", want)
		}},
		{"a view of 2,100 columns fits, with its standard form", func(t *testing.T, s Stores) {
			i := newDefinition("org_a", "x")
			i.Definition.View.Columns, i.Standard.View.Columns = nil, nil
			for n := range view.MaxColumns {
				c := view.Column{Name: fmt.Sprintf("custom.cf_%x%d", n*7919, n), Field: fmt.Sprintf("custom.cf_%x%d", n*7919, n), Title: fmt.Sprint("Field ", n*104729), Type: schema.Text}
				i.Definition.View.Columns, i.Standard.View.Columns = append(i.Definition.View.Columns, c), append(i.Standard.View.Columns, c)
			}
			ok(t, s.Views.CreateDefinition(ctx(t), i, nil))
			definitions().stands(t, s, "org_a", i)
		}},
	}...)
}

// newDefinition makes a view with everything that an item can have.
func newDefinition(organization, name string) view.Item {
	form := func() view.Definition {
		return view.Definition{View: &view.View{Title: "T <&>", Description: "d", Base: view.Source{Connection: "conn_a", Object: "lead"},
			Joins:   []view.Join{{Name: "owner", Link: "l", From: "x", First: true}},
			Columns: []view.Column{{Name: "a", From: "owner", Field: "f", Title: "A", Type: schema.Number}},
			Filter:  []view.Condition{{Column: "a", Op: view.Equal, Value: json.RawMessage("9007199254740993")}}, Owner: "a"}}
	}
	standard := form()
	return view.Item{Organization: organization, Kind: view.KindView, Name: name, Definition: form(), Standard: &standard, Origin: view.Edited,
		State: view.Outdated, Connection: "conn_a", Key: "close-" + name, By: "key_1", CreatedAt: base(), UpdatedAt: base(), Rev: 1}
}

func definitions() resource[view.Item] {
	return resource[view.Item]{
		make: newDefinition,
		changed: func(i view.Item) view.Item {
			i.Definition, i.Standard, i.Origin, i.State = view.Definition{View: &view.View{Title: "changed"}}, nil, view.Own, view.Current
			i.Connection, i.Key, i.By = "", "", ""
			i.UpdatedAt, i.Rev = base().Add(time.Hour), i.Rev+1
			return i
		},
		inRev: func(i view.Item, by int64) view.Item { i.Rev += by; return i },
		id:    func(i view.Item) string { return i.Name },
		create: func(ctx context.Context, s Stores, i view.Item, r *store.Receipt) error {
			return s.Views.CreateDefinition(ctx, i, r)
		},
		update: func(ctx context.Context, s Stores, i view.Item, r *store.Receipt) error {
			return s.Views.UpdateDefinition(ctx, i, r)
		},
		get: func(ctx context.Context, s Stores, organization, id string) (view.Item, error) {
			return s.Views.Definition(ctx, organization, view.KindView, id)
		},
		list: func(ctx context.Context, s Stores, organization string, p store.Page) ([]view.Item, string, error) {
			return s.Views.Definitions(ctx, organization, view.KindView, p)
		},
	}
}
