package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

type (
	objectState struct {
		object
		Title    string    `json:"title"`
		IDField  string    `json:"id_field,omitempty"`
		Follows  bool      `json:"follows"`
		State    string    `json:"state"`
		Version  int       `json:"version"`
		Proposed bool      `json:"proposed"`
		Rev      int64     `json:"rev"`
		Schema   version   `json:"schema"`
		Proposal *proposal `json:"proposal,omitempty"`
	}
	version struct {
		Version int     `json:"version"`
		Origin  string  `json:"origin"`
		Fields  []field `json:"fields"`
	}
	field struct {
		Name     string   `json:"name"`
		Type     string   `json:"type"`
		Choices  []string `json:"choices,omitempty"`
		Required bool     `json:"required,omitempty"`
	}
	proposal struct {
		Changes []fieldChange `json:"changes"`
		Rows    int64         `json:"rows"`
	}
	fieldChange struct {
		Field    string `json:"field"`
		From     string `json:"from,omitempty"`
		To       string `json:"to"`
		Rows     int64  `json:"rows"`
		Examples []struct {
			Value string `json:"value"`
			Entry string `json:"entry"`
		} `json:"examples"`
	}
)

func (c *command) schemaCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "schema CONNECTION OBJECT", Short: "Show an object's schema and what rows ask for; declare, confirm, accept, refuse", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			var o objectState
			if err := api.get(cmd.Context(), &o, nil, "connections", args[0], "objects", args[1]); err != nil || c.asJSON {
				return c.orJSON(o, err)
			}
			c.showObject(o)
			return nil
		},
	}
	for _, verb := range []struct{ use, path, short string }{
		{"confirm", "confirm", "Confirm the schema of a draft; what waited for it is replayed"},
		{"accept", "proposal/accept", "Accept the version that rows ask for; they are replayed"},
		{"refuse", "proposal/refuse", "Refuse the version that rows ask for; they stay in the quarantine"},
	} {
		cmd.AddCommand(&cobra.Command{
			Use: verb.use + " CONNECTION OBJECT", Short: verb.short, Args: cobra.ExactArgs(2),
			RunE: func(cmd *cobra.Command, args []string) error {
				api, err := c.client()
				if err != nil {
					return err
				}
				var o objectState
				path := append([]string{"connections", args[0], "objects", args[1]}, strings.Split(verb.path, "/")...)
				if err := api.post(cmd.Context(), nil, &o, path...); err != nil || c.asJSON {
					return c.orJSON(o, err)
				}
				c.showObject(o)
				return nil
			},
		})
	}
	cmd.AddCommand(c.declareCommand(), c.sampleRequestCommand())
	return cmd
}

func (c *command) showObject(o objectState) {
	title := o.Title
	if title == "" {
		title = o.Name
	}
	c.printf("%s: version %d (%s), %s", title, o.Schema.Version, o.Schema.Origin, o.State)
	if o.IDField != "" {
		c.printf(", named by %s", o.IDField)
	}
	c.printf("\n\n")
	t := table{head: []string{"FIELD", "TYPE", ""}}
	for _, f := range o.Schema.Fields {
		remark := strings.Join(f.Choices, ", ")
		if f.Required {
			remark = strings.TrimSpace("required " + remark)
		}
		t.add(text(f.Name), text(f.Type), text(remark))
	}
	c.printf("%s", t.format(c.paint, "  "))
	if o.Proposal == nil {
		return
	}
	c.printf("\n%s\n\n", c.paint.paint(yellow, fmt.Sprintf("%d rows were set aside and ask for another version:", o.Proposal.Rows)))
	p := table{head: []string{"FIELD", "NOW", "PROPOSED", "ROWS", "FOR EXAMPLE"}}
	for _, change := range o.Proposal.Changes {
		var examples []string
		for _, e := range change.Examples {
			examples = append(examples, e.Value)
		}
		from := change.From
		if from == "" {
			from = "(new)"
		}
		p.add(row(change.Field, from, change.To, fmt.Sprint(change.Rows), short(strings.Join(examples, "  "), maxValue))...)
	}
	c.printf("%s", p.format(c.paint, "  "))
}

func (c *command) declareCommand() *cobra.Command {
	var template, sample, idField, versionField string
	cmd := &cobra.Command{
		Use: "declare CONNECTION OBJECT", Short: "Declare an object by a template or by sample rows", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			body := map[string]any{"name": args[1]}
			for name, value := range map[string]string{"template": template, "id_field": idField, "version_field": versionField} {
				if value != "" {
					body[name] = value
				}
			}
			if sample != "" {
				if body["sample"], err = c.readSampleRows(sample); err != nil {
					return err
				}
			}
			var o objectState
			if err := api.post(cmd.Context(), body, &o, "connections", args[0], "objects"); err != nil || c.asJSON {
				return c.orJSON(o, err)
			}
			c.showObject(o)
			c.printf("\nIt is a draft: `leadline schema confirm %s %s`\n", args[0], o.Name)
			return nil
		},
	}
	cmd.Flags().StringVar(&template, "template", "", "the name of a template")
	cmd.Flags().StringVar(&sample, "sample", "", "a `file` of sample rows, NDJSON or a JSON array; - reads stdin")
	cmd.Flags().StringVar(&idField, "id-field", "", "the field that names a record (id)")
	cmd.Flags().StringVar(&versionField, "version-field", "", "the field that orders the states of a record: a time or a whole number")
	cmd.MarkFlagsOneRequired("template", "sample")
	cmd.MarkFlagsMutuallyExclusive("template", "sample")
	return cmd
}

// maxSampleRows of a sample are sent.
const maxSampleRows = 1000

func (c *command) readSampleRows(name string) ([]json.RawMessage, error) {
	var in io.Reader = c.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	next, err := readRows(in)
	if err != nil {
		return nil, err
	}
	var rows []json.RawMessage
	for len(rows) < maxSampleRows {
		row, _, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (c *command) sampleRequestCommand() *cobra.Command {
	var language string
	cmd := &cobra.Command{
		Use: "request CONNECTION OBJECT", Short: "Print a sample request with the object's own fields, ready to copy", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			var request map[string]string
			if err := api.call(cmd.Context(), http.MethodGet, nil, &request, nil, "connections", args[0], "objects", args[1], "sample-request"); err != nil || c.asJSON {
				return c.orJSON(request, err)
			}
			if request[language] == "" {
				return usagef("there is no request in %s: want curl, javascript or python", language)
			}
			c.printf("%s\n", request[language])
			return nil
		},
	}
	cmd.Flags().StringVar(&language, "in", "curl", "curl, javascript or python")
	return cmd
}
