package memory

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"leadline/shared/schema"
	"leadline/shared/store"
)

// Schemas implements store.Schemas.
type Schemas struct {
	mu       sync.RWMutex
	objects  map[object]schema.Object
	versions map[object]map[int]schema.Version
}

// NewSchemas makes an empty store.
func NewSchemas() *Schemas {
	return &Schemas{objects: map[object]schema.Object{}, versions: map[object]map[int]schema.Version{}}
}

// SaveObject implements store.Schemas.
func (s *Schemas) SaveObject(ctx context.Context, o schema.Object, addVersion bool) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := object{o.Organization, o.Connection, o.Name}
	if s.objects[name].Rev != o.Rev-1 {
		return conflict(store.CodeStale, "the object has changed since it was read")
	}
	s.objects[name] = ownObject(o)
	if addVersion {
		if s.versions[name] == nil {
			s.versions[name] = map[int]schema.Version{}
		}
		s.versions[name][o.Present.Number] = ownVersion(o.Present)
	}
	return nil
}

// Object implements store.Schemas.
func (s *Schemas) Object(ctx context.Context, organization, connection, name string) (schema.Object, error) {
	if err := alive(ctx); err != nil {
		return schema.Object{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	o, found := s.objects[object{organization, connection, name}]
	if !found {
		return schema.Object{}, notFound("object")
	}
	return ownObject(o), nil
}

// Objects implements store.Schemas.
func (s *Schemas) Objects(ctx context.Context, organization, connection string, p store.Page) ([]schema.Object, string, error) {
	list := []string{"schemas", organization, connection}
	return page(ctx, list, p, false, func(after string) []entry[schema.Object] {
		s.mu.RLock()
		defer s.mu.RUnlock()
		var entries []entry[schema.Object]
		for name, o := range s.objects {
			if name.organization == organization && name.connection == connection && (p.Cursor == "" || o.Name > after) {
				entries = append(entries, entry[schema.Object]{o.Name, ownObject(o)})
			}
		}
		return entries
	})
}

// Versions implements store.Schemas.
func (s *Schemas) Versions(ctx context.Context, organization, connection, name string, p store.Page) ([]schema.Version, string, error) {
	list := []string{"versions", organization, connection, name}
	return page(ctx, list, p, true, func(after string) []entry[schema.Version] {
		s.mu.RLock()
		defer s.mu.RUnlock()
		var entries []entry[schema.Version]
		for number, v := range s.versions[object{organization, connection, name}] {
			if sort := fmt.Sprintf("%016d", number); p.Cursor == "" || sort < after {
				entries = append(entries, entry[schema.Version]{sort, ownVersion(v)})
			}
		}
		return entries
	})
}

// ownObject gives an object of which nobody else can change anything.
func ownObject(o schema.Object) schema.Object {
	o.Present = ownVersion(o.Present)
	if o.Proposal == nil {
		return o
	}
	p := *o.Proposal
	p.Counted, p.Changes = slices.Clone(p.Counted), slices.Clone(p.Changes)
	for i := range p.Changes {
		c := &p.Changes[i]
		c.Choices, c.Examples = slices.Clone(c.Choices), slices.Clone(c.Examples)
	}
	o.Proposal = &p
	return o
}

func ownVersion(v schema.Version) schema.Version {
	v.Fields = slices.Clone(v.Fields)
	for i := range v.Fields {
		v.Fields[i].Choices = slices.Clone(v.Fields[i].Choices)
	}
	return v
}
