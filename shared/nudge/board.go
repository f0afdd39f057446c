package nudge

import (
	"cmp"
	"slices"
)

// Board is the ranks of a period as they were seen last: what is so now is held against it.
type Board struct {
	Organization string `json:"-"`
	Program      string `json:"-"`
	Period       string `json:"-"`
	// Edition is that of the standings: ranks of another one are no worse or better than these.
	Edition string  `json:"edition"`
	Places  []Place `json:"places"` // by rank, without those that are not ranked
	Rev     int64   `json:"-"`
}

// Place is somebody's rank.
type Place struct {
	Participant string `json:"p"`
	Rank        int    `json:"r"`
}

// MaxPlaces is how many places a board remembers: the first ones. It fits one item.
const MaxPlaces = 10_000

// Fell is who stands worse than before.
type Fell struct {
	Participant string
	Overtake
}

// Fallen gives those who stand worse on a later board than on this one, and who went past them: people who were not ahead of them
// and now are. Cause names the comparison, so that making it again, from the same board, finds the same causes.
func (b Board) Fallen(now Board, cause string) []Fell {
	was := make(map[string]int, len(b.Places))
	for _, p := range b.Places {
		was[p.Participant] = p.Rank
	}
	var fallen []Fell
	for _, p := range now.Places {
		before := was[p.Participant]
		if before == 0 || p.Rank <= before {
			continue
		}
		f := Fell{Participant: p.Participant, Overtake: Overtake{Cause: cause, Was: before}}
		for _, o := range now.Places {
			if o.Rank >= p.Rank || len(f.By) == maxTold {
				break
			}
			if rank := was[o.Participant]; rank == 0 || rank >= before {
				f.By = append(f.By, o.Participant)
			}
		}
		if len(f.By) > 0 {
			fallen = append(fallen, f)
		}
	}
	return fallen
}

// Ranks makes a board of ranks; 0 stands for who has none.
func (b Board) Ranks(places []Place) Board {
	b.Places = nil
	for _, p := range places {
		if p.Rank > 0 {
			b.Places = append(b.Places, p)
		}
	}
	slices.SortStableFunc(b.Places, func(x, y Place) int {
		return cmp.Or(cmp.Compare(x.Rank, y.Rank), cmp.Compare(x.Participant, y.Participant))
	})
	b.Places = b.Places[:min(len(b.Places), MaxPlaces)]
	return b
}
