package main

import (
	"net/url"
	"time"

	"github.com/spf13/cobra"
)

type (
	disputedLine struct {
		Of         string `json:"of"`
		Component  string `json:"component,omitempty"`
		Credit     string `json:"credit,omitempty"`
		Limit      int    `json:"limit,omitempty"`
		Period     string `json:"period,omitempty"`
		Adjustment string `json:"adjustment,omitempty"`
	}
	disputeMessage struct {
		By   string    `json:"by"`
		At   time.Time `json:"at"`
		Text string    `json:"text"`
	}
	disputeShown struct {
		ID          string           `json:"id"`
		Program     string           `json:"program"`
		Period      string           `json:"period"`
		Participant string           `json:"participant"`
		Name        string           `json:"name,omitempty"`
		Line        disputedLine     `json:"line"`
		State       string           `json:"state"`
		Overdue     bool             `json:"overdue"`
		Amount      string           `json:"amount"`
		Unit        string           `json:"unit"`
		Deadline    time.Time        `json:"deadline"`
		Messages    []disputeMessage `json:"messages"`
		Resolution  *struct {
			Reason     string `json:"reason"`
			Adjustment string `json:"adjustment,omitempty"`
			Amount     string `json:"amount,omitempty"`
			Unit       string `json:"unit,omitempty"`
		} `json:"resolution,omitempty"`
	}
	newDispute struct {
		Program     string       `json:"program"`
		Period      string       `json:"period"`
		Participant string       `json:"participant,omitempty"`
		Line        disputedLine `json:"line"`
		Text        string       `json:"text"`
	}
)

func disputeList() shown[disputeShown] {
	return shown[disputeShown]{[]string{"ID", "OF", "PERIOD", "LINE", "AMOUNT", "BY (UTC)", "STATE"}, func(d disputeShown) []cell {
		line := d.Line.Of
		for _, part := range []string{d.Line.Component, d.Line.Credit, d.Line.Period, d.Line.Adjustment} {
			if part != "" {
				line += " " + part
			}
		}
		state := text(d.State)
		switch {
		case d.Overdue:
			state = styled(red, d.State+", overdue")
		case d.State == "open":
			state = styled(yellow, d.State)
		}
		return []cell{text(d.ID), text(orElse(d.Name, d.Participant)), text(d.Period), text(line), text(d.Amount + " " + d.Unit), text(instant(d.Deadline)), state}
	}}
}

// printDispute shows a dispute with what was said.
func (c *command) printDispute(d disputeShown) {
	disputeList().print(c, d)
	said := shown[disputeMessage]{[]string{"AT (UTC)", "BY", "SAID"}, func(m disputeMessage) []cell {
		return []cell{text(instant(m.At)), text(m.By), text(m.Text)}
	}}
	for _, m := range d.Messages {
		said.print(c, m)
	}
	if r := d.Resolution; r != nil {
		ended := shown[string]{[]string{"ENDED WITH", "REASON"}, func(reason string) []cell {
			with := "no adjustment"
			if r.Adjustment != "" {
				with = r.Amount + " " + r.Unit + " (" + r.Adjustment + ")"
			}
			return []cell{text(with), text(reason)}
		}}
		ended.print(c, r.Reason)
	}
}

func (c *command) disputesCommand() *cobra.Command {
	var limit int
	var of, state string
	var mine, overdue bool
	cmd := &cobra.Command{
		Use: "disputes", Short: "List what people object to in statements; open, answer and end disputes", Args: cobra.NoArgs,
		Example: "  leadline disputes --overdue\n  leadline disputes open prg_4f0c9a2b1x7z 2026-10 --line component --component commission --text 'The deal of Acme is missing'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			query := url.Values{}
			for name, value := range map[string]string{"participant": of, "state": state} {
				if value != "" {
					query.Set(name, value)
				}
			}
			for name, set := range map[string]bool{"mine": mine, "overdue": overdue} {
				if set {
					query.Set(name, "true")
				}
			}
			return show(cmd, c, limit, query, disputeList(), "disputes")
		},
	}
	limitFlag(cmd, &limit)
	f := cmd.Flags()
	f.StringVar(&of, "of", "", "those of this `participant`; me is yourself")
	f.StringVar(&state, "state", "", "open, answered, resolved, rejected or withdrawn")
	f.BoolVar(&mine, "mine", false, "those that you opened")
	f.BoolVar(&overdue, "overdue", false, "those that should have ended")
	one := &cobra.Command{
		Use: "show DISPUTE", Short: "Show a dispute with what was said", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return fetch(cmd, c, nil, c.printDispute, "disputes", args[0])
		},
	}
	cmd.AddCommand(one, c.openDisputeCommand(), c.resolveDisputeCommand(), c.sayCommand("answer", "Answer a dispute, as an admin", "text"),
		c.sayCommand("reply", "Add to a dispute that you opened, or that is about your statement", "text"), c.sayCommand("reject", "Reject a dispute, as an admin", "reason"), c.disputeDaysCommand())
	cmd.AddCommand(c.verbCommands("DISPUTE", func(cmd *cobra.Command, id, verb string) error { return c.actOnDispute(cmd, id, verb, nil) },
		[2]string{"withdraw", "Withdraw a dispute that you opened"})...)
	return cmd
}

