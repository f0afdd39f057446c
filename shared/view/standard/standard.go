// Package standard keeps the standard links, views and variables of connections in step with what their sources
// describe, and gives views the records and members that they are evaluated over.
package standard

import (
	"context"
	"fmt"
	"time"

	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/store"
	"leadline/shared/tenant"
	"leadline/shared/view"
)

// Keeper generates what is standard and stores it.
type Keeper struct {
	Schemas store.Schemas
	Records store.Records
	Views   store.Views
	Now     func() time.Time
}

// Outcome counts what Follow did.
type Outcome struct {
	// Created, Changed and Retired are items; Outdated are those of Changed that a person has edited, and which were left
	// as they are.
	Created, Changed, Outdated, Retired int
}

const (
	// maxHints bounds the records of one object that are read for hints.
	maxHints = 2_000
	// contests is how often Follow begins anew where somebody else changes the same items.
	contests = 4
)

// Follow generates the standard items of a connection from its schemas and stores what differs. It can be repeated, and
// goes on where it was interrupted. What client software pushes has none.
func (k *Keeper) Follow(ctx context.Context, conn tenant.Connection) (Outcome, error) {
	if conn.Connector == tenant.ClientConnector {
		return Outcome{}, nil
	}
	objects, err := k.objects(ctx, conn)
	if err != nil {
		return Outcome{}, err
	}
	hints, err := k.hints(ctx, conn)
	if err != nil {
		return Outcome{}, err
	}
	var done Outcome
	for range contests {
		stored, err := k.stored(ctx, conn.Organization)
		if err != nil {
			return done, err
		}
		hints.Suffix = view.Suffix(stored, conn.Connector, conn.ID)
		changed := view.Follow(conn.Organization, conn.ID, stored, view.Generate(conn.Connector, conn.ID, objects, hints), k.Now().UTC())
		again, err := k.save(ctx, changed, &done)
		if err != nil || !again {
			return done, err
		}
	}
	return done, fault.New(fault.Unavailable, "contended", "view: the standard views of connection %s are being changed by others at once", conn.ID)
}

// save stores items one by one. again says that somebody else was faster with one of them.
func (k *Keeper) save(ctx context.Context, changed []view.Item, done *Outcome) (again bool, err error) {
	for _, i := range changed {
		if i.Rev == 1 {
			err = k.Views.CreateDefinition(ctx, i, nil)
		} else {
			err = k.Views.UpdateDefinition(ctx, i, nil)
		}
		if fault.Is(err, fault.Conflict) {
			again = true
			continue
		}
		if err != nil {
			return false, fmt.Errorf("view: save %s %s: %w", i.Kind, i.Name, err)
		}
		switch {
		case i.Rev == 1:
			done.Created++
		case i.State == view.Retired:
			done.Retired++
		default:
			done.Changed++
			if i.State == view.Outdated {
				done.Outdated++
			}
		}
	}
	return again, nil
}

func (k *Keeper) objects(ctx context.Context, conn tenant.Connection) ([]schema.Object, error) {
	var objects []schema.Object
	for o, err := range store.All(ctx, func(ctx context.Context, p store.Page) ([]schema.Object, string, error) {
		return k.Schemas.Objects(ctx, conn.Organization, conn.ID, p)
	}) {
		if err != nil {
			return nil, fmt.Errorf("view: list objects: %w", err)
		}
		objects = append(objects, o)
	}
	return objects, nil
}

// hints reads the few records that say more than a schema: roles, stages.
func (k *Keeper) hints(ctx context.Context, conn tenant.Connection) (view.Hints, error) {
	records := map[string][]record.Record{}
	for _, object := range view.HintObjects(conn.Connector) {
		for r, err := range store.All(ctx, func(ctx context.Context, p store.Page) ([]record.Record, string, error) {
			return k.Records.List(ctx, conn.Organization, conn.ID, object, p)
		}) {
			if err != nil {
				return view.Hints{}, fmt.Errorf("view: list %s: %w", object, err)
			}
			if records[object] = append(records[object], r); len(records[object]) >= maxHints {
				break
			}
		}
	}
	return view.ReadHints(conn.Connector, records), nil
}

func (k *Keeper) stored(ctx context.Context, organization string) ([]view.Item, error) {
	var items []view.Item
	for _, kind := range []view.Kind{view.KindLink, view.KindView, view.KindVariable} {
		for i, err := range store.All(ctx, func(ctx context.Context, p store.Page) ([]view.Item, string, error) {
			return k.Views.Definitions(ctx, organization, kind, p)
		}) {
			if err != nil {
				return nil, fmt.Errorf("view: list what is defined: %w", err)
			}
			items = append(items, i)
		}
	}
	return items, nil
}
