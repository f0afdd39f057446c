// Package keeper changes the rosters of organizations: it has package roster say what changes, and stores that over the
// edition of the roster that it was said of, again if somebody else was faster.
package keeper

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"

	"leadline/shared/audit"
	"leadline/shared/calendar"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/notice"
	"leadline/shared/roster"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// races is how often a change is tried that others are faster with.
const races = 8

// OperationSync is what a sync is called in the audit log.
const OperationSync = "sync-members"

// Options are what a Keeper works with. All of them are required, but for Notices and Zone.
type Options struct {
	Roster  store.Roster
	People  store.Members
	Journal store.Journal
	// Notices tells what needs an admin; nil for the journal.
	Notices notice.Teller
	// Zone gives the zone in which an organization's days begin and end; nil for UTC.
	Zone   func(ctx context.Context, organization string) (*time.Location, error)
	Now    func() time.Time
	Random io.Reader
}

// Keeper changes rosters. It is safe for concurrent use.
type Keeper struct{ Options }

// New makes a Keeper.
func New(o Options) *Keeper { return &Keeper{o} }

// Report is what a sync did.
type Report struct {
	// New, Changed and Linked count members: those who were added, others of whom something changed, and among these those
	// who were known by their e-mail address before.
	New, Changed, Linked int
	// Held are members whom the CRM names no more, too many at once to be believed. Circular are those whose manager in the
	// CRM would be led by themselves. Proposals is how many things are proposed then.
	Held, Circular []string
	Proposals      int
}

// Sync takes over what a CRM says of all its people at a time. The same again changes nothing. What it did is in the audit
// log, by the connection; where it needs an admin, a notice says so.
func (k *Keeper) Sync(ctx context.Context, organization, connection string, users []roster.User, at time.Time) (Report, error) {
	zone, err := k.zone(ctx, organization)
	if err != nil {
		return Report{}, err
	}
	var report Report
	var plan roster.Plan
	var after roster.Roster
	err = k.retry(ctx, organization, func(members []roster.Member, edition int64) error {
		seen := roster.Seen{Connection: connection, Users: users, At: at.UTC(), Zone: zone}
		if plan, err = roster.Sync(members, seen, k.newID); err != nil {
			return err
		}
		if err := k.link(ctx, organization, members, plan.Changes); err != nil {
			return err
		}
		changed := make([]roster.Member, 0, len(plan.Changes))
		for _, c := range plan.Changes {
			changed = append(changed, c.Member)
		}
		after = with(members, changed)
		return k.save(ctx, organization, changed, edition, nil)
	})
	if err != nil {
		return report, err
	}
	report.Held, report.Circular = plan.Held, plan.Circular
	report.Proposals = len(roster.Proposals(after, calendar.DateOf(at, zone)))
	for _, c := range plan.Changes {
		switch {
		case c.New:
			report.New++
		case slices.Contains(c.What, "link"):
			report.Linked++
			fallthrough
		default:
			report.Changed++
		}
	}
	return report, k.tell(ctx, organization, connection, at, plan, report)
}

// tell notes what a sync did in the audit log, and says in a notice what it needs an admin for. What changed of whom stands
// in the facts, each with who said it when.
func (k *Keeper) tell(ctx context.Context, organization, connection string, at time.Time, plan roster.Plan, r Report) error {
	if len(plan.Changes) > 0 {
		id, err := delivery.NewID(k.Now().UTC(), k.Random)
		if err != nil {
			return err
		}
		err = k.Journal.Record(ctx, audit.Entry{ID: id, Organization: organization, At: k.Now().UTC(), Actor: connection, Operation: OperationSync,
			Target: "members", Outcome: "done", Detail: fmt.Sprintf("%d new, %d changed, %d of them known by their e-mail address before", r.New, r.Changed, r.Linked)})
		if err != nil {
			return err
		}
	}
	if (len(plan.Changes) == 0 || r.Proposals == 0) && len(r.Held)+len(r.Circular) == 0 {
		return nil
	}
	text := ""
	for _, part := range []struct {
		n    int
		text string
	}{
		{r.Proposals, "%d proposals about members wait for you (who reports to whom, who is the same person). "},
		{len(r.Held), "The CRM names %d members no more, too many at once to be believed. If they have left, say so (active: no). "},
		{len(r.Circular), "The manager of %d members in the CRM would report to them. They keep the one that they had. "},
	} {
		if part.n > 0 {
			text += fmt.Sprintf(part.text, part.n)
		}
	}
	// Told once a day, however often the CRM is looked at.
	day := at.UTC().Truncate(24 * time.Hour)
	about := sha256.Sum256([]byte("members\n" + organization + "\n" + connection + "\n" + text))
	var id ulid.ULID
	_ = id.SetTime(uint64(max(day.UnixMilli(), 0))) // the clock is far from the end of ULIDs
	_ = id.SetEntropy(about[:10])                   // ten bytes are what it takes
	var teller notice.Teller = k.Journal
	if k.Notices != nil {
		teller = k.Notices
	}
	_, err := teller.Tell(ctx, notice.Notice{ID: id.String(), Organization: organization, At: at.UTC(), Kind: notice.ManagersProposed,
		Subject: "members/proposals", Text: text[:len(text)-1]})
	return err
}

