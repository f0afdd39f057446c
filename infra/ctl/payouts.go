package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/spf13/cobra"
)

type (
	payoutMoney struct {
		Text string `json:"text"`
	}
	payoutBatch struct {
		ID       string      `json:"id"`
		Payer    string      `json:"payer"`
		PayOn    string      `json:"pay_on"`
		Format   string      `json:"format"`
		State    string      `json:"state"`
		Payments int         `json:"payments"`
		LeftOut  int         `json:"left_out"`
		Net      payoutMoney `json:"net"`
		Tax      payoutMoney `json:"tax"`
		Waiting  string      `json:"waiting,omitempty"`
		Rejected string      `json:"rejected,omitempty"`
		Work     *struct {
			Kind         string `json:"kind,omitempty"`
			Participants int64  `json:"participants"`
			Done         int64  `json:"done"`
			Error        string `json:"error,omitempty"`
		} `json:"work,omitempty"`
	}
	payment struct {
		Participant string      `json:"participant"`
		State       string      `json:"state"`
		LeftOut     string      `json:"left_out,omitempty"`
		Gross       payoutMoney `json:"gross"`
		Tax         payoutMoney `json:"tax"`
		Net         payoutMoney `json:"net"`
		EndToEnd    string      `json:"end_to_end,omitempty"`
		Reason      string      `json:"reason,omitempty"`
	}
)

func payoutList() shown[payoutBatch] {
	return shown[payoutBatch]{[]string{"ID", "PAYER", "PAID ON", "FORMAT", "STATE", "PAYMENTS", "LEFT OUT", "TAX", "NET", ""}, func(b payoutBatch) []cell {
		note := cmp.Or(b.Rejected, b.Waiting)
		if b.Work != nil && b.Work.Error != "" {
			note = b.Work.Error
		}
		return []cell{text(b.ID), text(b.Payer), text(b.PayOn), text(b.Format), text(b.State), text(fmt.Sprint(b.Payments)), text(fmt.Sprint(b.LeftOut)), text(b.Tax.Text), text(b.Net.Text), text(note)}
	}}
}

func paymentList() shown[payment] {
	return shown[payment]{[]string{"PARTICIPANT", "STATE", "GROSS", "TAX", "NET", "END TO END", ""}, func(p payment) []cell {
		return []cell{text(p.Participant), text(p.State), text(p.Gross.Text), text(p.Tax.Text), text(p.Net.Text), text(p.EndToEnd), text(cmp.Or(p.LeftOut, p.Reason))}
	}}
}

func (c *command) payoutsCommand() *cobra.Command {
	var limit int
	list := &cobra.Command{
		Use: "payouts", Aliases: []string{"payout"}, Short: "List batches of payments; make, approve, release them, fetch their bank files", Args: cobra.NoArgs,
		Example: "  leadline payouts create pyr_4f0c9a2b1x7z EUR --pay-on 2026-12-01 --format pain.001\n  leadline payouts file pay_4f0c9a2b1x7z > payments.xml",
		RunE:    func(cmd *cobra.Command, _ []string) error { return show(cmd, c, limit, nil, payoutList(), "payouts") },
	}
	limitFlag(list, &limit)
	var payments int
	paymentsOf := &cobra.Command{
		Use: "payments PAYOUT", Short: "List the payments of a batch, and who is left out", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return show(cmd, c, payments, nil, paymentList(), "payouts", args[0], "payments")
		},
	}
	limitFlag(paymentsOf, &payments)
	list.AddCommand(c.createPayoutCommand(), c.showPayoutCommand(), paymentsOf,
		c.payoutAct("approve", "Approve a batch that somebody else made", false), c.payoutAct("reject", "Refuse a batch, which cancels it", true),
		c.payoutAct("cancel", "Cancel a batch before it is released", true), c.payoutAct("release", "Release a batch, once", false), c.payoutAct("resume", "Have stuck work go on", false),
		c.payoutFileCommand(), &cobra.Command{
			Use: "return PAYOUT END_TO_END REASON", Short: "Book a payment that a bank sent back, with the bank's code", Args: cobra.ExactArgs(3),
			RunE: func(cmd *cobra.Command, args []string) error {
				in := map[string]string{"end_to_end": args[1], "reason": args[2]}
				return submit(cmd, c, in, func(p payment) { paymentList().print(c, p) }, "payouts", args[0], "returns")
			},
		})
	return list
}