func (c *command) actOnDispute(cmd *cobra.Command, id, verb string, in any) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	return submitInto(cmd.Context(), c, api, in, c.printDispute, "disputes", id, verb)
}

func (c *command) openDisputeCommand() *cobra.Command {
	var d newDispute
	cmd := &cobra.Command{
		Use: "open PROGRAM PERIOD", Short: "Dispute a statement, or a line of it", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			d.Program, d.Period = args[0], args[1]
			return submitInto(cmd.Context(), c, api, d, c.printDispute, "disputes")
		},
	}
	f := cmd.Flags()
	f.StringVar(&d.Participant, "of", "", "whose statement it is; yours if left out")
	f.StringVar(&d.Line.Of, "line", "statement", "statement, component, limit, hold, prize, adjustment or by_hand")
	f.StringVar(&d.Line.Component, "component", "", "the `name` of the component")
	f.StringVar(&d.Line.Credit, "credit", "", "the `id` of the credit that the line names")
	f.IntVar(&d.Line.Limit, "limit", 0, "the `place` of the limit in the definition, from 0")
	f.StringVar(&d.Line.Period, "period", "", "the locked `period` that an adjustment changes")
	f.StringVar(&d.Line.Adjustment, "adjustment", "", "the `id` of an adjustment by hand")
	f.StringVar(&d.Text, "text", "", "what is wrong with it")
	_ = cmd.MarkFlagRequired("text")
	return cmd
}

// sayCommand is an act that says something under the name of a field.
func (c *command) sayCommand(verb, short, field string) *cobra.Command {
	var said string
	cmd := &cobra.Command{
		Use: verb + " DISPUTE", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.actOnDispute(cmd, args[0], verb, map[string]string{field: said})
		},
	}
	cmd.Flags().StringVar(&said, field, "", "what you say, for the others to read")
	_ = cmd.MarkFlagRequired(field)
	return cmd
}

func (c *command) resolveDisputeCommand() *cobra.Command {
	var in struct {
		Kind   string `json:"kind,omitempty"`
		Amount string `json:"amount"`
		Reason string `json:"reason"`
	}
	cmd := &cobra.Command{
		Use: "resolve DISPUTE", Short: "Resolve a dispute by an adjustment, which the next settlement takes up", Args: cobra.ExactArgs(1),
		Example: "  leadline disputes resolve dsp_4f0c9a2b1x7z --amount 150.00 --reason 'The deal of Acme was yours'",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.actOnDispute(cmd, args[0], "resolve", in)
		},
	}
	f := cmd.Flags()
	f.StringVar(&in.Kind, "kind", "", "money (the default), points or benefit")
	f.StringVar(&in.Amount, "amount", "", "in the program's `currency`, or points; below 0 it takes away")
	f.StringVar(&in.Reason, "reason", "", "why: it is shown on the statement")
	for _, name := range []string{"amount", "reason"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}

// disputeDays is within how many days disputes are to end.
type disputeDays struct {
	Days int `json:"days"`
}

func (c *command) disputeDaysCommand() *cobra.Command {
	var in disputeDays
	cmd := &cobra.Command{
		Use: "deadline", Short: "Show or set within how many days disputes are to end", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			print := func(d disputeDays) { c.printf("Disputes are to end within %d days.\n", d.Days) }
			if in.Days == 0 {
				return fetch(cmd, c, nil, print, "dispute-settings")
			}
			return sendPut(cmd, c, in, print, "dispute-settings")
		},
	}
	cmd.Flags().IntVar(&in.Days, "days", 0, "set it to so many `days`")
	return cmd
}
