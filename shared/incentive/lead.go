package incentive

import (
	"slices"

	"leadline/shared/number"
	"leadline/shared/program"
)

// led gives what those above have: each the shares of all that report to them on the day, each share once, and never more than
// the whole record. It does not matter whether those below take part: managers are paid for what their people sell, whatever
// those are paid by.
//
// Of a leader with a share of one's own, once says that roll-up and own share together are at most the whole record; add, that
// the own share makes no difference. Where a rule says so, overlays roll up besides, as they are besides for those who have them.
func (w *recordWork) led(owned, overlays stakes) stakes {
	var shares, besides stakes
	for i, r := range w.c.Credit.Rules {
		if r.Kind != program.RollUp {
			continue
		}
		part, ok := w.part(i)
		if !ok {
			return nil
		}
		for _, s := range w.above(owned, r.Levels) {
			room := number.Of(1)
			if r.Own != program.Add {
				room = number.Max(number.Number{}, room.Sub(owned.of(s.participant)))
			}
			s.part = number.Min(s.part, room).Mul(part)
			shares.add(s)
		}
		if r.Overlays {
			for _, s := range w.above(overlays, r.Levels) {
				s.part = s.part.Mul(part)
				besides.add(s)
			}
		}
	}
	var all stakes
	for _, s := range shares { // several rules together give nobody more than the record either
		s.part = number.Min(s.part, number.Of(1))
		all.add(s)
	}
	for _, s := range besides {
		s.part = number.Min(s.part, w.above(overlays, 0).of(s.participant))
		all.add(s)
	}
	return slices.DeleteFunc(all, func(s stake) bool { return s.part.Sign() <= 0 })
}

// above adds the shares of people up for those that they report to, so many levels up; 0 for all the way.
func (w *recordWork) above(below stakes, levels int) stakes {
	var all stakes
	for _, s := range below {
		if s.participant == "" {
			continue
		}
		for i, leader := range w.world.Chain(s.participant, w.hierarchyDay()) {
			if levels > 0 && i >= levels {
				break
			}
			all.add(stake{program.RollUp, leader, s.part, i + 1})
		}
	}
	return all
}

// teamed gives what teams have: each the direct and split shares of those of its members who take part, and never more than
// the whole record.
func (w *recordWork) teamed(owned stakes) stakes {
	var all stakes
	for i, r := range w.c.Credit.Rules {
		if r.Kind != program.Team {
			continue
		}
		part, ok := w.part(i)
		if !ok {
			return nil
		}
		var teams stakes
		for _, s := range owned {
			if !w.takesPart(s.participant) {
				continue
			}
			for _, name := range w.world.TeamsOf(s.participant, w.hierarchyDay()) {
				teams.add(stake{program.Team, TeamParticipant(name), s.part, 0})
			}
		}
		for _, s := range teams {
			if s.part = number.Min(s.part, number.Of(1)).Mul(part); s.part.Sign() > 0 {
				all.add(s)
			}
		}
	}
	for i := range all {
		all[i].part = number.Min(all[i].part, number.Of(1))
	}
	return all
}
