package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// memberImport is what a file of members does.
type memberImport struct {
	Applied   bool `json:"applied"`
	Rows      int  `json:"rows"`
	Unchanged int  `json:"unchanged"`
	Added     int  `json:"added"`
	Changed   int  `json:"changed"`
	Errors    []struct {
		Line    int    `json:"line"`
		Column  string `json:"column"`
		Message string `json:"message"`
	} `json:"errors"`
	Changes []struct {
		Member string   `json:"member"`
		Name   string   `json:"name"`
		Added  bool     `json:"added"`
		What   []string `json:"what"`
	} `json:"changes"`
}

func (c *command) importMembersCommand() *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Say what is so of many members, by a CSV file; - is stdin", Args: cobra.ExactArgs(1),
		Long: "Say what is so of many members, by a CSV file (- is stdin). `leadline members export` writes one to begin with.\n\n" +
			"The first line names the columns: member, email, name, manager, role, teams, active, access, from, until. An empty cell says nothing, - says that there is none. " +
			"All of the file is done, or, if anything is wrong with a row, nothing.",
		RunE: func(cmd *cobra.Command, args []string) error { return c.importMembers(cmd, args[0], dry) },
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "tell what the file would do, and do nothing")
	return cmd
}

func (c *command) importMembers(cmd *cobra.Command, name string, dry bool) error {
	file, err := c.readAll(name)
	if err != nil {
		return err
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	r := request{method: http.MethodPost, path: []string{"members", "import"}, body: file, header: http.Header{"Content-Type": {"text/csv"}}}
	if dry {
		r.query = url.Values{"dry_run": {"true"}}
	}
	var a kept[memberImport]
	if _, err := api.call(cmd.Context(), r, &a); err != nil {
		return err
	}
	if c.asJSON {
		err = c.orJSON(a, nil)
	} else {
		c.showImport(a.is, dry)
	}
	if err == nil && len(a.is.Errors) > 0 {
		return fmt.Errorf("%d things are wrong with %s: nothing was done", len(a.is.Errors), describeFile(name))
	}
	return err
}

// readAll reads a file; - is stdin.
func (c *command) readAll(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(c.stdin)
	}
	return os.ReadFile(name)
}

func (c *command) showImport(in memberImport, dry bool) {
	t := table{}
	for _, e := range in.Errors {
		t.add(styled(red, fmt.Sprintf("line %d", e.Line)), text(e.Column), text(e.Message))
	}
	for _, change := range in.Changes {
		what := "changes"
		if change.Added {
			what = "is added"
		}
		t.add(text(change.Name), text(what), text(strings.Join(change.What, ", ")))
	}
	c.printf("%s", t.format(c.paint, ""))
	did := "Done"
	if dry {
		did = "A dry run: nothing was done. The file has"
	}
	if in.Applied || dry {
		c.printf("%s: %d rows, %d added, %d changed, %d say what is so already.\n", did, in.Rows, in.Added, in.Changed, in.Unchanged)
	}
}

func (c *command) exportMembersCommand() *cobra.Command {
	var output, at string
	cmd := &cobra.Command{
		Use: "export", Short: "Write all members as a CSV file, to be changed and imported", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			target := api.base + "/v1/members/export"
			if query := queryOf(map[string]string{"at": at}); len(query) > 0 {
				target += "?" + query.Encode()
			}
			file, _, err := api.send(cmd.Context(), http.MethodGet, target, http.Header{"Authorization": {api.authorization}}, nil)
			if err != nil {
				return err
			}
			if output != "" {
				return os.WriteFile(output, file, 0o600)
			}
			_, err = c.stdout.Write(file)
			return err
		},
	}
	atFlag(cmd, &at)
	cmd.Flags().StringVar(&output, "output", "", "write into this `file` instead of stdout")
	return cmd
}
