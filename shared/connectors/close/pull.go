package close

import (
	"context"
	"encoding/json"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
)

// How a scope is read is decided by the object's manner:
//
//	keyset.go    leads, contacts and custom objects by search, opportunities and tasks by their sorted lists
//	window.go    activities
//	skip.go      short lists, and the children of a lead where nothing better is to be had
//	small.go     groups and memberships
//	byid.go      single records
//	children.go  the children of leads
//
// The cursor of each is all that it knows: it holds bounds, never an offset into something that changes, so that it can
// be taken up hours later.

// cursorVersion is raised when cursors of before cannot be read any more.
const cursorVersion = 1

// position is the cursor of a page: what the manner of reading goes on from.
type position struct {
	Version int `json:"v"`
	// Keyset, Window, Skip, Groups, Get and Children are the states of the manners; one of them is set.
	Keyset   *keyset   `json:"keyset,omitempty"`
	Window   *window   `json:"window,omitempty"`
	Skip     *skip     `json:"skip,omitempty"`
	Groups   []string  `json:"groups,omitempty"`
	Get      []string  `json:"get,omitempty"`
	Children *children `json:"children,omitempty"`
}

func readPosition(cursor string) (position, error) {
	if cursor == "" {
		return position{}, nil
	}
	var p position
	if err := json.Unmarshal([]byte(cursor), &p); err != nil || p.Version != cursorVersion {
		return position{}, fault.New(fault.Invalid, "invalid_cursor", "The cursor is none of this connector, or of another version of it.")
	}
	return p, nil
}

func (p position) String() string {
	p.Version = cursorVersion
	text, _ := json.Marshal(p) // texts, numbers and lists of them
	return string(text)
}

// pull is one call of readPage.
type pull struct {
	client connector.Client
	kind   kindOfRecord
	connector.PageRequest
	*gather
}

// readPage reads one page.
func readPage(ctx context.Context, c connector.Client, r connector.PageRequest) (connector.Page, error) {
	p, err := newPull(c, r)
	if err != nil {
		return connector.Page{}, err
	}
	at, err := readPosition(r.Cursor)
	if err != nil {
		return connector.Page{}, err
	}
	next, err := p.read(ctx, at)
	if err != nil {
		return connector.Page{}, err
	}
	if next != nil {
		p.page.Next = next.String()
	}
	if p.page.At.IsZero() { // nothing was answered: what was asked for is not there
		p.page.At = r.Now
	}
	return p.page, nil
}

func newPull(c connector.Client, r connector.PageRequest) (*pull, error) {
	k, ok := kindNamed(r.Object)
	if !ok {
		return nil, fault.New(fault.Invalid, "unknown_object", "Close has no object %q that can be read.", r.Object)
	}
	o := connector.Object{Name: k.name, Scopes: k.scopes()}
	if !o.Serves(r.Scope.Kind) {
		return nil, fault.New(fault.Invalid, "scope_not_served", "Close does not give %s by the scope %q.", k.title, r.Scope.Kind)
	}
	return &pull{client: c, kind: k, PageRequest: r, gather: newGather(r.Object)}, nil
}

func (p *pull) read(ctx context.Context, at position) (*position, error) {
	switch {
	case p.Scope.Kind == connector.IDs:
		return p.readIDs(ctx, at)
	case p.Scope.Kind == connector.ChildrenOf:
		return p.readChildren(ctx, at)
	}
	switch p.kind.manner {
	case bySearch, byOrder:
		k := at.Keyset
		if k == nil {
			k = &keyset{}
		}
		next, err := p.readKeyset(ctx, k, "")
		return positionOf(next, err)
	case byWindow:
		w := at.Window
		if w == nil {
			w = p.firstWindow()
		}
		next, err := p.readWindow(ctx, w, "")
		if err != nil || next == nil {
			return nil, err
		}
		return &position{Window: next}, nil
	case byGroup:
		return p.readGroups(ctx, at)
	case byMembership:
		return nil, p.readMemberships(ctx)
	}
	return p.readShort(ctx, at)
}

func positionOf(k *keyset, err error) (*position, error) {
	if err != nil || k == nil {
		return nil, err
	}
	return &position{Keyset: k}, nil
}

// searchLag is for how long a search may not show a change: its index follows the data. What changed so short a time ago
// is read again by the next reading, and a search never goes past it by what rows say.
const searchLag = 5 * time.Minute

// between gives the bounds of the scope: the time that it goes by and from when until when, nil for open.
func (p *pull) between() (field string, from, until *instant) {
	switch p.Scope.Kind {
	case connector.ChangedSince:
		field = fieldUpdated
	case connector.CreatedBetween:
		field = fieldCreated
	default:
		return "", nil, nil
	}
	if !p.Scope.From.IsZero() {
		at := p.Scope.From
		if p.kind.manner == bySearch && field == fieldUpdated {
			at = at.Add(-searchLag)
		}
		i := instantOf(at)
		from = &i
	}
	if !p.Scope.Until.IsZero() {
		i := instantOf(p.Scope.Until.Add(time.Millisecond - time.Nanosecond)) // up, so that nothing before Until is left out
		until = &i
	}
	return field, from, until
}

const (
	fieldUpdated = "date_updated"
	fieldCreated = "date_created"
)
