package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

type (
	objectTemplate struct {
		Name        string  `json:"name"`
		Title       string  `json:"title"`
		Description string  `json:"description"`
		IDField     string  `json:"id_field"`
		Fields      []field `json:"fields"`
	}
	sampleRequest struct {
		Curl       string `json:"curl"`
		JavaScript string `json:"javascript"`
		Python     string `json:"python"`
	}
	onboarding struct {
		Connection string `json:"connection"`
		Done       bool   `json:"done"`
		Steps      []step `json:"steps"`
	}
	step struct {
		Step  string `json:"step"`
		Title string `json:"title"`
		Done  bool   `json:"done"`
		Next  string `json:"next,omitempty"`
	}
)

func (c *command) onboardingCommand() *cobra.Command {
	return &cobra.Command{
		Use: "onboarding CONNECTION", Short: "Show how far client software has come, and what to do next", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return fetch(cmd, c, nil, func(o onboarding) {
				t := table{}
				for _, s := range o.Steps {
					done := styled(yellow, "to do")
					if s.Done {
						done = styled(green, "done")
					}
					t.add(done, text(s.Title), styled(dim, s.Next))
				}
				c.printf("%s", t.format(c.paint, ""))
			}, "connections", args[0], "onboarding")
		},
	}
}

func (c *command) declareCommand() *cobra.Command {
	var template, sample, idField, versionField string
	cmd := &cobra.Command{
		Use: "declare CONNECTION OBJECT", Short: "Declare an object by a template or by sample rows", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			body := map[string]any{"name": args[1]}
			for name, value := range map[string]string{"template": template, "id_field": idField, "version_field": versionField} {
				if value != "" {
					body[name] = value
				}
			}
			if sample != "" {
				rows, err := c.readSampleRows(sample)
				if err != nil {
					return err
				}
				body["sample"] = rows
			}
			return submit(cmd, c, body, func(o objectSchema) {
				c.showObject(o)
				c.printf("\nIt is a draft: `leadline schema confirm %s %s` confirms it.\n", args[0], clean(o.Name))
			}, "connections", args[0], "objects")
		},
	}
	cmd.Flags().StringVar(&template, "template", "", "the name of a template: see leadline schema templates")
	cmd.Flags().StringVar(&sample, "sample", "", "a `file` of sample rows, NDJSON or a JSON array; - reads stdin")
	cmd.Flags().StringVar(&idField, "id-field", "", "the field that names a record, if not id or that of the template")
	cmd.Flags().StringVar(&versionField, "version-field", "", "the field that orders the states of a record: a time or a whole number")
	cmd.MarkFlagsOneRequired("template", "sample")
	cmd.MarkFlagsMutuallyExclusive("template", "sample")
	return cmd
}

// maxSampleRows of a sample are sent, and no more than maxSampleBytes: a declaration takes 1 MiB.
const (
	maxSampleRows  = 1000
	maxSampleBytes = 1000 << 10
)

// readSampleRows reads the first rows of a file, as many as a declaration takes.
func (c *command) readSampleRows(name string) ([]json.RawMessage, error) {
	file, err := c.openRows(name)
	if err != nil {
		return nil, err
	}
	defer file.close()
	var rows []json.RawMessage
	for bytes := 0; len(rows) < maxSampleRows; {
		row, err := file.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", describeFile(name), err)
		}
		if bytes += len(row) + 1; bytes > maxSampleBytes {
			break
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s: %w", describeFile(name), errNoRows)
	}
	return rows, nil
}

func (c *command) templatesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "templates", Short: "List the templates that an object can be declared by", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return fetch(cmd, c, nil, func(p page[objectTemplate]) {
				shown[objectTemplate]{[]string{"TEMPLATE", "TITLE", "NAMED BY", "FIELDS", ""}, func(t objectTemplate) []cell {
					return row(t.Name, t.Title, t.IDField, fmt.Sprint(len(t.Fields)), t.Description)
				}}.print(c, p.Items...)
			}, "templates")
		},
	}
}

func (c *command) sampleRequestCommand() *cobra.Command {
	var language, software string
	cmd := &cobra.Command{
		Use: "request CONNECTION OBJECT", Short: "Print a sample request with the object's own fields, ready to copy", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if language != "curl" && language != "javascript" && language != "python" {
				return usagef("there is no request in %q: want curl, javascript or python", language)
			}
			return fetch(cmd, c, queryOf(map[string]string{"client": software}), func(r sampleRequest) {
				request := map[string]string{"curl": r.Curl, "javascript": r.JavaScript, "python": r.Python}[language]
				for line := range strings.Lines(strings.TrimRight(request, "\n") + "\n") {
					c.printf("%s\n", clean(strings.TrimRight(line, "\n")))
				}
			}, "connections", args[0], "objects", args[1], "sample-request")
		},
	}
	cmd.Flags().StringVar(&language, "in", "curl", "curl, javascript or python")
	cmd.Flags().StringVar(&software, "client", "", "the clientid to write into it, if several push into the connection")
	return cmd
}
