package incentive

// Credit gives the credits of a record, by ID, and why it, or parts of it, does not count, by component. A record that is gone
// has neither. The same record in the same world gives the same credits, in whatever order records come.
func (p *Plan) Credit(base Base, world World) ([]Credit, []Refusal) {
	return nil, nil
}
