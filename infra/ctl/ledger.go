package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"leadline/shared/ledger"
	"leadline/shared/money"
	"leadline/shared/number"
)

// ledgerAccounts is where a participant's accounts stand.
type ledgerAccounts struct {
	Participant string          `json:"participant"`
	Rows        int64           `json:"rows"`
	Accounts    []ledgerAccount `json:"accounts"`
}

type ledgerAccount struct {
	ledger.Account
	ledger.Head
	Text string `json:"text"`
}

func (c *command) ledgerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "ledger", Short: "Show what the ledger has of a participant; verify all of it",
		Long: "The ledger is the double-entry book of what is owed and paid. Rows are only ever added; each names its cause, and is chained to the one before in its account by a hash. " +
			"When a period is locked, a root binds where all accounts stand.",
		Example: "  leadline ledger show mem_4f0c9a2b1x7z\n  leadline ledger verify",
	}
	var limit int
	shows := &cobra.Command{
		Use: "show PARTICIPANT", Short: "Show a participant's accounts and last rows; \"me\" is yourself", Args: cobra.ExactArgs(1), Example: "  leadline ledger show me --limit 20",
		RunE: func(cmd *cobra.Command, args []string) error { return c.showLedger(cmd.Context(), args[0], limit) },
	}
	limitFlag(shows, &limit)
	var root string
	verify := &cobra.Command{
		Use: "verify", Short: "Read all of the ledger, and verify on this machine that nothing of it was changed, dropped or put in", Args: cobra.NoArgs,
		Long: "Read all of the ledger by the API, and verify on this machine what it says: that each row balances and is what its hashes say, that no row is missing, doubled or out of order, that no cause was posted twice, " +
			"that balances are the sums of the rows, that the roots follow each other, and that the chains have all that the roots bind.\n\n" +
			"At the end it prints the hash of the last root. Note it somewhere else, and give it with --root the next time: then not even a ledger that was written anew as a whole is taken for the old one.",
		Example: "  leadline ledger verify\n  leadline ledger verify --root 7a81b1e6683e7b8e34247eb3e92c8f93c75f982872f7d2209c13e133a9e3806a",
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.verifyLedger(cmd.Context(), root) },
	}
	verify.Flags().StringVar(&root, "root", "", "the `hash` of a root that was noted before, which must be there")
	cmd.AddCommand(shows, verify)
	return cmd
}

// showLedger shows the accounts of a participant and the last rows.
func (c *command) showLedger(ctx context.Context, participant string, limit int) error {
	if limit < 0 {
		return usagef("--limit cannot be negative")
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	var accounts kept[ledgerAccounts]
	if err := api.get(ctx, &accounts, nil, "ledger", "participants", participant, "accounts"); err != nil {
		return err
	}
	rows, err := list[kept[ledger.Row]](ctx, api, limit, nil, "ledger", "participants", participant, "rows")
	if err != nil || c.asJSON {
		return c.orJSON(map[string]any{"accounts": accounts, "rows": rows}, err)
	}
	if len(accounts.is.Accounts) == 0 {
		c.printf("Nothing was posted for %s yet.\n", clean(participant))
		return nil
	}
	c.printf("%s: %d rows\n\n", clean(accounts.is.Participant), accounts.is.Rows)
	t := table{head: []string{"ACCOUNT", "PAYER", "ROWS", "BALANCE"}}
	for _, a := range accounts.is.Accounts {
		t.add(text(string(a.Kind)), text(a.Payer), text(strconv.FormatInt(a.Seq, 10)), text(a.Text))
	}
	c.printf("%s\n", t.format(c.paint, ""))
	t = table{head: []string{"ROW", "DATE", "WHAT", "FROM AND TO", "CAUSE"}}
	for _, r := range rows.Items {
		for n, leg := range r.is.Legs {
			cells := row("", "", "", string(leg.Kind)+"  "+amountOf(leg.Amount, leg.Unit), "")
			if n == 0 {
				cells = row(strconv.FormatInt(r.is.Number, 10), string(r.is.Date), string(r.is.Cause.Kind), string(leg.Kind)+"  "+amountOf(leg.Amount, leg.Unit), causeOf(r.is.Cause))
			}
			t.add(cells...)
		}
	}
	c.printf("%s", t.format(c.paint, ""))
	c.more(rows.Next)
	return nil
}

// amountOf writes an amount of the ledger.
func amountOf(amount int64, unit ledger.Unit) string {
	if unit == ledger.Points {
		return number.Frac(amount, ledger.PointScale).String() + " points"
	}
	return money.Amount{Minor: amount, Currency: string(unit)}.String()
}

// causeOf says why a row was posted.
func causeOf(c ledger.Cause) string {
	var parts []string
	for _, part := range []string{c.Program, c.Period, c.Component, c.Code, c.Ref} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if c.Record != nil {
		parts = append(parts, fmt.Sprintf("%s %s, rev %d to %d", c.Record.Object, c.Record.ID, c.WasRev, c.NowRev))
	}
	if c.By != "" {
		parts = append(parts, "by "+c.By)
	}
	return orElse(strings.Join(parts, ", "), c.ID)
}
