package conformance

import (
	"fmt"
	"math/rand/v2"

	"leadline/shared/connector"
)

// mostChanges is behind how many pages of a reading something changes.
const mostChanges = 40

// checkMoving reads each object whole while its records change, then, as is done behind every whole reading, what changed
// since. A record that was there all the time must be there in the end as it is in the end.
func (s *suite) checkMoving() {
	for _, o := range s.definition.Pull.Objects {
		if o.Small {
			continue
		}
		for seed := range uint64(5) {
			s.moving(o, rand.New(rand.NewPCG(seed, 1)))
		}
	}
}

func (s *suite) moving(o connector.Object, random *rand.Rand) {
	w := s.world()
	p := w.provider
	changed, removed := map[string]bool{}, map[string]bool{}
	// Few records change, for what changes is read again afterwards: the others are those that may be missed.
	restless := rowIDs(p.Rows(o.Name))
	random.Shuffle(len(restless), func(i, j int) { restless[i], restless[j] = restless[j], restless[i] })
	restless = restless[:len(restless)/3]
	pages := 0
	meddle := func() {
		if pages++; pages > mostChanges || len(restless) == 0 {
			return // a reading that follows what changes would never end
		}
		for range min(3, len(restless)) {
			id := restless[random.IntN(len(restless))]
			if remover, ok := p.(Remover); ok && random.IntN(3) == 0 && !changed[id] {
				removed[id] = removed[id] || remover.Remove(o.Name, id)
			} else if !removed[id] && p.Change(o.Name, id) {
				changed[id] = true
			}
		}
	}
	r := s.read(w, o.Name, connector.Scope{Kind: connector.All}, "", meddle)
	if r.err != nil {
		s.fail(Moving, "while %s change, their reading fails: %v", o.Name, r.err)
		return
	}
	follows := o.Serves(connector.ChangedSince)
	if follows {
		after := s.read(w, o.Name, connector.Scope{Kind: connector.ChangedSince, From: r.at.Add(-slack / 2)}, "", nil)
		if after.err != nil {
			s.fail(Moving, "what changed of %s cannot be read afterwards: %v", o.Name, after.err)
			return
		}
		r.all = append(r.all, after.all...)
		for id, c := range after.changes {
			if old, ok := r.changes[id]; !ok || c.Version.Compare(old.Version) >= 0 {
				r.changes[id] = c
			}
		}
	}
	var lost []string
	for _, row := range p.Rows(o.Name) {
		c, there := r.changes[row.ID]
		current := row.Updated.IsZero() || c.Version.Micros == row.Updated.UnixMicro()
		if !there || !current && (follows || !changed[row.ID]) {
			lost = append(lost, row.ID)
		}
	}
	if len(lost) > 0 {
		s.fail(Moving, "%d of %s were changed and %d deleted while they were read, and %s", len(changed), o.Name, len(removed), fmt.Sprintf("%d are not there as they are now: %s", len(lost), listed(lost)))
	}
}
