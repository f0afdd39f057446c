package memory

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"leadline/shared/audit"
	"leadline/shared/notice"
	"leadline/shared/store"
)

// Journal implements store.Journal.
type Journal struct {
	mu      sync.RWMutex
	entries map[string]map[string]audit.Entry // by organization and id
	notices map[owned]notice.Notice
}

// NewJournal makes an empty store.
func NewJournal() *Journal {
	return &Journal{entries: map[string]map[string]audit.Entry{}, notices: map[owned]notice.Notice{}}
}

// Record implements store.Journal.
func (s *Journal) Record(ctx context.Context, e audit.Entry) error {
	if err := store.CheckAuditID(e.ID); err != nil {
		return fmt.Errorf("store: record: %w", err)
	}
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	entries := s.entries[e.Organization]
	if entries == nil {
		entries = map[string]audit.Entry{}
		s.entries[e.Organization] = entries
	}
	if _, found := entries[e.ID]; !found {
		entries[e.ID] = e
	}
	return nil
}

// Entries implements store.Journal.
func (s *Journal) Entries(ctx context.Context, organization string, f store.AuditFilter, p store.Page) ([]audit.Entry, string, error) {
	list := append([]string{"audit", organization}, f.Name()...)
	position, err := p.Position(list, 1)
	if err != nil {
		return nil, "", err
	}
	if err := alive(ctx); err != nil {
		return nil, "", err
	}
	from, until := f.IDs()
	if position != nil {
		until = position[0]
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var found []audit.Entry
	last := ""
	for looked, id := range s.between(organization, from, until) {
		e := s.entries[organization][id]
		matching := f.Matches(e)
		if looked == store.MaxLookedAt || matching && len(found) == p.Limit {
			return found, store.Next(list, last), nil
		}
		if last = id; matching {
			found = append(found, e)
		}
	}
	return found, "", nil
}

// between gives the ids of entries between two, the first in, the second out, newest first. The caller holds the lock.
func (s *Journal) between(organization, from, until string) []string {
	var ids []string
	for id := range s.entries[organization] {
		if id >= from && (until == "" || id < until) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	return ids
}

// Tell implements store.Journal.
func (s *Journal) Tell(ctx context.Context, n notice.Notice) (bool, error) {
	if err := alive(ctx); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := owned{n.Organization, n.ID}
	if _, found := s.notices[name]; found {
		return false, nil
	}
	n.Mail = notice.Mail{}
	s.notices[name] = n
	return true, nil
}

// Notice implements store.Journal.
func (s *Journal) Notice(ctx context.Context, organization, id string) (notice.Notice, error) {
	if err := alive(ctx); err != nil {
		return notice.Notice{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	n, found := s.notices[owned{organization, id}]
	if !found {
		return notice.Notice{}, notFound("notice")
	}
	return n, nil
}

// Notices implements store.Journal.
func (s *Journal) Notices(ctx context.Context, organization string, p store.Page) ([]notice.Notice, string, error) {
	return page(ctx, []string{"notices", organization}, p, true, func(after string) []entry[notice.Notice] {
		s.mu.RLock()
		defer s.mu.RUnlock()
		var entries []entry[notice.Notice]
		for name, n := range s.notices {
			if name.organization == organization && (p.Cursor == "" || name.id < after) {
				entries = append(entries, entry[notice.Notice]{name.id, n})
			}
		}
		return entries
	})
}

// MarkRead implements store.Journal.
func (s *Journal) MarkRead(ctx context.Context, organization, id string, at time.Time) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := owned{organization, id}
	n, found := s.notices[name]
	if !found {
		return notFound("notice")
	}
	if n.ReadAt.IsZero() {
		n.ReadAt = at
		s.notices[name] = n
	}
	return nil
}

// SaveMail implements store.Journal.
func (s *Journal) SaveMail(ctx context.Context, organization, id string, m notice.Mail) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := owned{organization, id}
	n, found := s.notices[name]
	switch {
	case !found:
		return notFound("notice")
	case n.Mail.Rev != m.Rev-1:
		return stale("mail")
	}
	m.Sent, m.Refused = slices.Clone(m.Sent), slices.Clone(m.Refused)
	n.Mail = m
	s.notices[name] = n
	return nil
}
