package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"

	"leadline/shared/fault"
	"leadline/shared/secret"
	"leadline/shared/store"
)

const (
	cursorFormat = 1
	// maxReads bounds the work of one request whose filter lets little through. The page is short then, and the next
	// request goes on where it ended.
	maxReads = 20
	// maxListBytes bounds an answer: Lambda carries 6 MB.
	maxListBytes = 2 << 20
)

// PageInput is what every list takes. It is exported, as all that is embedded in an input must be: huma reads no other.
type PageInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"The most items wanted."`
	Cursor string `query:"cursor" maxLength:"4096" doc:"The next of the page before."`
}

// list is a page.
type list[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"The cursor of the next page; absent on the last."`
}

// listing is one list that somebody pages through: the scope names the route and everything that selects its items.
// Its cursors are good for that organization and that scope only.
type listing[T, V any] struct {
	scope []string
	// read gives a page of the store.
	read func(context.Context, store.Page) ([]T, string, error)
	// show gives an item as it is answered and about how long that is, or false for one that the filter drops.
	show func(T) (V, int, bool)
}

// page answers a request for a page: it reads on until the page is full.
func page[T, V any](ctx context.Context, h *handler, c caller, in PageInput, l listing[T, V]) (list[V], error) {
	box, err := h.box(ctx, c.organization)
	if err != nil {
		return list[V]{}, err
	}
	cursor, err := openCursor(box, c.organization, l.scope, in.Cursor)
	if err != nil {
		return list[V]{}, err
	}
	out := list[V]{Items: []V{}}
	want, used := in.Limit, 0
	for range maxReads {
		items, next, err := l.read(ctx, store.Page{Cursor: cursor, Limit: want})
		if err != nil {
			if fault.Is(err, fault.Invalid) {
				err = invalidCursor()
			}
			return list[V]{}, err
		}
		shown, bytes, fits := showAll(items, l.show, maxListBytes-used)
		if fits < len(items) {
			if fits == 0 && len(out.Items) > 0 {
				break
			}
			// The cursor of the store stands at the end of what was read, so less is read again.
			if items, next, err = l.read(ctx, store.Page{Cursor: cursor, Limit: max(fits, 1)}); err != nil {
				return list[V]{}, err
			}
			shown, bytes, _ = showAll(items, l.show, maxListBytes-used)
		}
		out.Items, used, cursor = append(out.Items, shown...), used+bytes, next
		want = in.Limit - len(out.Items)
		if cursor == "" || want <= 0 {
			break
		}
	}
	if cursor != "" {
		out.Next = sealCursor(box, c.organization, l.scope, cursor)
	}
	return out, nil
}

// showAll gives the items that are answered, how long they are together, and how many of items fit into room.
func showAll[T, V any](items []T, show func(T) (V, int, bool), room int) (shown []V, bytes, fits int) {
	for _, item := range items {
		v, n, ok := show(item)
		if ok {
			shown, bytes = append(shown, v), bytes+n
		}
		if bytes <= room {
			fits++
		}
	}
	return shown, bytes, fits
}

func sealCursor(box secret.Box, organization string, scope []string, position string) string {
	raw := append([]byte{cursorFormat}, cursorMAC(box, organization, scope, position)...)
	return base64.RawURLEncoding.EncodeToString(append(raw, position...))
}

func openCursor(box secret.Box, organization string, scope []string, cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	rest, found := bytes.CutPrefix(raw, []byte{cursorFormat})
	size := len(cursorMAC(box, organization, scope, ""))
	if err != nil || !found || len(rest) <= size {
		return "", invalidCursor()
	}
	position := string(rest[size:])
	if !hmac.Equal(rest[:size], cursorMAC(box, organization, scope, position)) {
		return "", invalidCursor()
	}
	return position, nil
}

func cursorMAC(box secret.Box, organization string, scope []string, position string) []byte {
	bound, _ := json.Marshal([]any{organization, scope, position}) // texts always encode
	return box.MAC(secret.PurposeCursor, bound)
}

func invalidCursor() error {
	return fault.New(fault.Invalid, store.CodeInvalidCursor,
		"The cursor is not one that this list gave out, with these filters. Start again without a cursor.")
}
