package main

import (
	"net/http"

	"github.com/spf13/cobra"
)

type payer struct {
	ID          string   `json:"id,omitempty"`
	Name        string   `json:"name"`
	Country     string   `json:"country"`
	Address     []string `json:"address,omitempty"`
	TaxRules    string   `json:"tax_rules,omitempty"`
	OriginID    string   `json:"origin_id,omitempty"`
	Destination string   `json:"destination,omitempty"`
	Account     string   `json:"account,omitempty"`
	Archived    bool     `json:"archived,omitempty"`
	Confirmed   *struct {
		By string `json:"by"`
	} `json:"confirmed,omitempty"`
}

func payerList() shown[payer] {
	return shown[payer]{[]string{"ID", "NAME", "COUNTRY", "TAX RULES", "ACCOUNT", ""}, func(p payer) []cell {
		rules := text(orElse(p.TaxRules, "withholds nothing"))
		if p.TaxRules != "" && p.Confirmed == nil {
			rules = styled(yellow, p.TaxRules+", not confirmed")
		}
		status := text("")
		if p.Archived {
			status = styled(dim, "archived")
		}
		return []cell{text(p.ID), text(p.Name), text(p.Country), rules, ending(p.Account), status}
	}}
}

func (c *command) payersCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "payers", Short: "List who pays; add and change payers, confirm their tax rules", Args: cobra.NoArgs,
		Long:    "List who pays: legal entities with an account to pay from and the tax rules that they go by. Whoever pays by such rules has a tax adviser confirm them first.",
		Example: "  leadline payers add --name 'Acme Sales Ltd' --country IN --tax-rules in-2026\n  leadline payers bank-details pyr_4f0c9a2b1x7z --file account.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return show(cmd, c, limit, nil, payerList(), "payers")
		},
	}
	limitFlag(cmd, &limit)
	print := func(p payer) { payerList().print(c, p) }
	var made payer
	add := &cobra.Command{
		Use: "add", Short: "Add a payer", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			return submitInto(cmd.Context(), c, api, made, print, "payers")
		},
	}
	payerFlags(add, &made)
	var set payer
	change := &cobra.Command{
		Use: "set PAYER", Short: "Change a payer: what is left out of name, country and the rest is empty then", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return sendPut(cmd, c, set, print, "payers", args[0]) },
	}
	payerFlags(change, &set)
	confirm := &cobra.Command{
		Use: "confirm PAYER RULES", Short: "Say that a tax adviser confirmed the rules that a payer withholds by", Args: cobra.ExactArgs(2), Example: "  leadline payers confirm pyr_4f0c9a2b1x7z in-2026",
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			return submitInto(cmd.Context(), c, api, map[string]string{"tax_rules": args[1]}, print, "payers", args[0], "confirm-tax-rules")
		},
	}
	cmd.AddCommand(add, change, confirm, &cobra.Command{
		Use: "show PAYER", Short: "Show a payer", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return fetch(cmd, c, nil, print, "payers", args[0]) },
	}, &cobra.Command{
		Use: "archive PAYER", Short: "Archive a payer: nobody is given to it any more", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.quietly(cmd, http.MethodPost, "Archived.", "payers", args[0], "archive")
		},
	}, c.bankDetailsCommand("bank-details PAYER", "Ask to change the account that a payer pays from", "payers"))
	return cmd
}

func payerFlags(cmd *cobra.Command, p *payer) {
	f := cmd.Flags()
	f.StringVar(&p.Name, "name", "", "the `name` as its bank knows it")
	f.StringVar(&p.Country, "country", "", "the two `letters` of its country, such as IN")
	f.StringArrayVar(&p.Address, "address", nil, "a `line` of its address, for bank files; again for the next")
	f.StringVar(&p.TaxRules, "tax-rules", "", "the `id` of the rules that it withholds tax by")
	f.StringVar(&p.OriginID, "origin-id", "", "the company's `id` in NACHA files")
	f.StringVar(&p.Destination, "destination", "", "the routing `number` of the bank that NACHA files go to")
	_ = cmd.MarkFlagRequired("name")
	_ = cmd.MarkFlagRequired("country")
}
