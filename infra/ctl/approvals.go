package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"leadline/shared/money"
)

type (
	approvalPolicy struct {
		Levels    []approvalLevel    `json:"levels"`
		Delegates []approvalDelegate `json:"delegates,omitempty"`
	}
	// approvalLevel has its bounds in minor units of its currency.
	approvalLevel struct {
		Name      string   `json:"name"`
		Approvers []string `json:"approvers,omitempty"`
		Above     *int64   `json:"above,omitempty"`
		Limit     *int64   `json:"limit,omitempty"`
		Currency  string   `json:"currency,omitempty"`
	}
	approvalDelegate struct {
		From  string `json:"from"`
		To    string `json:"to"`
		Since string `json:"since,omitempty"`
		Until string `json:"until,omitempty"`
	}
)

// approvedBy says what is approved by a policy of a kind; empty if there is no such kind.
func approvedBy(kind string) string {
	return map[string]string{"settlement": "Before a period is locked", "payout": "Before a batch of payments is released", "bank": "Before a change of bank details counts"}[kind]
}

func (c *command) approvalsCommand() *cobra.Command {
	const kinds = "settlement|payout|bank"
	cmd := c.ofPolicy(kinds, "Show who approves periods, batches of payments or changes of bank details; say so", cobra.ExactArgs(1), func(ctx context.Context, api *client, kind string, _ []string) error {
		return fetchInto(ctx, c, api, nil, c.showPolicy(ctx, api, kind), "approval-policies", kind)
	})
	cmd.Use = "approvals " + kinds
	cmd.Example = "  leadline approvals settlement\n  leadline approvals settlement --json > policy.json\n  leadline approvals set settlement policy.json"
	set := c.ofPolicy("set "+kinds+" FILE", "Say who approves, all of it by a JSON file; - is stdin", cobra.ExactArgs(2), func(ctx context.Context, api *client, kind string, rest []string) error {
		body, err := c.readAll(rest[0])
		if err != nil {
			return err
		}
		if !json.Valid(body) {
			return usagef("%s is no JSON: `leadline approvals %s --json` shows what it may hold", describeFile(rest[0]), kind)
		}
		var a kept[approvalPolicy]
		_, err = api.call(ctx, request{method: http.MethodPut, path: []string{"approval-policies", kind}, body: body}, &a)
		return showKept(c, &a, c.showPolicy(ctx, api, kind), err)
	})
	set.Long = "Say who approves, all of it by a JSON file (- is stdin) such as `leadline approvals settlement --json` prints: levels with name, approvers (ids of people or API keys; with none, every admin and owner), " +
		"above and limit in minor units of currency; delegates with from, to, since and until."
	set.Example = "  leadline approvals set settlement policy.json"
	cmd.AddCommand(set)
	return cmd
}

// ofPolicy makes a command whose first argument is the kind of a policy.
func (c *command) ofPolicy(use, short string, args cobra.PositionalArgs, do func(ctx context.Context, api *client, kind string, rest []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
		if approvedBy(args[0]) == "" {
			return usagef("there is no policy %q: it is settlement, payout or bank", args[0])
		}
		api, err := c.client()
		if err != nil {
			return err
		}
		return do(cmd.Context(), api, args[0], args[1:])
	}}
}

// showPolicy shows a policy in words, people by their names.
func (c *command) showPolicy(ctx context.Context, api *client, kind string) func(approvalPolicy) {
	return func(p approvalPolicy) {
		var ids []string
		for _, l := range p.Levels {
			ids = append(ids, l.Approvers...)
		}
		for _, d := range p.Delegates {
			ids = append(ids, d.From, d.To)
		}
		names := namesOf(ctx, api, ids...)
		c.printf("%s\n", c.paint.paint(bold, approvedBy(kind)))
		if len(p.Levels) == 0 {
			c.printf("  An admin or owner approves it who had no hand in it.\n")
		}
		for i, l := range p.Levels {
			c.printf("  %d. %s  %s\n", i+1, c.paint.paint(cyan, clean(l.Name)), clean(l.inWords(names, i == len(p.Levels)-1)))
		}
		if len(p.Levels) > 0 {
			c.printf("Each level takes another person, and none who had a hand in it.\n")
		}
		for _, d := range p.Delegates {
			c.printf("%s may approve in the place of %s (%s).\n", clean(nameOf(names, d.To)), clean(nameOf(names, d.From)), clean(span(d.Since, d.Until)))
		}
	}
}

// inWords says who approves what on a level.
func (l approvalLevel) inWords(names map[string]string, last bool) string {
	who := "an admin or owner"
	if len(l.Approvers) > 0 {
		var named []string
		for _, id := range l.Approvers {
			named = append(named, nameOf(names, id))
		}
		who = strings.Join(named, " or ")
	}
	bound := func(minor int64) string { return thousands(money.Amount{Minor: minor, Currency: l.Currency}.String()) }
	told := who + " approves any total"
	if l.Above != nil {
		told = who + " approves totals above " + bound(*l.Above) + ", and any in another currency"
	}
	switch {
	case l.Limit != nil && last:
		told += "; more than " + bound(*l.Limit) + ", or another currency, is approved by nobody"
	case l.Limit != nil:
		told += "; more than " + bound(*l.Limit) + ", or another currency, takes somebody of a later level instead"
	}
	return told
}
