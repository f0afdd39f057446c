package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type (
	objectState struct {
		Name         string    `json:"name"`
		Title        string    `json:"title"`
		IDField      string    `json:"id_field,omitempty"`
		VersionField string    `json:"version_field,omitempty"`
		Follows      bool      `json:"follows"`
		State        string    `json:"state"`
		Version      int       `json:"version"`
		Fields       int       `json:"fields"`
		Proposed     bool      `json:"proposed"`
		FirstSeen    time.Time `json:"first_seen"`
		Rev          int64     `json:"rev"`
	}
	objectSchema struct {
		objectState
		Schema   version   `json:"schema"`
		Proposal *proposal `json:"proposal,omitempty"`
	}
	version struct {
		Version int       `json:"version"`
		Origin  string    `json:"origin"`
		At      time.Time `json:"at"`
		By      string    `json:"by,omitempty"`
		Fields  []field   `json:"fields"`
	}
	field struct {
		Name     string   `json:"name"`
		Type     string   `json:"type"`
		Choices  []string `json:"choices,omitempty"`
		Required bool     `json:"required,omitempty"`
	}
	proposal struct {
		Changes   []fieldChange `json:"changes"`
		Rows      int64         `json:"rows"`
		Full      bool          `json:"full,omitempty"`
		Since     time.Time     `json:"since"`
		UpdatedAt time.Time     `json:"updated_at"`
	}
	fieldChange struct {
		Field    string    `json:"field"`
		From     string    `json:"from,omitempty"`
		To       string    `json:"to"`
		Choices  []string  `json:"choices,omitempty"`
		Optional bool      `json:"optional,omitempty"`
		Rows     int64     `json:"rows"`
		Examples []example `json:"examples"`
	}
	example struct {
		Value string `json:"value"`
		Entry string `json:"entry"`
	}
)

func (c *command) objectsCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "objects CONNECTION", Short: "List the kinds of record of a connection", Args: cobra.ExactArgs(1),
		Long: "List the kinds of record that a connection has sent, or that were declared for it. `leadline schema` shows one with its fields.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return show(cmd, c, limit, nil, shown[objectState]{
				[]string{"OBJECT", "TITLE", "STATE", "VERSION", "FIELDS", "PROPOSED", "FIRST SEEN (UTC)"}, objectCells}, "connections", args[0], "objects")
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 0, "the most items; 0 for all")
	return cmd
}

func objectCells(o objectState) []cell {
	state, proposed := styled(green, o.State), text("-")
	if o.State == "draft" {
		state.style = yellow
	}
	if o.Follows {
		state = text("follows its CRM")
	}
	if o.Proposed {
		proposed = styled(yellow, "another version")
	}
	return []cell{text(o.Name), text(o.Title), state, text(fmt.Sprint(o.Version)), text(fmt.Sprint(o.Fields)), proposed, text(instant(o.FirstSeen))}
}

func (c *command) schemaCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "schema CONNECTION OBJECT", Short: "Show an object's schema and what rows ask for; declare, confirm, accept, refuse", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return fetch(cmd, c, nil, c.showObject, "connections", args[0], "objects", args[1])
		},
	}
	for _, verb := range []struct{ use, path, short, then string }{
		{"confirm", "confirm", "Confirm the schema of a draft; what waited for it is replayed", "What waited for it is replayed: `leadline jobs` shows how far."},
		{"accept", "proposal/accept", "Accept the version that rows ask for; they are replayed", "The rows that were set aside for it are replayed: `leadline jobs` shows how far."},
		{"refuse", "proposal/refuse", "Refuse the version that rows ask for; they stay in the quarantine", "The rows stay in the quarantine, to be corrected or discarded."},
	} {
		cmd.AddCommand(c.decideCommand(verb.use, verb.path, verb.short, verb.then))
	}
	cmd.AddCommand(c.declareCommand(), c.versionsCommand(), c.templatesCommand(), c.sampleRequestCommand())
	return cmd
}

