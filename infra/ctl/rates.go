package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
)

type (
	// exchangeRate is what one unit of a currency is in units of another; until is the day after the last.
	exchangeRate struct {
		ID    string `json:"id"`
		From  string `json:"from"`
		To    string `json:"to"`
		Value string `json:"value"`
		Since string `json:"since"`
		Until string `json:"until,omitempty"`
		Rev   int64  `json:"rev"`
	}
	rateImport struct {
		Applied   bool `json:"applied"`
		Rows      int  `json:"rows"`
		Added     int  `json:"added"`
		Changed   int  `json:"changed"`
		Unchanged int  `json:"unchanged"`
		Errors    []struct {
			Line    int    `json:"line"`
			Column  string `json:"column,omitempty"`
			Message string `json:"message"`
		} `json:"errors"`
	}
)

func rateList() shown[exchangeRate] {
	return shown[exchangeRate]{[]string{"FROM", "TO", "1 IS", "DAYS", "REV"}, func(r exchangeRate) []cell {
		return []cell{text(r.From), text(r.To), text(r.Value), text(span(r.Since, r.Until)), text(fmt.Sprint(r.Rev))}
	}}
}

func (c *command) ratesCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "rates", Short: "List exchange rates by day; set, import or delete them", Args: cobra.NoArgs,
		Long: "List exchange rates. One counts for its pair and days as it is written: nothing is drawn from its inverse or from a third currency. " +
			"A change is followed by the programs that pay in the second currency.",
		Example: "  leadline rates set USD EUR 0.92 --from 2026-11-01\n  leadline rates import rates.csv",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return show(cmd, c, limit, nil, rateList(), "exchange-rates")
		},
	}
	limitFlag(cmd, &limit)
	var since, until string
	set := &cobra.Command{
		Use: "set FROM TO VALUE", Short: "Say what one unit of a currency is in another from a day on", Args: cobra.ExactArgs(3), Example: "  leadline rates set USD EUR 0.92 --from 2026-11-01 --until 2026-12-01",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.setRate(cmd.Context(), exchangeRate{From: strings.ToUpper(args[0]), To: strings.ToUpper(args[1]), Value: args[2], Since: since, Until: until})
		},
	}
	set.Flags().StringVar(&since, "from", "", "the first `day` on which it counts")
	set.Flags().StringVar(&until, "until", "", "the `day` when it ends; no end without it")
	_ = set.MarkFlagRequired("from")
	var dry bool
	load := &cobra.Command{
		Use: "import FILE", Short: "Add and change many rates by a CSV file; - is stdin", Args: cobra.ExactArgs(1),
		Long: "Add and change many rates by a CSV file (- is stdin) whose first line names the columns: from, to, value, since, until. A row with the pair and first day of a rate that there is changes it. " +
			"All of the file is done, or, if anything is wrong with a row, nothing.",
		Example: "  leadline rates import rates.csv --dry-run",
		RunE:    func(cmd *cobra.Command, args []string) error { return c.importRates(cmd.Context(), args[0], dry) },
	}
	load.Flags().BoolVar(&dry, "dry-run", false, "tell what the file would do, and do nothing")
	cmd.AddCommand(set, load, &cobra.Command{
		Use: "delete FROM TO DAY", Short: "Delete the rate that begins on a day: what it converted counts for nothing until there is another", Args: cobra.ExactArgs(3), Example: "  leadline rates delete USD EUR 2026-11-01",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.quietly(cmd, http.MethodDelete, "Deleted.", "exchange-rates", rateID(args[0], args[1], args[2]))
		},
	})
	return cmd
}

// rateID names the rate of a pair that begins on a day, as the API does.
func rateID(from, to, since string) string {
	return strings.ToUpper(from) + "-" + strings.ToUpper(to) + "-" + since
}

// setRate changes the rate of the pair that begins on that day, or adds it if there is none.
func (c *command) setRate(ctx context.Context, r exchangeRate) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	value := map[string]string{"value": r.Value}
	if r.Until != "" {
		value["until"] = r.Until
	}
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	var a kept[exchangeRate]
	_, err = api.call(ctx, request{method: http.MethodPut, path: []string{"exchange-rates", rateID(r.From, r.To, r.Since)}, body: body}, &a)
	if hasStatus(err, http.StatusNotFound) {
		value["from"], value["to"], value["since"] = r.From, r.To, r.Since
		err = api.post(ctx, value, &a, "exchange-rates")
	}
	return showKept(c, &a, func(r exchangeRate) { rateList().print(c, r) }, err)
}

func (c *command) importRates(ctx context.Context, name string, dry bool) error {
	file, err := c.readAll(name)
	if err != nil {
		return err
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	r := request{method: http.MethodPost, path: []string{"exchange-rates", "import"}, body: file, header: http.Header{"Content-Type": {"text/csv"}}}
	if dry {
		r.query = url.Values{"dry_run": {"true"}}
	}
	var a kept[rateImport]
	if _, err := api.call(ctx, r, &a); err != nil {
		return err
	}
	if err := showKept(c, &a, func(in rateImport) { c.showRateImport(in, dry) }, nil); err != nil || len(a.is.Errors) == 0 {
		return err
	}
	return fmt.Errorf("%s wrong with %s: nothing was done", are(len(a.is.Errors), "thing is", "things are"), describeFile(name))
}

func (c *command) showRateImport(in rateImport, dry bool) {
	t := table{}
	for _, e := range in.Errors {
		where := "the rates there are"
		if e.Line > 0 {
			where = fmt.Sprintf("line %d", e.Line)
		}
		t.add(styled(red, where), text(e.Column), text(e.Message))
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
