package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// manualAdjustment is money, points or the value of a benefit that a person gave or took by hand.
type manualAdjustment struct {
	ID          string    `json:"id"`
	Program     string    `json:"program"`
	Participant string    `json:"participant"`
	Period      string    `json:"period"`
	Kind        string    `json:"kind"`
	Amount      string    `json:"amount"`
	Unit        string    `json:"unit"`
	Reason      string    `json:"reason"`
	Dispute     string    `json:"dispute,omitempty"`
	State       string    `json:"state"`
	SettledIn   string    `json:"settled_in,omitempty"`
	By          string    `json:"by"`
	CreatedAt   time.Time `json:"created_at"`
}

// manualList shows adjustments by hand, people by their names.
func manualList(names map[string]string) shown[manualAdjustment] {
	return shown[manualAdjustment]{[]string{"ID", "WHO", "AMOUNT", "FROM PERIOD", "REASON", "BY", "SINCE (UTC)", "STATE"}, func(m manualAdjustment) []cell {
		amount := text(inUnit(m.Amount, m.Unit))
		if m.Kind == "benefit" {
			amount.text += " in kind"
		}
		if strings.HasPrefix(m.Amount, "-") {
			amount.style = red
		}
		state := styled(yellow, m.State)
		switch m.State {
		case "posted":
			state = styled(green, strings.TrimSuffix("posted with "+m.SettledIn, " with "))
		case "withdrawn":
			state.style = dim
		}
		reason := m.Reason
		if m.Dispute != "" {
			reason += " (" + m.Dispute + ")"
		}
		return []cell{text(m.ID), text(nameOf(names, m.Participant)), amount, text(m.Period), text(reason), text(nameOf(names, m.By)), text(instant(m.CreatedAt)), state}
	}}
}

// showManual shows one adjustment by hand.
func (c *command) showManual(ctx context.Context, api *client) func(manualAdjustment) {
	return func(m manualAdjustment) { manualList(namesOf(ctx, api, m.Participant, m.By)).print(c, m) }
}

func (c *command) adjustmentsCommand() *cobra.Command {
	var limit int
	cmd := c.ofProgram("adjustments PROGRAM", "List what was given or taken by hand; add an adjustment, withdraw one", "  leadline adjustments prg_4f0c9a2b1x7z\n"+
		"  leadline adjustments add prg_4f0c9a2b1x7z ada@example.com 150 --reason 'Helped with the Rollout deal'", cobra.ExactArgs(1),
		func(ctx context.Context, api *client, id string, _ []string) error {
			if limit < 0 {
				return usagef("--limit cannot be negative")
			}
			all, err := list[kept[manualAdjustment]](ctx, api, limit, nil, "programs", id, "adjustments")
			if err != nil || c.asJSON {
				return c.orJSON(all, err)
			}
			var items []manualAdjustment
			var ids []string
			for _, item := range all.Items {
				items, ids = append(items, item.is), append(ids, item.is.Participant, item.is.By)
			}
			manualList(namesOf(ctx, api, ids...)).print(c, items...)
			c.more(all.Next)
			return nil
		})
	cmd.Long = "List what was given or taken by hand, newest first. It stands beside what is reckoned, so that no recalculation touches it, and is posted with the next period that is settled. " +
		"Whoever adds to a period does not approve it."
	limitFlag(cmd, &limit)
	cmd.AddCommand(c.addAdjustmentCommand(),
		c.ofProgram("show PROGRAM ADJUSTMENT", "Show an adjustment by hand", "  leadline adjustments show prg_4f0c9a2b1x7z adj_4f0c9a2b1x7z", cobra.ExactArgs(2),
			func(ctx context.Context, api *client, id string, rest []string) error {
				return fetchInto(ctx, c, api, nil, c.showManual(ctx, api), "programs", id, "adjustments", rest[0])
			}),
		c.ofProgram("withdraw PROGRAM ADJUSTMENT", "Withdraw an adjustment by hand that is pending", "  leadline adjustments withdraw prg_4f0c9a2b1x7z adj_4f0c9a2b1x7z", cobra.ExactArgs(2),
			func(ctx context.Context, api *client, id string, rest []string) error {
				return submitInto(ctx, c, api, nil, c.showManual(ctx, api), "programs", id, "adjustments", rest[0], "withdraw")
			}))
	return cmd
}

func (c *command) addAdjustmentCommand() *cobra.Command {
	var reason, kind, period, dispute, key string
	cmd := c.ofProgram("add PROGRAM PARTICIPANT AMOUNT", "Give or take money, points or a benefit in kind by hand, with a reason",
		"  leadline adjustments add prg_4f0c9a2b1x7z ada@example.com 150 --reason 'Helped with the Rollout deal'\n"+
			"  leadline adjustments add prg_4f0c9a2b1x7z ada@example.com 250 --kind points --reason 'First of the week'\n"+
			"  leadline adjustments add --reason 'Paid twice' -- prg_4f0c9a2b1x7z ada@example.com -150", cobra.ExactArgs(3),
		func(ctx context.Context, api *client, id string, rest []string) error {
			who, err := c.participant(ctx, api, rest[0])
			if err != nil {
				return err
			}
			in := map[string]string{"participant": who, "amount": rest[1], "reason": reason, "kind": kind}
			for name, value := range map[string]string{"period": period, "dispute": dispute} {
				if value != "" {
					in[name] = value
				}
			}
			body, err := json.Marshal(in)
			if err != nil {
				return fmt.Errorf("write the request: %w", err)
			}
			attempt := orElse(key, rand.Text())
			var a kept[manualAdjustment]
			_, err = api.call(ctx, request{method: http.MethodPost, path: []string{"programs", id, "adjustments"}, body: body, header: http.Header{"Idempotency-Key": {attempt}}}, &a)
			if errors.Is(err, errUnreachable) {
				return &halfway{err, fmt.Sprintf("It may have been added: the same again with --idempotency-key %s adds it once.", attempt)}
			}
			return showKept(c, &a, c.showManual(ctx, api), err)
		})
	cmd.Long = "Give or take money, points or a benefit in kind by hand. AMOUNT is in major units of the program's currency, or in points. One below 0 takes away: it stands behind --, or it would be taken for a flag."
	f := cmd.Flags()
	f.StringVar(&reason, "reason", "", "why, for who gets it: it is shown on the statement")
	f.StringVar(&kind, "kind", "money", "money, points, or benefit for the value of something given in kind")
	f.StringVar(&period, "period", "", "the first `period` that it may be settled with, such as 2026-11; the present one without it")
	f.StringVar(&dispute, "dispute", "", "the `id` of the dispute that it resolves")
	f.StringVar(&key, "idempotency-key", "", "the `key` of an attempt that was not answered, so that nothing is added twice")
	_ = cmd.MarkFlagRequired("reason")
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		if _, flag, found := strings.Cut(err.Error(), "unknown shorthand flag: '"); found && strings.ContainsAny(flag[:1], "0123456789.") {
			return usagef("an amount below 0 stands behind --: leadline adjustments add --reason 'Paid twice' -- PROGRAM PARTICIPANT -150")
		}
		return err
	})
	return cmd
}