func (c *command) decideCommand(use, path, short, then string) *cobra.Command {
	var rev int64
	cmd := &cobra.Command{
		Use: use + " CONNECTION OBJECT", Short: short, Args: cobra.ExactArgs(2),
		Long: short + ".\n\nWith --rev nothing happens if somebody, or another row, has changed the object since it was looked at.",
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			r := request{method: http.MethodPost, path: append([]string{"connections", args[0], "objects", args[1]}, strings.Split(path, "/")...)}
			if rev > 0 {
				r.header = http.Header{"If-Match": {strconv.Quote(strconv.FormatInt(rev, 10))}}
			}
			var o kept[objectSchema]
			if _, err := api.call(cmd.Context(), r, &o); err != nil || c.asJSON {
				return c.orJSON(o, err)
			}
			c.showObject(o.is)
			c.printf("\n%s\n", then)
			return nil
		},
	}
	cmd.Flags().Int64Var(&rev, "rev", 0, "only if this is still the `rev` of the object, as leadline schema shows it")
	return cmd
}

func (c *command) showObject(o objectSchema) {
	state := o.State
	if o.Follows {
		state = "follows its CRM"
	}
	about := []string{fmt.Sprintf("version %d (%s)", o.Schema.Version, strings.ReplaceAll(o.Schema.Origin, "_", " ")), state}
	if o.IDField != "" {
		about = append(about, "named by "+o.IDField)
	}
	if o.VersionField != "" {
		about = append(about, "ordered by "+o.VersionField)
	}
	c.printf("%s\n\n", clean(fmt.Sprintf("%s: %s, rev %d", orElse(o.Title, o.Name), strings.Join(about, ", "), o.Rev)))
	t := table{head: []string{"FIELD", "TYPE", ""}}
	for _, f := range o.Schema.Fields {
		remark := strings.Join(f.Choices, ", ")
		if f.Required {
			remark = strings.TrimSpace("required " + remark)
		}
		t.add(row(f.Name, f.Type, short(remark, maxValue))...)
	}
	c.printf("%s", t.format(c.paint, "  "))
	if o.Proposal != nil {
		c.showProposal(*o.Proposal)
	}
}

func (c *command) showProposal(p proposal) {
	c.printf("\n%s\n\n", c.paint.paint(yellow, plural(p.Rows, "row")+" set aside, which would fit another version:"))
	t := table{head: []string{"FIELD", "NOW", "PROPOSED", "ROWS", "FOR EXAMPLE"}}
	for _, change := range p.Changes {
		var examples []string
		for _, e := range change.Examples {
			examples = append(examples, e.Value)
		}
		to := change.To
		if len(change.Choices) > 0 {
			to += ", also " + strings.Join(change.Choices, ", ")
		}
		if change.Optional {
			to += ", not required"
		}
		t.add(row(change.Field, orElse(change.From, "(new)"), short(to, maxValue), fmt.Sprint(change.Rows), short(strings.Join(examples, "  "), maxValue))...)
	}
	c.printf("%s", t.format(c.paint, "  "))
	if p.Full {
		c.printf("  They ask for more fields than an object may have; not all are listed.\n")
	}
}

func (c *command) versionsCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "versions CONNECTION OBJECT", Short: "List the versions of an object's schema, newest first", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return show(cmd, c, limit, nil, shown[version]{[]string{"VERSION", "SINCE (UTC)", "ORIGIN", "BY", "FIELDS"}, func(v version) []cell {
				return row(fmt.Sprint(v.Version), instant(v.At), strings.ReplaceAll(v.Origin, "_", " "), orElse(v.By, "-"), fmt.Sprint(len(v.Fields)))
			}}, "connections", args[0], "objects", args[1], "versions")
		},
	}
	limitFlag(cmd, &limit)
	return cmd
}
