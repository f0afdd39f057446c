package view

import (
	"encoding/json"
	"slices"
	"strings"

	"leadline/shared/record"
	"leadline/shared/schema"
)

// Member is a row of the user master.
type Member struct {
	ID      string
	Name    string
	Email   string
	Role    string
	Manager string // a member's ID
	Teams   []string
	Active  bool
	// External holds the ids by which the systems behind connections know the member.
	External map[string][]string
}

// The fields of the user master.
const (
	masterID       = "id"
	masterName     = "name"
	masterEmail    = "email"
	masterRole     = "role"
	masterManager  = "manager"
	masterTeams    = "teams"
	masterActive   = "active"
	masterExternal = "external_id."
)

// ExternalID names the field of the user master that holds the ids by which a connection's system knows its members. A
// link that leads there finds the member of any of them.
func ExternalID(connection string) string { return masterExternal + connection }

// MasterFields gives the fields of the user master of an organization with these connections, sorted by name.
func MasterFields(connections ...string) []schema.Field {
	fields := []schema.Field{
		{Name: masterID, Type: schema.Text, Title: "Member"}, {Name: masterName, Type: schema.Text, Title: "Name"},
		{Name: masterEmail, Type: schema.Text, Title: "E-mail"}, {Name: masterRole, Type: schema.Text, Title: "Role"},
		{Name: masterManager, Type: schema.Text, Title: "Manager"}, {Name: masterTeams, Type: schema.MultiChoice, Title: "Teams"},
		{Name: masterActive, Type: schema.Boolean, Title: "Active"},
	}
	for _, connection := range connections {
		fields = append(fields, schema.Field{Name: ExternalID(connection), Type: schema.MultiChoice, Title: "Id at " + connection})
	}
	slices.SortFunc(fields, func(a, b schema.Field) int { return strings.Compare(a.Name, b.Name) })
	return fields
}

// fields gives the member as a record has its fields.
func (m Member) fields() record.Fields {
	f := record.Fields{masterID: textOf(m.ID), masterActive: json.RawMessage("false")}
	if m.Active {
		f[masterActive] = json.RawMessage("true")
	}
	for name, value := range map[string]string{masterName: m.Name, masterEmail: m.Email, masterRole: m.Role, masterManager: m.Manager} {
		if value != "" {
			f[name] = textOf(value)
		}
	}
	if len(m.Teams) > 0 {
		f[masterTeams] = textOf(m.Teams)
	}
	for connection, ids := range m.External {
		f[ExternalID(connection)] = textOf(ids)
	}
	return f
}

// textOf gives a text, or a list of texts, as JSON.
func textOf[T string | []string](value T) json.RawMessage {
	text, _ := json.Marshal(value) // texts always encode
	return text
}
