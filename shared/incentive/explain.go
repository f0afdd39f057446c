package incentive

import "fmt"

// Explained is what the steps said of a record for one component of one version.
type Explained struct {
	Component string `json:"component"`
	Version   int    `json:"version"`
	// Said is what each step said, in the order of the steps, up to the one that refused the record.
	Said     []Said    `json:"said"`
	Credits  []Credit  `json:"credits,omitempty"`
	Refusals []Refusal `json:"refusals,omitempty"`
}

// Said is what a step said, for people.
type Said struct {
	Step   string `json:"step"`
	Detail string `json:"detail"`
}

// Explain tells, for each component over the record's data source, what each step made of it: why the deal is in a statement,
// or is not. It has the versions, too, that do not count the record, and says why they do not.
func (p *Plan) Explain(base Base, world World) []Explained {
	var all []Explained
	p.each(base, world, true, func(w *recordWork) {
		all = append(all, Explained{Component: w.c.Name, Version: w.v.Number, Said: *w.said, Credits: w.credits, Refusals: w.refusals})
	})
	return all
}

// say notes what a step did, where somebody asks. Steps that every record goes through ask for w.said first, so that those that
// nobody asks for cost nothing.
func (w *recordWork) say(step, detail string, args ...any) {
	if w.said != nil {
		*w.said = append(*w.said, Said{Step: step, Detail: fmt.Sprintf(detail, args...)})
	}
}
