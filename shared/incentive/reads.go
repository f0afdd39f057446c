package incentive

import (
	"cmp"
	"slices"
	"strings"

	"leadline/shared/program"
	"leadline/shared/view"
)

// Reads lists the data sources that the credits of the program depend on, in one order: those whose records are credited, and
// those that are joined to these, as far as a column of theirs is read. The user master is not among the joined: who is a
// member, leads and takes part is asked of the World.
func (p *Plan) Reads() []program.Reads {
	var all []program.Reads
	add := func(of view.Source, joined bool) {
		if r := (program.Reads{Connection: of.Connection, Object: of.Object, Joined: joined}); !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	for _, v := range p.versions {
		for _, c := range v.components {
			add(c.source.View.Base, false)
			for _, of := range c.rows.Joined() {
				if of != view.Master() {
					add(of, true)
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b program.Reads) int {
		if a.Joined != b.Joined {
			if b.Joined {
				return -1
			}
			return 1
		}
		return cmp.Or(strings.Compare(a.Connection, b.Connection), strings.Compare(a.Object, b.Object))
	})
	return all
}
