package keeper

import (
	"context"
	"slices"

	"leadline/shared/fault"
	"leadline/shared/roster"
)

// MaxFile is how long a file of members is at most.
const MaxFile = 1 << 20

// Import does what a file of members says: all of it, or nothing if anything is wrong with it, or with dry. The error is about
// the file as a whole; what is wrong with rows is in the Import. If the store fails half-way, the same file sent again does
// the rest.
func (k *Keeper) Import(ctx context.Context, organization string, file []byte, by roster.Author, dry bool) (roster.Import, error) {
	rows, wrong, err := roster.ReadRows(file)
	if err != nil {
		return roster.Import{}, err
	}
	today, err := k.Today(ctx, organization)
	if err != nil {
		return roster.Import{}, err
	}
	var done roster.Import
	err = k.retry(ctx, organization, func(members []roster.Member, edition int64) error {
		if done, err = roster.PlanImport(roster.Of(members), rows, today, by, k.newID); err != nil {
			return err
		}
		done.Rows, done.Errors = done.Rows+len(wrong), append(slices.Clone(wrong), done.Errors...)
		if len(done.Errors) > 0 {
			done.Changes = nil
		}
		if err := k.link(ctx, organization, members, done.Changes); err != nil || dry {
			return err
		}
		changed := make([]roster.Member, 0, len(done.Changes))
		for _, c := range done.Changes {
			changed = append(changed, c.Member)
		}
		return k.save(ctx, organization, changed, edition, nil)
	})
	return done, err
}

// Proposals gives what is proposed today, with the roster that it is about.
func (k *Keeper) Proposals(ctx context.Context, organization string) ([]roster.Proposal, roster.Roster, error) {
	today, err := k.Today(ctx, organization)
	if err != nil {
		return nil, nil, err
	}
	members, err := k.Members(ctx, organization)
	return roster.Proposals(members, today), members, err
}

// Accept does what a proposal says, with one of its candidates; empty names the only one. A manager counts in the span. It
// gives the member that the proposal was about, or that it was merged into. The same again, with the candidate, is no change.
func (k *Keeper) Accept(ctx context.Context, organization, id, candidate string, span roster.Span, by roster.Author) (string, error) {
	var subject string
	err := k.decide(ctx, organization, id, func(members roster.Roster, p roster.Proposal, made bool) ([]roster.Member, error) {
		m := members[p.Member].Own()
		if !made {
			switch {
			case p.Kind == roster.ProposeSame && m.MergedInto != "" && (candidate == "" || m.MergedInto == candidate):
				subject = m.MergedInto
				return roster.Merge(members, m.ID, subject, by) // what a crash left undone
			case p.Kind == roster.ProposeManager && candidate != "" && m.At(span.From).Manager == candidate:
				subject = m.ID
				return nil, nil
			}
			return nil, noProposal()
		}
		c, err := choose(p, candidate)
		if err != nil {
			return nil, err
		}
		if p.Kind == roster.ProposeSame {
			subject = c
			return roster.Merge(members, p.Member, c, by)
		}
		subject = p.Member
		_, err = m.Set(roster.Manager, span, roster.Value{Manager: c}, by)
		return []roster.Member{m}, err
	})
	return subject, err
}

// Refuse has a proposal not be made again: with one of its candidates, or, if candidate is empty, with those that it has. The
// same again is no change.
func (k *Keeper) Refuse(ctx context.Context, organization, id, candidate string, by roster.Author) error {
	return k.decide(ctx, organization, id, func(members roster.Roster, p roster.Proposal, _ bool) ([]roster.Member, error) {
		m := members[p.Member].Own()
		if (candidate != "" || len(p.Candidates) == 0) && m.HasDeclined(p.Kind, candidate) {
			return nil, nil
		}
		var refused []string
		for _, c := range p.Candidates {
			if candidate == "" || c.Member == candidate {
				refused = append(refused, c.Member)
			}
		}
		switch {
		case len(p.Candidates) == 0:
			return nil, noProposal()
		case len(refused) == 0:
			return nil, noCandidate()
		}
		m.Decline(p, refused)
		m.UpdatedAt = by.At
		return []roster.Member{m}, nil
	})
}

// decide has something done about a proposal; made tells whether it is proposed today, else it has no candidates.
func (k *Keeper) decide(ctx context.Context, organization, id string, do func(members roster.Roster, p roster.Proposal, made bool) ([]roster.Member, error)) error {
	kind, member, err := roster.ReadProposal(id)
	if err != nil {
		return err
	}
	today, err := k.Today(ctx, organization)
	if err != nil {
		return err
	}
	return k.Change(ctx, organization, nil, func(members roster.Roster) ([]roster.Member, error) {
		all := roster.Proposals(members, today)
		i := slices.IndexFunc(all, func(p roster.Proposal) bool { return p.ID == id })
		if i < 0 {
			return do(members, roster.Proposal{ID: id, Kind: kind, Member: member}, false)
		}
		return do(members, all[i], true)
	})
}

func noProposal() error {
	return fault.New(fault.NotFound, "not_found", "There is no such proposal, or not any more.")
}

func choose(p roster.Proposal, candidate string) (string, error) {
	if candidate == "" && len(p.Candidates) == 1 {
		return p.Candidates[0].Member, nil
	}
	if candidate == "" {
		return "", fault.New(fault.Invalid, "ambiguous_proposal", "There are several candidates. Say which member it is.")
	}
	if !slices.ContainsFunc(p.Candidates, func(c roster.Candidate) bool { return c.Member == candidate }) {
		return "", noCandidate()
	}
	return candidate, nil
}

func noCandidate() error {
	return fault.New(fault.Invalid, "no_candidate", "That member is none of the candidates.")
}

// Erase takes away name, e-mail and phone of a member, for good: no CRM brings them back. Id, users and facts stay, for what
// was earned needs to be told apart. One that is erased already is no change.
func (k *Keeper) Erase(ctx context.Context, organization, id string) error {
	return k.Change(ctx, organization, nil, func(members roster.Roster) ([]roster.Member, error) {
		m, found := members[id]
		if !found {
			return nil, fault.New(fault.NotFound, "not_found", "There is no member %q.", id)
		}
		if m.Erased {
			return nil, nil
		}
		m = m.Own()
		m.Name, m.Email, m.Phone, m.Person, m.Erased, m.UpdatedAt = "", "", "", "", true, k.Now().UTC()
		return []roster.Member{m}, nil
	})
}