// link gives new members the account with their e-mail address, if it is one alone and nobody else's.
func (k *Keeper) link(ctx context.Context, organization string, members []roster.Member, changes []roster.Change) error {
	if !slices.ContainsFunc(changes, func(c roster.Change) bool { return c.New && c.Member.Email != "" }) {
		return nil
	}
	accounts, taken, emails := map[string]string{}, map[string]bool{}, map[string]int{}
	for p, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]tenant.Person, string, error) {
		return k.People.People(ctx, organization, page)
	}) {
		if err != nil {
			return err
		}
		if p.Status != tenant.Offboarded {
			accounts[tenant.NormalizeEmail(p.Email)] = p.ID
		}
	}
	all := maps.Clone(roster.Of(members))
	for _, c := range changes {
		all[c.Member.ID] = c.Member
	}
	for _, m := range all {
		if m.MergedInto == "" {
			emails[tenant.NormalizeEmail(m.Email)]++
			taken[m.Person] = true
		}
	}
	for i, c := range changes {
		email := tenant.NormalizeEmail(c.Member.Email)
		if person := accounts[email]; c.New && email != "" && person != "" && !taken[person] && emails[email] == 1 {
			changes[i].Member.Person = person
		}
	}
	return nil
}

// Today gives the day that it is in an organization's calendar.
func (k *Keeper) Today(ctx context.Context, organization string) (roster.Date, error) {
	zone, err := k.zone(ctx, organization)
	return calendar.DateOf(k.Now(), orUTC(zone)), err
}

func (k *Keeper) zone(ctx context.Context, organization string) (*time.Location, error) {
	if k.Zone == nil {
		return time.UTC, nil
	}
	zone, err := k.Zone(ctx, organization)
	return orUTC(zone), err
}

func orUTC(zone *time.Location) *time.Location {
	if zone == nil {
		return time.UTC
	}
	return zone
}

// Members reads the whole roster of an organization.
func (k *Keeper) Members(ctx context.Context, organization string) (roster.Roster, error) {
	members, err := k.read(ctx, organization)
	return roster.Of(members), err
}

func (k *Keeper) read(ctx context.Context, organization string) ([]roster.Member, error) {
	var members []roster.Member
	for m, err := range store.All(ctx, func(ctx context.Context, p store.Page) ([]roster.Member, string, error) {
		return k.Roster.Members(ctx, organization, p)
	}) {
		if err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	return members, nil
}

// Change changes a roster: plan is given it as it is, and gives the members that change, as they then are; it is called again
// if somebody else was faster. Whoever leads somebody comes to do so for all days, or nothing is done: a circle is a
// Conflict. The receipt, which is nil for none, needs all of the change to fit into one save (store.MaxMembers).
func (k *Keeper) Change(ctx context.Context, organization string, receipt *store.Receipt, plan func(roster.Roster) ([]roster.Member, error)) error {
	return k.retry(ctx, organization, func(members []roster.Member, edition int64) error {
		changed, err := plan(roster.Of(members))
		if err != nil || len(changed) == 0 && receipt == nil {
			return err
		}
		after := with(members, changed)
		for _, m := range changed {
			if day, circular := roster.Circle(after, m.ID); circular {
				return roster.CircularError(day)
			}
		}
		if receipt != nil && len(changed) > store.MaxMembers {
			return fault.New(fault.Internal, "too_many", "roster: a receipt for more than one save")
		}
		return k.save(ctx, organization, changed, edition, receipt)
	})
}

// retry does something over the roster as it is, again if that was changed by others meanwhile.
func (k *Keeper) retry(ctx context.Context, organization string, do func(members []roster.Member, edition int64) error) error {
	var err error
	for range races {
		// The edition first: what changes behind it makes the save fail.
		edition, failed := k.Roster.Edition(ctx, organization)
		if failed != nil {
			return failed
		}
		members, failed := k.read(ctx, organization)
		if failed != nil {
			return failed
		}
		err = do(members, edition)
		if f := fault.Of(err); f == nil || f.Code != store.CodeStale {
			return err
		}
	}
	return fault.Wrap(err, fault.Unavailable, "contended", "roster: changed by others too often")
}

// save stores members, a few at once, in the order given. If it fails half-way, what was stored stays, and is no change
// when the whole is done again.
func (k *Keeper) save(ctx context.Context, organization string, members []roster.Member, edition int64, receipt *store.Receipt) error {
	for _, m := range members {
		if m.Organization != "" && m.Organization != organization {
			return fault.New(fault.Internal, "invalid_organization", "roster: a member of another organization")
		}
	}
	for some := range slices.Chunk(members, store.MaxMembers) {
		next := slices.Clone(some)
		for i := range next {
			next[i].Organization, next[i].Rev = organization, next[i].Rev+1
		}
		if err := k.Roster.SaveMembers(ctx, organization, next, edition, receipt); err != nil {
			return err
		}
		edition++
	}
	return nil
}

func (k *Keeper) newID() (string, error) { return tenant.NewID(roster.MemberID, k.Random) }

// with gives a roster with changes.
func with(members, changed []roster.Member) roster.Roster {
	all := roster.Of(members)
	for _, m := range changed {
		all[m.ID] = m
	}
	return all
}
