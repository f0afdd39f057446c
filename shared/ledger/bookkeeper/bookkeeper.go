// Package bookkeeper posts to the ledger so that each cause is posted once, whoever tries it again and how many at a time, and
// seals what was posted under roots.
package bookkeeper

import (
	"context"
	"math/rand/v2"
	"time"

	"leadline/shared/blob"
	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/store"
)

// Keeper does I/O around package ledger. It is safe for concurrent use, by any number of processes.
type Keeper struct {
	Ledger store.Ledger
	// Lists keeps the lists of heads of roots.
	Lists blob.Store
	Now   func() time.Time
}

// tries bounds how often a write is tried that others were faster than. Each time that one loses, another has won.
const tries = 200

// longestPause is the longest that is waited before such a try, in which chance decides.
const longestPause = 20 * time.Millisecond

// Post posts to a participant's book what make gives for it, but the causes that stand already, and gives the rows that it added. It
// is one read and one transaction where nobody else writes and nothing stands; more than store.MaxAppend postings are appended one
// part after the other, so that a crash between them leaves the first ones. When the book moved meanwhile it begins anew: make may
// be called several times, and has no effect of its own. Refused are what make refuses, and what Book.Post does.
func (k Keeper) Post(ctx context.Context, organization, participant string, make func(ledger.Book) ([]ledger.Posting, error)) ([]ledger.Row, error) {
	var added []ledger.Row
	for try := range tries {
		if err := pause(ctx, try); err != nil {
			return added, err
		}
		rows, again, err := k.post(ctx, organization, participant, make)
		added = append(added, rows...)
		if err != nil || !again {
			return added, err
		}
	}
	return added, fault.New(fault.Unavailable, "busy", "Too many post to the book of %s at once. Try again.", participant)
}

// post is one attempt. again says that others were faster.
func (k Keeper) post(ctx context.Context, organization, participant string, make func(ledger.Book) ([]ledger.Posting, error)) (
	added []ledger.Row, again bool, err error,
) {
	book, err := k.Ledger.Book(ctx, organization, participant)
	if err != nil {
		return nil, false, err
	}
	wanted, err := make(book)
	if err != nil {
		return nil, false, err
	}
	if err := once(wanted); err != nil {
		return nil, false, err
	}
	// Mostly nothing stands, so that it is asked only once something was refused: of what stands already, a balance may well not
	// be there any more that it wants covered.
	for asked := false; len(wanted) > 0; {
		rows, stored, err := k.append(ctx, &book, wanted[:min(len(wanted), store.MaxAppend)])
		switch {
		case err == nil:
			added, wanted = append(added, rows...), wanted[len(rows):]
		case isStale(err):
			return added, true, nil
		case asked && stored && isPosted(err):
			return added, true, nil // posted since it was asked
		case asked || !fault.Is(err, fault.Conflict):
			return added, false, err
		default:
			if wanted, err = k.missing(ctx, organization, participant, wanted); err != nil {
				return added, false, err
			}
			asked = true
		}
	}
	return added, false, nil
}

// append appends postings to the book, and moves it on. stored says that it was the store that refused.
func (k Keeper) append(ctx context.Context, book *ledger.Book, postings []ledger.Posting) (rows []ledger.Row, stored bool, err error) {
	after, rows, err := book.Post(k.Now(), postings...)
	if err != nil {
		return nil, false, err
	}
	if err := k.Ledger.Append(ctx, after, rows); err != nil {
		return nil, true, err
	}
	*book = after
	return rows, true, nil
}

// missing gives the postings whose causes do not stand.
func (k Keeper) missing(ctx context.Context, organization, participant string, postings []ledger.Posting) ([]ledger.Posting, error) {
	ids := make([]string, len(postings))
	for n, p := range postings {
		ids[n] = p.Cause.ID
	}
	posted, err := k.Ledger.Posted(ctx, organization, participant, ids)
	if err != nil {
		return nil, err
	}
	var left []ledger.Posting
	for _, p := range postings {
		if _, stands := posted[p.Cause.ID]; !stands {
			left = append(left, p)
		}
	}
	return left, nil
}

// Find gives the row of a participant that has a cause (its id).
func (k Keeper) Find(ctx context.Context, organization, participant, cause string) (row ledger.Row, found bool, err error) {
	posted, err := k.Ledger.Posted(ctx, organization, participant, []string{cause})
	if err != nil {
		return ledger.Row{}, false, err
	}
	number, found := posted[cause]
	if !found {
		return ledger.Row{}, false, nil
	}
	row, err = k.Ledger.Row(ctx, organization, participant, number)
	return row, err == nil, err
}

// once refuses postings of which two have one cause: dropping one of them would hide a mistake.
func once(postings []ledger.Posting) error {
	seen := make(map[string]bool, len(postings))
	for _, p := range postings {
		if seen[p.Cause.ID] {
			return fault.New(fault.Internal, ledger.CodePosted, "Two postings of one request have the cause %q.", p.Cause.ID)
		}
		seen[p.Cause.ID] = true
	}
	return nil
}

func isStale(err error) bool { return hasCode(err, store.CodeStale) }

func isPosted(err error) bool { return hasCode(err, ledger.CodePosted) }

func hasCode(err error, code string) bool {
	of := fault.Of(err)
	return of != nil && of.Kind == fault.Conflict && of.Code == code
}

// pause waits before a try (the first is 0 and does not wait), unless ctx ends first.
func pause(ctx context.Context, try int) error {
	if try == 0 {
		return nil
	}
	timer := time.NewTimer(rand.N(min(longestPause, time.Duration(try)*time.Millisecond)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fault.Wrap(ctx.Err(), fault.Unavailable, "unavailable", "The request has ended.")
	case <-timer.C:
		return nil
	}
}