func (c *command) createPayoutCommand() *cobra.Command {
	var payOn, format string
	var only []string
	cmd := &cobra.Command{
		Use: "create PAYER CURRENCY", Short: "Make a batch of what is owed, and wait until it is collected", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			in := map[string]any{"payer": args[0], "currency": args[1], "pay_on": payOn, "format": format}
			if len(only) > 0 {
				in["participants"] = only
			}
			return c.payoutWork(cmd.Context(), in, "payouts")
		},
	}
	cmd.Flags().StringVar(&payOn, "pay-on", "", "the `day` of payment")
	cmd.Flags().StringVar(&format, "format", "pain.001", "the `format` of the bank file: pain.001, nacha or csv")
	cmd.Flags().StringArrayVar(&only, "participant", nil, "a `participant` who is paid; again for the next; without, everybody")
	_ = cmd.MarkFlagRequired("pay-on")
	return cmd
}

// payoutAct is a command that does one thing with a batch, and waits for the work that follows.
func (c *command) payoutAct(act, short string, reasoned bool) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: act + " PAYOUT", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var in any
			if reasoned {
				in = map[string]string{"reason": reason}
			}
			return c.payoutWork(cmd.Context(), in, "payouts", args[0], act)
		},
	}
	if reasoned {
		cmd.Flags().StringVar(&reason, "reason", "", "the `text` that says why")
		_ = cmd.MarkFlagRequired("reason")
	}
	return cmd
}

func (c *command) showPayoutCommand() *cobra.Command {
	var watch bool
	cmd := &cobra.Command{
		Use: "show PAYOUT", Short: "Show a batch, with the progress of its work", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !watch {
				return fetch(cmd, c, nil, func(b payoutBatch) { payoutList().print(c, b) }, "payouts", args[0])
			}
			api, err := c.client()
			if err != nil {
				return err
			}
			return c.awaitPayout(cmd.Context(), api, args[0])
		},
	}
	cmd.Flags().BoolVar(&watch, "watch", false, "wait until its work is done")
	return cmd
}

// payoutWork asks for something, and waits for the work that it begins.
func (c *command) payoutWork(ctx context.Context, in any, path ...string) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	var b payoutBatch
	if err := api.post(ctx, in, &b, path...); err != nil {
		return err
	}
	return c.awaitPayout(ctx, api, b.ID)
}

// awaitPayout waits until no work of a batch goes on, and shows it.
func (c *command) awaitPayout(ctx context.Context, api *client, id string) error {
	stall, bar := c.stall(), c.progress("payments", count)
	defer bar.end()
	for {
		var a kept[payoutBatch]
		if err := api.get(ctx, &a, nil, "payouts", id); err != nil {
			return err
		}
		b := a.is
		if b.Work == nil || b.Work.Error != "" {
			bar.end()
			if err := showKept(c, &a, func(b payoutBatch) { payoutList().print(c, b) }, nil); err != nil || b.Work == nil {
				return err
			}
			return fmt.Errorf("payout %s: %s", b.ID, b.Work.Error)
		}
		bar.show(b.Work.Done, b.Work.Participants, b.Work.Kind)
		if !stall.moved(b.State, b.Work.Kind, b.Work.Done) {
			return fmt.Errorf("payout %s is still %s and nothing has happened for %s: is settle running? What is done stays done", b.ID, b.Work.Kind, longest)
		}
		if err := stall.pause(ctx); err != nil {
			return err
		}
	}
}

func (c *command) payoutFileCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "file PAYOUT", Short: "Fetch the bank file of a released batch: the same each time", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			// Go asks for it compressed, and unpacks it.
			file, _, err := api.send(cmd.Context(), http.MethodGet, api.base+"/v1/payouts/"+escapePart(args[0])+"/file", http.Header{"Authorization": {api.authorization}}, nil)
			if err != nil {
				return err
			}
			if out != "" {
				return os.WriteFile(out, file, 0o600) // accounts are in it
			}
			_, err = cmd.OutOrStdout().Write(file)
			return err
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "the `file` to write; without, it is printed")
	return cmd
}
