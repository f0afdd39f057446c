package keeper

import (
	"context"
	"encoding/json"
	"slices"

	"leadline/shared/fault"
	"leadline/shared/program"
)

// Moved says whose standings of a period changed, in the edition that is shown. Whoever is told reads them as they are: it may be
// told late, or twice.
type Moved struct {
	Of           string   `json:"of"` // MovedKind
	Organization string   `json:"organization"`
	Program      string   `json:"program"`
	Edition      string   `json:"edition"`
	Period       string   `json:"period"`
	Participants []string `json:"participants"`
}

// MovedKind is the Of of each Moved.
const MovedKind = "moved"

// maxMoved is how many participants a message names at most.
const maxMoved = 200

// noteMoved remembers that somebody's standing changed. While an edition is built, nobody is told: nothing of it is shown.
func (r *round) noteMoved(p period, participant string) {
	if r.Moved == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.moved[p] == nil {
		r.moved[p] = map[string]bool{}
	}
	r.moved[p][participant] = true
}

// tellMoved says whose standings changed in this round.
func (r *round) tellMoved(ctx context.Context) error {
	for p, whose := range r.moved {
		o, err := r.organization(ctx, p.organization)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(o.programs, func(one program.Program) bool {
			return one.ID == p.program && one.Live != nil && one.Live.ID == p.edition
		}) {
			continue
		}
		participants := make([]string, 0, len(whose))
		for id := range whose {
			participants = append(participants, id)
		}
		slices.Sort(participants)
		for some := range slices.Chunk(participants, maxMoved) {
			body, err := json.Marshal(Moved{Of: MovedKind, Organization: p.organization, Program: p.program, Edition: p.edition, Period: p.name, Participants: some})
			if err != nil {
				return fault.Wrap(err, fault.Internal, "unencodable_message", "keeper: encode what moved")
			}
			if err := r.Moved.Send(ctx, p.organization, body); err != nil {
				return err
			}
		}
	}
	return nil
}
