package conformance

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"leadline/shared/connector"
	"leadline/shared/record"
)

// world is a Provider with a client, and the definition as one process has it.
type world struct {
	*client
	definition connector.Definition
}

func (s *suite) world() *world { return s.worldOf(s.options.Server()) }

func (s *suite) worldOf(p Provider) *world {
	d := s.definition
	if s.options.Fresh != nil {
		d = s.options.Fresh()
	}
	return &world{client: &client{suite: s, api: d.API, provider: p}, definition: d}
}

// Bounds of what is bearable.
const (
	// mostRequests is how many requests one page takes.
	mostRequests = 10
	// mostPages is how many pages a reading takes besides ten for each record; mostWaits how many of them wait.
	mostPages = 100
	mostWaits = 100
)

// reading is a scope read to its end, or to its error.
type reading struct {
	object string
	scope  connector.Scope
	// changes is the newest of each record; all of them in the order in which they came.
	changes map[string]record.Change
	all     []record.Change
	// cursors are those that pages were read from; ids what each page held.
	cursors []string
	ids     [][]string
	refused []connector.RefusedRow
	missing []string
	total   *int64
	// at is the provider's time of the first page.
	at time.Time
	// ended tells whether there was a last page.
	ended bool
	err   error
}

// what names the reading.
func (r *reading) what() string {
	text := fmt.Sprintf("%s by %s", r.object, r.scope.Kind)
	if !r.scope.From.IsZero() {
		text += " from " + r.scope.From.Format(time.RFC3339)
	}
	if !r.scope.Until.IsZero() {
		text += " until " + r.scope.Until.Format(time.RFC3339)
	}
	return text
}

// guarded calls a door and turns a panic into an error, which is a breach of the rule.
func (s *suite) guarded(rule, what string, call func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.fail(rule, "%s panics: %v", what, p)
			err = fmt.Errorf("panic")
		}
	}()
	return call()
}

// read reads a scope from a cursor to its end. each is called behind every page.
func (s *suite) read(w *world, object string, scope connector.Scope, cursor string, each func()) *reading {
	r := &reading{object: object, scope: scope, changes: map[string]record.Change{}}
	most := mostPages + 10*len(w.provider.Rows(object))
	for waits := 0; len(r.cursors) < most && waits < mostWaits; {
		before := w.requests
		now := w.provider.Now()
		var page connector.Page
		r.err = s.guarded(Answers, "Page of "+r.what(), func() (err error) {
			page, err = w.definition.Pull.Page(background(), w.client, connector.PageRequest{Object: object, Scope: scope, Cursor: cursor, Now: now})
			return err
		})
		if r.err != nil {
			return r
		}
		r.take(cursor, page)
		s.checkPage(r, page)
		s.checkBounds(r, page, cursor, now, w.requests-before)
		if page.Next == "" {
			r.ended = true
			return r
		}
		cursor = page.Next
		if wait := page.NotBefore.Sub(w.provider.Now()); wait > 0 {
			waits++
			w.provider.Advance(wait)
		}
		if each != nil {
			each()
		}
	}
	s.fail(Bounds, "the reading of %s does not end within %d pages and %d waits", r.what(), most, mostWaits)
	return r
}

func (r *reading) take(cursor string, page connector.Page) {
	var ids []string
	for _, c := range page.Changes {
		ids = append(ids, c.ID)
		if old, ok := r.changes[c.ID]; !ok || c.Version.Compare(old.Version) >= 0 {
			r.changes[c.ID] = c
		}
	}
	if len(r.cursors) == 0 {
		r.at, r.total = page.At, page.Total
	}
	r.all = append(r.all, page.Changes...)
	r.cursors, r.ids = append(r.cursors, cursor), append(r.ids, ids)
	r.refused, r.missing = append(r.refused, page.Refused...), append(r.missing, page.Missing...)
}

// checkPage covers the rule Page.
func (s *suite) checkPage(r *reading, page connector.Page) {
	what := "a page of " + r.what()
	if page.At.IsZero() {
		s.fail(Page, "%s has no time", what)
	}
	if len(page.Raw) == 0 && len(page.Changes)+len(page.Refused) > 0 {
		s.fail(Page, "%s has no body", what)
	}
	for _, c := range page.Changes {
		if c.Object != r.object || c.Kind != record.Upsert {
			s.fail(Page, "%s holds a %s of %q", what, c.Kind, c.Object)
		}
	}
	s.checkEach(Page, what, page.Changes)
	for _, bad := range page.Refused {
		s.checkRefusal(Refused, what, bad)
	}
}

// checkBounds covers the rule Bounds.
func (s *suite) checkBounds(r *reading, page connector.Page, cursor string, now time.Time, requests int) {
	s.checkCursor(r.what(), page.Next)
	wait := page.NotBefore.Sub(now)
	named := r.scope.Kind == connector.IDs || r.scope.Kind == connector.ChildrenOf
	switch {
	case requests > mostRequests:
		s.fail(Bounds, "a page of %s takes %d requests, more than %d", r.what(), requests, mostRequests)
	case page.Next == "" && !page.NotBefore.IsZero():
		s.fail(Bounds, "the last page of %s says when to come back", r.what())
	case page.Next != "" && page.Next == cursor && wait <= 0:
		s.fail(Bounds, "a page of %s gives its own cursor without saying when to come back", r.what())
	case wait > 24*time.Hour:
		s.fail(Bounds, "a page of %s wants to be left alone for %s", r.what(), wait)
	case wait > 0 && named:
		s.fail(Bounds, "a page of %s is to be waited for, but somebody waits already", r.what())
	case requests == 0 && page.Next != "" && !page.NotBefore.After(now) && len(page.Changes) == 0:
		s.fail(Bounds, "a page of %s asks for nothing and brings nothing", r.what())
	}
}

func (s *suite) checkCursor(what, cursor string) {
	if len(cursor) > connector.MaxCursorBytes || !utf8.ValidString(cursor) {
		s.fail(Bounds, "a cursor of %s has %d bytes, or is no text", what, len(cursor))
	}
}

// walk goes through the steps of a door that has a cursor, and gives the cursors that it was called with.
func (s *suite) walk(rule, what string, w *world, cursor string, step func(ctx context.Context, c connector.Client, cursor string) (next string, err error)) (cursors []string, err error) {
	for range 300 {
		before := w.requests
		var next string
		err := s.guarded(Answers, what, func() (err error) {
			next, err = step(background(), w.client, cursor)
			return err
		})
		if err != nil {
			return cursors, err
		}
		cursors = append(cursors, cursor)
		s.checkCursor(what, next)
		if n := w.requests - before; n > mostRequests {
			s.fail(Bounds, "a step of %s takes %d requests, more than %d", what, n, mostRequests)
		}
		if next == "" {
			return cursors, nil
		}
		cursor = next
	}
	s.fail(rule, "%s does not end", what)
	return cursors, nil
}

// few gives at most n of a list, the first and the last among them.
func few[T any](all []T, n int) []T {
	if len(all) <= n {
		return all
	}
	var some []T
	for i := range n {
		some = append(some, all[i*(len(all)-1)/(n-1)])
	}
	return some
}

// listed gives some ids as text.
func listed(ids []string) string {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) > 5 {
		return strings.Join(ids[:5], ", ") + fmt.Sprintf(" and %d more", len(ids)-5)
	}
	return strings.Join(ids, ", ")
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
