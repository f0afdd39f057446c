package snippet

import (
	"encoding/json"
	"strings"

	"leadline/shared/schema"
)

// sampleRow gives a row that creates a record: id and action first, then the fields in their order.
func sampleRow(r Request) []pair {
	row := []pair{{r.IDField, sampleID(r.Object)}, {"action", "create"}}
	for _, f := range r.Fields {
		switch {
		case f.Name == r.IDField || f.Name == "action":
		case f.Name == r.VersionField && (f.Type == schema.Text || f.Type == schema.Unknown):
			row = append(row, pair{f.Name, "2026-01-15T10:30:00Z"})
		default:
			row = append(row, pair{f.Name, sample(f)})
		}
	}
	return row
}

func sampleID(object string) string {
	if strings.Contains(strings.ToLower(object), "transaction") {
		return "TX-10023"
	}
	return "1001"
}

// sample gives a believable value that the field takes, guessed from its type and name.
func sample(f schema.Field) any {
	switch f.Type {
	case schema.Number:
		return json.Number(guess(f.Name, "42", "quantity=3", "count=3", "minutes=12", "hours=8", "percent=12.5", "rate=12.5",
			"amount=1249.5", "price=416.5", "value=1249.5", "total=1249.5", "revenue=1249.5", "target=50000"))
	case schema.Money:
		return []pair{{"amount", json.Number("1249.5")}, {"currency", "EUR"}}
	case schema.Boolean:
		return true
	case schema.Date:
		return "2026-01-15"
	case schema.DateTime:
		return "2026-01-15T10:30:00Z"
	case schema.Choice:
		if len(f.Choices) > 0 {
			return f.Choices[0]
		}
		return "standard"
	case schema.MultiChoice:
		if len(f.Choices) > 0 {
			return []any{f.Choices[0]}
		}
		return []any{"new", "priority"}
	case schema.Reference:
		return guess(f.Name, "E-1042", "customer=C-881", "product=P-200", "transaction=TX-10023")
	case schema.JSON:
		return []pair{{"note", "anything"}}
	case schema.Unknown:
		return nil
	}
	return guess(f.Name, "some text", "mail=ada@example.com", "phone=+49301234567", "currency=EUR", "country=DE", "region=North", "city=Berlin",
		"url=https://example.com/", "name=Ada Lovelace", "team=North 2", "status=open")
}

// guess gives the value behind the first part that the name contains.
func guess(name, otherwise string, guesses ...string) string {
	for _, g := range guesses {
		if part, value, _ := strings.Cut(g, "="); strings.Contains(strings.ToLower(name), part) {
			return value
		}
	}
	return otherwise
}
