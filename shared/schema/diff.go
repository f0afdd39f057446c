package schema

// Diff gives what differs between two versions of an object, field by field.
func Diff(from, to Version) []Change {
	var changes []Change
	a, b := from.Fields, to.Fields
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].Name < b[0].Name:
			changes, a = append(changes, Change{Field: a[0].Name, From: a[0].Type}), a[1:]
		case len(a) == 0 || b[0].Name < a[0].Name:
			changes, b = append(changes, Change{Field: b[0].Name, To: b[0].Type, Choices: b[0].Choices, Required: b[0].Required,
				Title: b[0].Title, Refers: b[0].Refers}), b[1:]
		default:
			if c, differs := diff(a[0], b[0]); differs {
				changes = append(changes, c)
			}
			a, b = a[1:], b[1:]
		}
	}
	return changes
}

func diff(from, to Field) (c Change, differs bool) {
	c = Change{Field: from.Name, From: from.Type, To: to.Type, Optional: from.Required && !to.Required, Required: !from.Required && to.Required,
		Choices: without(to.Choices, from.Choices), Removed: without(from.Choices, to.Choices)}
	if from.Title != to.Title {
		c.Title = to.Title
	}
	if from.Refers != to.Refers {
		c.Refers = to.Refers
	}
	return c, c.From != c.To || c.Optional || c.Required || len(c.Choices) > 0 || len(c.Removed) > 0 || from.Title != to.Title || from.Refers != to.Refers
}
