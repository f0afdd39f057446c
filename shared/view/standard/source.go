package standard

import (
	"context"
	"fmt"
	"sync"

	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/roster"
	"leadline/shared/store"
	"leadline/shared/view"
)

// Source gives views the records of an organization.
type Source struct {
	Records      store.Records
	Organization string
}

var _ view.Records = Source{}

// atOnce is how many records are read by id at once.
const atOnce = 16

// List implements view.Records.
func (s Source) List(ctx context.Context, of view.Source, cursor string, limit int) ([]record.Record, string, error) {
	return s.Records.List(ctx, s.Organization, of.Connection, of.Object, store.Page{Cursor: cursor, Limit: limit})
}

// Get implements view.Records by one read for each record, several at once.
func (s Source) Get(ctx context.Context, of view.Source, ids []string) ([]record.Record, error) {
	found, errs := make([]*record.Record, len(ids)), make([]error, len(ids))
	var wait sync.WaitGroup
	next := make(chan int)
	for range min(atOnce, len(ids)) {
		wait.Go(func() {
			for n := range next {
				r, err := s.Records.Get(ctx, record.Key{Organization: s.Organization, Connection: of.Connection, Object: of.Object, ID: ids[n]})
				switch {
				case err == nil:
					found[n] = &r
				case !fault.Is(err, fault.NotFound):
					errs[n] = err
				}
			}
		})
	}
	for n := range ids {
		next <- n
	}
	close(next)
	wait.Wait()
	records := make([]record.Record, 0, len(ids))
	for n := range ids {
		if errs[n] != nil {
			return nil, fmt.Errorf("view: read a joined record: %w", errs[n])
		}
		if found[n] != nil {
			records = append(records, *found[n])
		}
	}
	return records, nil
}

// Members gives the user master as it is on a day. Who was merged into another is that other.
func Members(members []roster.Member, on roster.Date) []view.Member {
	all := make([]view.Member, 0, len(members))
	for _, m := range members {
		if m.MergedInto != "" {
			continue
		}
		state := m.At(on)
		one := view.Member{ID: m.ID, Name: m.Name, Email: m.Email, Role: string(state.Role), Manager: state.Manager, Active: state.Active, External: map[string][]string{}}
		for _, team := range state.Teams {
			one.Teams = append(one.Teams, team.Name)
		}
		for _, e := range m.External {
			one.External[e.Connection] = append(one.External[e.Connection], e.ID)
		}
		all = append(all, one)
	}
	return all
}
