package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type (
	definition struct {
		Name       string    `json:"name"`
		Origin     string    `json:"origin"`
		State      string    `json:"state"`
		Connection string    `json:"connection,omitempty"`
		UpdatedAt  time.Time `json:"updated_at"`
	}
	linkState struct {
		definition
		From        linkEnd `json:"from"`
		To          linkEnd `json:"to"`
		Cardinality string  `json:"cardinality"`
	}
	linkEnd struct {
		Connection string `json:"connection,omitempty"`
		Object     string `json:"object"`
		Field      string `json:"field,omitempty"`
	}
	viewState struct {
		definition
		Description string       `json:"description,omitempty"`
		Base        linkEnd      `json:"base"`
		Joins       []viewJoin   `json:"joins,omitempty"`
		Columns     []viewColumn `json:"columns"`
		Owner       string       `json:"owner,omitempty"`
		NewColumns  []string     `json:"new_columns,omitempty"`
	}
	viewJoin struct {
		Name string `json:"name"`
		Link string `json:"link"`
		From string `json:"from,omitempty"`
	}
	viewColumn struct {
		Name  string `json:"name"`
		Title string `json:"title,omitempty"`
		Type  string `json:"type"`
	}
	variableState struct {
		definition
		Title       string `json:"title,omitempty"`
		Description string `json:"description,omitempty"`
		View        string `json:"view"`
		Measure     string `json:"measure"`
		Column      string `json:"column,omitempty"`
		Unit        string `json:"unit,omitempty"`
	}
	viewRow struct {
		ID     string                     `json:"id"`
		Values map[string]json.RawMessage `json:"values"`
	}
	viewRows struct {
		Items []viewRow `json:"items"`
		Next  string    `json:"next,omitempty"`
		Read  int       `json:"read"`
	}
	measured struct {
		Unit     string          `json:"unit"`
		Values   []measuredValue `json:"values"`
		Read     int             `json:"read"`
		Complete bool            `json:"complete"`
	}
	measuredValue struct {
		Member     string   `json:"member,omitempty"`
		MemberName string   `json:"member_name,omitempty"`
		Period     string   `json:"period"`
		Currency   string   `json:"currency,omitempty"`
		Groups     []string `json:"groups,omitempty"`
		Value      string   `json:"value"`
		Rows       int64    `json:"rows"`
	}
	generatedCounts struct {
		Created  int `json:"created"`
		Changed  int `json:"changed"`
		Outdated int `json:"outdated"`
		Retired  int `json:"retired"`
	}
)

// stands says who made a definition and where it stands, where there is something to say.
func (d definition) stands() cell {
	switch {
	case d.State != "current":
		return styled(yellow, d.Origin+", "+d.State)
	case d.Origin == "generated":
		return styled(dim, d.Origin)
	}
	return text(d.Origin)
}

func (e linkEnd) String() string {
	name := e.Object
	if e.Connection == "" {
		name = "user master"
	}
	return strings.TrimSuffix(name+" "+e.Field, " ")
}

func (c *command) linksCommand() *cobra.Command {
	list := shown[linkState]{[]string{"LINK", "FROM", "TO", "", ""}, func(l linkState) []cell {
		return []cell{text(l.Name), text(l.From.String()), text(l.To.String()), text(strings.TrimPrefix(l.Cardinality, "to_")), l.stands()}
	}}
	return definitionCommands(c, "links", "LINK", "List what leads from one data source to another; make one, restore it, delete it", list, nil)
}

func (c *command) viewsCommand() *cobra.Command {
	list := shown[viewState]{[]string{"VIEW", "BASE", "OWNER", "COLUMNS", ""}, func(v viewState) []cell {
		return []cell{text(v.Name), text(v.Base.String()), text(v.Owner), text(strconv.Itoa(len(v.Columns))), v.stands()}
	}}
	cmd := definitionCommands(c, "views", "VIEW", "List joins of records by name; show one with its rows, make one, restore it, delete it", list, c.showView)
	cmd.AddCommand(c.rowsCommand(), &cobra.Command{
		Use: "generate CONNECTION", Short: "Bring the standard links, views and variables of a connection in step with its source", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return submit(cmd, c, nil, func(g generatedCounts) {
				c.printf("%d made, %d brought in step, %d edited and left alone, %d no longer generated.\n", g.Created, g.Changed-g.Outdated, g.Outdated, g.Retired)
			}, "connections", args[0], "generate-views")
		},
	})
	return cmd
}

func (c *command) variablesCommand() *cobra.Command {
	list := shown[variableState]{[]string{"VARIABLE", "MEASURES", "UNIT", "VIEW", ""}, func(v variableState) []cell {
		return []cell{text(v.Name), text(strings.TrimSpace(v.Measure + " " + v.Column)), text(v.Unit), text(v.View), v.stands()}
	}}
	cmd := definitionCommands(c, "variables", "VARIABLE", "List measures over views; show one with its values, make one, restore it, delete it", list, func(v variableState) {
		list.print(c, v)
		c.printf("\n%s\n", clean(v.Description))
	})
	cmd.AddCommand(c.valuesCommand())
	return cmd
}

