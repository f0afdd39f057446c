package keeper

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"sync"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/money"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/roster"
	"leadline/shared/store"
	"leadline/shared/view"
	"leadline/shared/view/standard"
)

// world is what the engine asks while it credits one record. What it could not find out is err: the credits are not to be used
// then.
type world struct {
	*people
	ctx          context.Context
	records      store.Records
	organization string
	book         *view.Book
	// asked are the data sources that the program reads something of. What views join besides is not looked for: it would cost
	// a read, and a note of the join, of each record.
	asked map[view.Source]bool
	// joined are the records that were asked for, and found what was.
	joined []record.Key
	found  map[record.Key]*record.Record
	err    error
}

var _ incentive.World = (*world)(nil)

// world makes one for a record. on is the day that the user master is read as of: that of the change, which is today.
func (k *Keeper) world(ctx context.Context, o *known, organization string, p *plan) *world {
	on := calendar.DateOf(k.Now(), zoneOf(p.last().Definition.Zone))
	asked := map[view.Source]bool{}
	for _, r := range p.edition.Reads {
		asked[view.Source{Connection: r.Connection, Object: r.Object}] = true
	}
	return &world{people: o.people, ctx: ctx, records: k.Records, organization: organization, asked: asked,
		book: o.people.book(p, on), found: map[record.Key]*record.Record{}}
}

// books are the members as views read them, by edition, as of a day: made once, for all records that are credited on it.
type books struct {
	mu sync.Mutex
	on calendar.Date
	of map[string]*view.Book
}

func (p *people) book(of *plan, on calendar.Date) *view.Book {
	p.books.mu.Lock()
	defer p.books.mu.Unlock()
	if p.books.of == nil || p.books.on != on || len(p.books.of) >= maxPlans {
		p.books.on, p.books.of = on, map[string]*view.Book{}
	}
	if made := p.books.of[of.edition.ID]; made != nil && of.edition.ID != "" { // a preview has none
		return made
	}
	var members []roster.Member
	for _, id := range p.ids {
		members = append(members, p.members[id])
	}
	made := view.NewBook(standard.Members(members, on), of.links()...)
	p.books.of[of.edition.ID] = made
	return made
}

// again makes the world new for another record.
func (w *world) again() *world {
	return &world{people: w.people, ctx: w.ctx, records: w.records, organization: w.organization, book: w.book, asked: w.asked,
		found: map[record.Key]*record.Record{}}
}

// Find implements incentive.World.
func (w *world) Find(to view.End, key string) *record.Record {
	if to.Source == view.Master() {
		return w.book.Find(to, key)
	}
	if !w.asked[to.Source] {
		return nil
	}
	if to.Field != "" {
		w.err = fault.New(fault.Invalid, "link_by_field", "A program's view cannot follow a link to the field %s of %s: link to its id.", to.Field, to.Object)
		return nil
	}
	name := record.Key{Organization: w.organization, Connection: to.Connection, Object: to.Object, ID: key}
	if r, asked := w.found[name]; asked || w.err != nil {
		return r
	}
	w.joined = append(w.joined, name)
	r, err := w.records.Get(w.ctx, name)
	switch {
	case fault.Is(err, fault.NotFound):
		w.found[name] = nil
		return nil
	case err != nil:
		w.err = err
		return nil
	}
	w.found[name] = &r
	return &r
}

// MemberOf and the rest implement incentive.World.
func (w *world) MemberOf(connection, text string) (string, bool) { return w.memberOf(connection, text) }

// Chain implements incentive.World.
func (w *world) Chain(member string, on calendar.Date) []string {
	return roster.Chain(w.members, member, on)
}

// TeamsOf implements incentive.World.
func (w *world) TeamsOf(member string, on calendar.Date) []string { return w.teamsOf(member, on) }

// Team implements incentive.World.
func (w *world) Team(name string, on calendar.Date) []string { return w.team(name, on) }

// TakesPart implements incentive.World.
func (w *world) TakesPart(p program.Participants, member string, on calendar.Date) bool {
	return w.takesPart(p, member, on)
}

// Rate implements incentive.World.
func (w *world) Rate(from, to string, on calendar.Date) (money.Rate, bool) {
	return w.rates.On(from, to, on)
}

// keys gives the joined records in one order, each once.
func (w *world) keys() []record.Key {
	slices.SortFunc(w.joined, compareKeys)
	return slices.Compact(w.joined)
}

func compareKeys(a, b record.Key) int {
	switch x, y := a.Connection+"\x00"+a.Object+"\x00"+a.ID, b.Connection+"\x00"+b.Object+"\x00"+b.ID; {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// digest names what some value says: two that say the same have one.
func digest(v any) string {
	text, _ := json.Marshal(v) // the nouns always encode
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
