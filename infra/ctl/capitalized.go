package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
)

type (
	// capitalizedCommissions is what commissions are as an asset, month by month; amounts in major units.
	capitalizedCommissions struct {
		Currency   string             `json:"currency"`
		Statements int                `json:"statements"`
		Schedules  int                `json:"schedules"`
		Months     []capitalizedMonth `json:"months"`
	}
	capitalizedMonth struct {
		Month       string `json:"month"`
		Opening     string `json:"opening"`
		Capitalized string `json:"capitalized"`
		Amortized   string `json:"amortized"`
		WrittenOff  string `json:"written_off"`
		Closing     string `json:"closing"`
		Expensed    string `json:"expensed"`
	}
)

func (c *command) reportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "report", Short: "Show reports for the books: capitalized commissions", Args: cobra.NoArgs,
		Example: "  leadline report capitalized --from 2026-01 --until 2027-01 --currency EUR",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.capitalizedCommand())
	return cmd
}

func (c *command) capitalizedCommand() *cobra.Command {
	var from, until, currency, program, by, later string
	var months int
	var expedient bool
	cmd := &cobra.Command{
		Use: "capitalized", Short: "Show what commissions are as an asset, month by month (ASC 340-40)", Args: cobra.NoArgs,
		Long: "Show what commissions of deals become as an asset, what of it is expensed each month in a straight line, and what is written off when a deal is lost. " +
			"It is made of the posted statements in one currency: opening + capitalized - amortized - written off = closing.",
		Example: "  leadline report capitalized --from 2026-01 --until 2027-01 --currency EUR --months 48 --program prg_4f0c9a2b1x7z",
		RunE: func(cmd *cobra.Command, _ []string) error {
			given := map[string]string{"from": from, "until": until, "currency": currency, "program": program, "by": by, "later": later}
			if cmd.Flags().Changed("months") {
				if months < 1 {
					return usagef("--months is 1 or more")
				}
				given["months"] = strconv.Itoa(months)
			}
			if expedient {
				given["expedient"] = "true"
			}
			return fetch(cmd, c, queryOf(given), c.showCapitalized, "reports", "capitalized-commissions")
		},
	}
	f := cmd.Flags()
	f.StringVar(&from, "from", "", "the first `month`, as 2026-01")
	f.StringVar(&until, "until", "", "the `month` that ends it, which is not in it")
	f.StringVar(&currency, "currency", "", "the currency, as EUR")
	f.IntVar(&months, "months", 36, "the period of benefit, in months")
	f.StringVar(&program, "program", "", "only what this program (its id) pays; all without it")
	f.StringVar(&by, "by", "", "how the straight line is drawn: days or months; by days without it")
	f.StringVar(&later, "later", "", "what becomes of later amounts: prospectively or cumulatively; prospectively without it")
	f.BoolVar(&expedient, "expedient", false, "expense at once what is of use for a year or less")
	for _, name := range []string{"from", "until", "currency"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}

func (c *command) showCapitalized(a capitalizedCommissions) {
	c.printf("%s\n\n", clean(fmt.Sprintf("%s: %d assets, of %d statements", a.Currency, a.Schedules, a.Statements)))
	t := table{head: []string{"MONTH", "OPENING", "CAPITALIZED", "AMORTIZED", "WRITTEN OFF", "CLOSING", "EXPENSED AT ONCE"}}
	for _, m := range a.Months {
		t.add(text(m.Month), text(m.Opening), text(m.Capitalized), text(m.Amortized), text(m.WrittenOff), text(m.Closing), text(m.Expensed))
	}
	c.printf("%s", t.format(c.paint, ""))
}