// definitionCommands makes what links, views and variables have alike. showOne shows one; nil for as in the list.
func definitionCommands[T any](c *command, kind, what, about string, list shown[T], showOne func(T)) *cobra.Command {
	if showOne == nil {
		showOne = func(one T) { list.print(c, one) }
	}
	var limit int
	var removed bool
	cmd := &cobra.Command{
		Use: kind, Short: about, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			query := queryOf(nil)
			if removed {
				query.Set("removed", "only")
			}
			return show(cmd, c, limit, query, list, kind)
		},
	}
	limitFlag(cmd, &limit)
	cmd.Flags().BoolVar(&removed, "removed", false, "those that were deleted and can be restored")
	cmd.AddCommand(&cobra.Command{
		Use: "show " + what, Short: "Show one", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return fetch(cmd, c, nil, showOne, kind, args[0]) },
	}, &cobra.Command{
		Use: "define", Short: "Make one from JSON on stdin, as the API describes it", Args: cobra.NoArgs, Example: "  leadline " + kind + " define < mine.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			body, err := io.ReadAll(io.LimitReader(c.stdin, maxAnswerBytes))
			if err != nil {
				return err
			}
			if !json.Valid(body) {
				return usagef("what came from stdin is no JSON")
			}
			return submit(cmd, c, json.RawMessage(body), showOne, kind)
		},
	})
	cmd.AddCommand(c.verbCommands(what, func(cmd *cobra.Command, name, _ string) error {
		return submit(cmd, c, nil, showOne, kind, name, "restore")
	}, [2]string{"restore", "Give one that was edited or deleted its standard form back"})...)
	cmd.AddCommand(c.verbCommands(what, func(cmd *cobra.Command, name, _ string) error {
		return c.quietly(cmd, http.MethodDelete, "Deleted.", kind, name)
	}, [2]string{"delete", "Delete one that nothing uses"})...)
	return cmd
}

func (c *command) showView(v viewState) {
	c.printf("%s, %s\n%s\n", clean(v.Name), clean(v.Origin+", "+v.State), clean(v.Description))
	t := table{head: []string{"COLUMN", "TYPE", "TITLE"}}
	for _, col := range v.Columns {
		t.add(text(col.Name), text(col.Type), text(col.Title))
	}
	joins := table{head: []string{"JOIN", "ALONG", "FROM"}}
	for _, j := range v.Joins {
		joins.add(text(j.Name), text(j.Link), text(j.From))
	}
	if len(v.Joins) > 0 {
		c.printf("\n%s", joins.format(c.paint, ""))
	}
	c.printf("\n%s", t.format(c.paint, ""))
	if len(v.NewColumns) > 0 {
		c.printf("\nThe standard form has more: %s. `leadline views restore` brings it back.\n", clean(strings.Join(v.NewColumns, ", ")))
	}
}

func (c *command) rowsCommand() *cobra.Command {
	var limit int
	var zone string
	var columns []string
	cmd := &cobra.Command{
		Use: "rows VIEW", Short: "Show the first rows of a view", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			query := queryOf(map[string]string{"zone": zone, "limit": strconv.Itoa(limit)})
			return fetch(cmd, c, query, func(p viewRows) { c.showRows(p, columns) }, "views", args[0], "rows")
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "the most rows, up to 200")
	cmd.Flags().StringVar(&zone, "zone", "", "the time zone that days are those of, such as Europe/Berlin")
	cmd.Flags().StringSliceVar(&columns, "columns", []string{"owner.name", "lead.display_name", "date_created"}, "the columns to show; --json shows all")
	return cmd
}

func (c *command) showRows(p viewRows, columns []string) {
	t := table{head: []string{"ID"}}
	for _, name := range columns {
		t.head = append(t.head, strings.ToUpper(name))
	}
	for _, r := range p.Items {
		cells := []cell{text(r.ID)}
		for _, name := range columns {
			cells = append(cells, text(display(r.Values[name])))
		}
		t.add(cells...)
	}
	c.printf("%s", t.format(c.paint, ""))
	c.more(p.Next)
}

func (c *command) valuesCommand() *cobra.Command {
	var zone, period, from, to string
	cmd := &cobra.Command{
		Use: "values VARIABLE", Short: "Measure a variable, by member and period", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			query := queryOf(map[string]string{"zone": zone, "period": period, "from": from, "to": to, "limit": "5000"})
			return fetch(cmd, c, query, c.showValues, "variables", args[0], "values")
		},
	}
	cmd.Flags().StringVar(&zone, "zone", "", "the time zone that days are those of, such as Europe/Berlin; UTC if left out")
	cmd.Flags().StringVar(&period, "period", "", "day, week, month, quarter, year or all; month if left out")
	cmd.Flags().StringVar(&from, "from", "", "the first `day` that counts, as 2026-11-01")
	cmd.Flags().StringVar(&to, "to", "", "the last `day` that counts")
	return cmd
}

func (c *command) showValues(m measured) {
	t := table{head: []string{"PERIOD", "MEMBER", strings.ToUpper(m.Unit), "ROWS", ""}}
	for _, v := range m.Values {
		member := text(v.MemberName)
		switch {
		case v.Member == "":
			member = styled(dim, "nobody")
		case v.MemberName == "":
			member = text(v.Member)
		}
		t.add(text(v.Period), member, text(strings.TrimSpace(v.Value+" "+v.Currency)), text(strconv.FormatInt(v.Rows, 10)), text(strings.Join(v.Groups, ", ")))
	}
	c.printf("%s", t.format(c.paint, ""))
	if !m.Complete {
		c.printf("\nOnly the first %d records were read: these are the values of a part.\n", m.Read)
	}
}
