package storetest

import (
	"fmt"
	"testing"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/record"
	"leadline/shared/store"
)

func editionTests() []test {
	return []test{
		{"an edition is dropped whole, and no other is", func(t *testing.T, s Stores) {
			fillEdition(t, s, "org_a", "edn_1")
			fillEdition(t, s, "org_a", "edn_2")
			fillEdition(t, s, "org_b", "edn_1")
			drop(t, s, "org_a", "edn_1")
			same(t, left(t, s, "org_a", "edn_1"), 0)
			for _, other := range [][2]string{{"org_a", "edn_2"}, {"org_b", "edn_1"}} {
				if got := left(t, s, other[0], other[1]); got != 5*filled {
					t.Errorf("%d things are left of %q, want %d", got, other, 5*filled)
				}
			}
			// It can be dropped again, and filled.
			drop(t, s, "org_a", "edn_1")
			fillEdition(t, s, "org_a", "edn_1")
			same(t, left(t, s, "org_a", "edn_1"), 5*filled)
		}},
		{"an edition that never was is dropped at once", func(t *testing.T, s Stores) {
			done, err := s.Credits.DropEdition(ctx(t), "org_a", "edn_1")
			ok(t, err)
			same(t, done, true)
		}},
		{"concurrent drops leave nothing", func(t *testing.T, s Stores) {
			fillEdition(t, s, "org_a", "edn_1")
			for _, err := range atOnce(t, func(int) error {
				for {
					if done, err := s.Credits.DropEdition(ctx(t), "org_a", "edn_1"); err != nil || done {
						return err
					}
				}
			}) {
				ok(t, err)
			}
			same(t, left(t, s, "org_a", "edn_1"), 0)
		}},
	}
}

// filled is how many records fillEdition credits.
const filled = 25

// fillEdition makes something of every kind in an edition.
func fillEdition(t *testing.T, s Stores, organization, edition string) {
	t.Helper()
	for n := range filled {
		f, _ := newFootprint(edition, fmt.Sprint("r", n), 0)
		f.Organization, f.Record.Organization = organization, organization
		f.Joined = []record.Key{keyIn(organization, "joined by all"), keyIn(organization, fmt.Sprint("joined by ", n))}
		credit := newCredit(f.Record, fmt.Sprint("mem_", n), "2026-11-22")
		f.Credits = refsOf([]incentive.Credit{credit})
		ok(t, keep(t, s, f, none(f), []incentive.Credit{credit}))
		one := newStanding(credit.Participant, "2026-11")
		one.Organization, one.Edition, one.Generation = organization, edition, int64(n%2)
		if n%2 == 1 {
			_, err := s.Credits.Touch(ctx(t), one.Unit)
			ok(t, err)
		}
		saved(t, s, one, true)
	}
}

// drop drops an edition, page by page.
func drop(t *testing.T, s Stores, organization, edition string) {
	t.Helper()
	for range 1000 {
		done, err := s.Credits.DropEdition(ctx(t), organization, edition)
		ok(t, err)
		if done {
			return
		}
	}
	t.Fatal("it does not end")
}

// left counts what fillEdition made: footprints, joins, credits, problems, standings.
func left(t *testing.T, s Stores, organization, edition string) int {
	t.Helper()
	count := len(all(t, 10, joinedTo(t, s, organization, edition, keyIn(organization, "joined by all")))) +
		len(all(t, 10, standingsIn(t, s, organization, edition, "2026-11"))) +
		len(all(t, 10, func(p store.Page) ([]incentive.Footprint, string, error) {
			return s.Credits.Problems(ctx(t), organization, edition, p)
		}))
	for n := range filled {
		f, err := s.Credits.Footprint(ctx(t), organization, edition, keyIn(organization, fmt.Sprint("r", n)))
		ok(t, err)
		if f.Rev != 0 {
			count++
		}
		credits, err := s.Credits.Credits(ctx(t), organization, edition, fmt.Sprint("mem_", n), calendar.Span{})
		ok(t, err)
		count += len(credits)
		of, _, err := s.Credits.StandingsOf(ctx(t), organization, edition, fmt.Sprint("mem_", n), store.Page{Limit: 10})
		ok(t, err)
		in, err := s.Credits.Touched(ctx(t), incentive.Unit{Organization: organization, Edition: edition, Participant: fmt.Sprint("mem_", n), Period: "2026-11"})
		ok(t, err)
		if in != 0 && len(of) == 0 {
			count++ // a generation without its standing
		}
	}
	return count
}
