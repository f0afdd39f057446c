package close

import (
	"context"
	"net/url"

	"leadline/shared/connector"
	"leadline/shared/fault"
)

// children is where the reading of the children of leads stands: those of the first of Leads are being read, one lead at a
// time, for several are documented for some lists only.
type children struct {
	Leads  []string `json:"leads"`
	Keyset *keyset  `json:"keyset,omitempty"`
	Window *window  `json:"window,omitempty"`
	Skip   *skip    `json:"skip,omitempty"`
}

// readChildren reads a page of the children of leads. A lead that is not there has none.
func (p *pull) readChildren(ctx context.Context, at position) (*position, error) {
	c := at.Children
	if c == nil {
		if len(p.Scope.IDs) > connector.MaxIDs {
			return nil, fault.New(fault.Invalid, "too_many_ids", "At most %d ids can be asked for at once.", connector.MaxIDs)
		}
		c = &children{Leads: p.Scope.IDs}
	}
	if len(c.Leads) == 0 {
		return nil, nil
	}
	next, err := p.readChildrenOf(ctx, c)
	if fault.Is(err, fault.NotFound) {
		next, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	if next == nil {
		if len(c.Leads) == 1 {
			return nil, nil
		}
		next = &children{Leads: c.Leads[1:]}
	}
	return &position{Children: next}, nil
}

func (p *pull) readChildrenOf(ctx context.Context, c *children) (*children, error) {
	lead := c.Leads[0]
	next := &children{Leads: c.Leads}
	var err error
	switch p.kind.manner {
	case byOrder:
		k := c.Keyset
		if k == nil {
			k = &keyset{}
		}
		next.Keyset, err = p.readKeyset(ctx, k, lead)
	case byWindow:
		w := c.Window
		if w == nil {
			w = &window{}
		}
		next.Window, err = p.readWindow(ctx, w, lead)
	default: // contacts and custom objects, whose lists have no filter but the lead
		s := c.Skip
		if s == nil {
			s = &skip{}
		}
		next.Skip, err = p.readSkip(ctx, s, p.kind.path, url.Values{"lead_id": {lead}}, p.kind.name == objectContact)
	}
	if err != nil || next.Keyset == nil && next.Window == nil && next.Skip == nil {
		return nil, err
	}
	return next, nil
}
