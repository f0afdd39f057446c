package syncing

import (
	"slices"
	"strings"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
)

const (
	// MaxStreams is how many objects a run reads at most: what one transaction creates.
	MaxStreams = 90
	// Overlap is how far before its mark an incremental read begins: events appear late and out of order.
	Overlap = 5 * time.Minute
	// rarely is how often Changes reads what it can only read whole, or by the time of creation.
	rarely = 6 * time.Hour
)

// Check tells what is wrong with a plan for a connector, as a fault of kind Invalid that names the place.
func (p Plan) Check(d connector.Definition) error {
	wrong := func(format string, args ...any) error {
		return fault.New(fault.Invalid, "invalid_plan", format, args...)
	}
	if d.Pull == nil {
		return wrong("%s gives no records to be read: it is only listened to.", d.Title)
	}
	if !slices.Contains(Kinds(), p.Kind) {
		return wrong("kind: %q is none of import, changes and reconcile.", p.Kind)
	}
	objects := map[string]connector.Object{}
	for _, o := range d.Pull.Objects {
		objects[o.Name] = o
	}
	for i, name := range p.Objects {
		if _, ok := objects[name]; !ok {
			return wrong("objects[%d]: %s has no object %q; it has %s.", i, d.Title, name, names(d.Pull.Objects))
		}
	}
	if err := p.Budget.Check(); err != nil {
		return err
	}
	if p.MaxDeletions < 0 {
		return wrong("max_deletions must not be negative.")
	}
	if p.MaxDeletions > 0 && p.Kind != Reconcile {
		return wrong("max_deletions is for the kind \"reconcile\".")
	}
	if p.Kind != Import {
		if p.Mode != "" || p.Query != "" || p.By != "" || !p.Until.IsZero() || p.Kind == Reconcile && !p.From.IsZero() {
			return wrong("mode, from, until, by and query are for imports.")
		}
		return nil
	}
	return p.checkImport(d, objects, wrong)
}

func (p Plan) checkImport(d connector.Definition, objects map[string]connector.Object, wrong func(string, ...any) error) error {
	if p.Mode != Range && (!p.From.IsZero() || !p.Until.IsZero() || p.By != "") {
		return wrong("from, until and by are for the mode \"range\".")
	}
	if p.Mode != Search && p.Query != "" {
		return wrong("query is for the mode \"search\".")
	}
	switch p.Mode {
	case Full, Incremental:
	case Range:
		if p.From.IsZero() && p.Until.IsZero() {
			return wrong("from, until: a range needs at least one of them.")
		}
		if !p.Until.IsZero() && !p.From.Before(p.Until) {
			return wrong("until must lie behind from.")
		}
		if p.By != "created" && p.By != "updated" {
			return wrong("by: say whether the range is of when records were \"created\" or \"updated\".")
		}
		for i, name := range p.Objects {
			if o := objects[name]; !o.Serves(p.rangeScope()) && !o.Small {
				return wrong("objects[%d]: %s cannot tell which %s were %s in a range.", i, d.Title, name, p.By)
			}
		}
	case Search:
		if p.Query == "" || len(p.Objects) != 1 {
			return wrong("query, objects: a search needs a query and exactly one object.")
		}
		if o := objects[p.Objects[0]]; !o.Serves(connector.Matching) {
			return wrong("objects[0]: %s cannot be searched for %s.", d.Title, o.Name)
		}
	default:
		return wrong("mode: %q is none of full, range, search and incremental.", p.Mode)
	}
	return nil
}

func (p Plan) rangeScope() connector.ScopeKind {
	if p.By == "created" {
		return connector.CreatedBetween
	}
	return connector.ChangedSince
}

func names(objects []connector.Object) string {
	var all []string
	for _, o := range objects {
		all = append(all, o.Name)
	}
	return strings.Join(all, ", ")
}

// Streams gives the streams of a run, in the order of the connector's objects. The plan was checked.
func (r Run) Streams(d connector.Definition, state State) []Stream {
	var streams []Stream
	add := func(object string, scope connector.Scope) {
		streams = append(streams, Stream{Organization: r.Organization, Connection: r.Connection, Run: r.ID, Object: object, Phase: Reading,
			Scope: scope, Counts: Counts{Found: -1}, Source: -1, Stored: -1, UpdatedAt: r.CreatedAt, Forget: r.Forget, Rev: 1})
	}
	if r.Plan.Kind == Changes && d.Log != nil && len(r.Plan.Objects) == 0 {
		add(LogObject, connector.Scope{Kind: connector.ChangedSince, From: r.since(state, LogObject, d.Log.Overlap, d.Log.Keeps)})
	}
	for _, o := range d.Pull.Objects {
		if !r.Plan.Wants(o.Name) || len(streams) == MaxStreams {
			continue
		}
		if scope, reads := r.scope(o, state); reads {
			add(o.Name, scope)
		}
	}
	return streams
}

// since gives from when on what is asked for is read: the mark less an overlap, or earlier if the plan says so.
func (r Run) since(state State, object string, overlap, keeps time.Duration) time.Time {
	from := state.Marks[object]
	if from.IsZero() {
		from = r.CreatedAt
	}
	if !r.Plan.From.IsZero() && r.Plan.From.Before(from) {
		from = r.Plan.From
	}
	from = from.Add(-max(overlap, Overlap))
	if keeps > 0 && from.Before(r.CreatedAt.Add(-keeps)) {
		from = r.CreatedAt.Add(-keeps)
	}
	return from
}

// scope gives what a run reads of an object; nothing of some.
func (r Run) scope(o connector.Object, state State) (scope connector.Scope, reads bool) {
	mark := state.Marks[o.Name]
	switch p := r.Plan; {
	case p.Kind == Import && p.Mode == Range:
		if !o.Serves(p.rangeScope()) {
			return connector.Scope{Kind: connector.All}, o.Small
		}
		return connector.Scope{Kind: p.rangeScope(), From: p.From, Until: p.Until}, true
	case p.Kind == Import && p.Mode == Search:
		return connector.Scope{Kind: connector.Matching, Query: p.Query}, true
	case p.Kind == Import && p.Mode == Full, p.Kind == Reconcile:
		return connector.Scope{Kind: connector.All}, true
	case p.Kind == Changes && mark.IsZero(): // never imported
		return scope, false
	case p.Kind == Changes && !o.Serves(connector.ChangedSince) && len(p.Objects) == 0 && p.From.IsZero() && r.CreatedAt.Sub(mark) < rarely:
		return scope, false
	case mark.IsZero():
		return connector.Scope{Kind: connector.All}, true
	}
	return r.Again(o, r.since(state, o.Name, 0, 0)), true
}

// Again gives the scope that finds what has changed since a time, as far as the provider can tell.
func (r Run) Again(o connector.Object, from time.Time) connector.Scope {
	switch {
	case o.Serves(connector.ChangedSince):
		return connector.Scope{Kind: connector.ChangedSince, From: from}
	case o.Serves(connector.CreatedBetween):
		return connector.Scope{Kind: connector.CreatedBetween, From: from.Add(-o.Sweep)}
	}
	return connector.Scope{Kind: connector.All}
}
