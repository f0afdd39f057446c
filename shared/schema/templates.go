package schema

import "encoding/json"

// TemplateDef is a ready-made object that client teams push, to start from: an admin takes it as it is, or changes its
// fields before confirming them.
type TemplateDef struct {
	// Name is the object's name unless the admin chooses another.
	Name        string  `json:"name"`
	Title       string  `json:"title"`
	Description string  `json:"description"`
	IDField     string  `json:"id_field"`
	Fields      []Field `json:"fields"`
	// Sample is a row of it, without the action.
	Sample json.RawMessage `json:"sample"`
}

// FindTemplate gives the template with the name.
func FindTemplate(name string) (TemplateDef, bool) {
	for _, t := range Templates() {
		if t.Name == name {
			return t, true
		}
	}
	return TemplateDef{}, false
}

// Templates lists the ready-made objects: what incentives are computed from where there is no CRM.
func Templates() []TemplateDef {
	return []TemplateDef{
		template("sales_transactions", "Sales transactions", "One row for each sale, as the till, the shop or the order system closes it.",
			`{"id": "TX-10023", "transaction_date": "2026-01-15", "amount": 1249.50, "currency": "EUR", "quantity": 3, "sales_person": "E-1042", "customer": "C-881", "product": "P-200", "region": "North", "status": "completed"}`,
			required("transaction_date", Date), required("amount", Number), required("currency", Text), required("sales_person", Reference),
			field("quantity", Number), field("customer", Reference), field("product", Reference), field("region", Text),
			field("status", Choice, "pending", "completed", "cancelled", "returned")),
		template("users", "Users", "The people who sell and those they report to: who takes part in programs.",
			`{"id": "E-1042", "name": "Asha Rao", "email": "asha.rao@example.com", "phone": "+919812345678", "role": "sales_person", "manager": "E-1001", "team": "North 2", "region": "North", "joined_on": "2024-04-01", "left_on": null, "active": true}`,
			required("name", Text), field("email", Text), field("phone", Text), field("role", Choice, "sales_person", "manager", "admin"),
			field("manager", Reference), field("team", Text), field("region", Text), field("joined_on", Date), field("left_on", Date), field("active", Boolean)),
		template("targets", "Targets", "What a person or a team is to reach in a period.",
			`{"id": "E-1042/2026-01/revenue", "owner": "E-1042", "measure": "revenue", "period_start": "2026-01-01", "period_end": "2026-01-31", "target": 50000, "currency": "EUR"}`,
			required("owner", Reference), required("measure", Text), required("period_start", Date), required("period_end", Date),
			required("target", Number), field("currency", Text)),
		template("products", "Products", "What is sold, for rules that pay by product or category.",
			`{"id": "P-200", "name": "Router X2", "category": "Hardware", "brand": "Acme", "price": {"amount": 416.50, "currency": "EUR"}, "points": 12.5, "tags": ["new", "bundle"], "active": true}`,
			required("name", Text), field("category", Text), field("brand", Text), field("price", Money), field("points", Number),
			field("tags", MultiChoice), field("active", Boolean)),
		template("customers", "Customers", "Who buys, and who looks after them.",
			`{"id": "C-881", "name": "Northwind Traders", "segment": "SMB", "owner": "E-1042", "country": "DE", "since": "2025-06-30", "active": true}`,
			required("name", Text), field("segment", Text), field("owner", Reference), field("country", Text), field("since", Date), field("active", Boolean)),
		template("payments", "Payments received", "Money that came in, for programs that pay when the customer has paid.",
			`{"id": "PAY-5501", "transaction": "TX-10023", "received_at": "2026-01-20T14:05:00+05:30", "amount": {"amount": 1249.50, "currency": "EUR"}, "method": "bank_transfer", "reversed": false}`,
			required("transaction", Reference), required("received_at", DateTime), required("amount", Money),
			field("method", Choice, "bank_transfer", "card", "cash", "cheque", "wallet"), field("reversed", Boolean)),
		template("activities", "Activities", "Calls, meetings, visits and demos, for productivity measures.",
			`{"id": "ACT-77120", "type": "call", "person": "E-1042", "customer": "C-881", "started_at": "2026-01-15T09:30:00Z", "minutes": 12, "outcome": "interested"}`,
			required("type", Choice, "call", "meeting", "visit", "demo", "e_mail"), required("person", Reference), required("started_at", DateTime),
			field("customer", Reference), field("minutes", Number), field("outcome", Text)),
		template("attendance", "Attendance", "One row for each person and day, for programs that count days worked.",
			`{"id": "E-1042/2026-01-15", "person": "E-1042", "day": "2026-01-15", "status": "present", "hours": 8.5}`,
			required("person", Reference), required("day", Date), required("status", Choice, "present", "absent", "half_day", "leave", "holiday"), field("hours", Number)),
	}
}

func template(name, title, description, sample string, fields ...Field) TemplateDef {
	fields, _ = Declare("id", "", fields) // a test declares them all
	return TemplateDef{Name: name, Title: title, Description: description, IDField: "id", Fields: fields, Sample: json.RawMessage(sample)}
}

func field(name string, t Type, choices ...string) Field {
	return Field{Name: name, Type: t, Choices: choices}
}

func required(name string, t Type, choices ...string) Field {
	f := field(name, t, choices...)
	f.Required = true
	return f
}
