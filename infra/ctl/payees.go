package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type (
	paymentProfile struct {
		Participant string `json:"participant,omitempty"`
		Name        string `json:"name,omitempty"`
		Payer       string `json:"payer"`
		LegalName   string `json:"legal_name"`
		Country     string `json:"country"`
		Class       string `json:"class"`
		Rate        string `json:"rate,omitempty"`
		GrossUp     bool   `json:"gross_up,omitempty"`
		Held        string `json:"held,omitempty"`
		TaxID       string `json:"tax_id,omitempty"`
		Account     string `json:"account,omitempty"`
	}
	bankDetails struct {
		Holder  string `json:"holder"`
		Country string `json:"country"`
		IBAN    string `json:"iban,omitempty"`
		BIC     string `json:"bic,omitempty"`
		Account string `json:"account,omitempty"`
		Code    string `json:"code,omitempty"`
		Type    string `json:"type,omitempty"`
	}
	bankChange struct {
		ID          string     `json:"id"`
		Of          string     `json:"of"`
		Name        string     `json:"name,omitempty"`
		What        string     `json:"what"`
		Hint        string     `json:"hint"`
		State       string     `json:"state"`
		Holder      string     `json:"holder,omitempty"`
		Country     string     `json:"country,omitempty"`
		RequestedBy string     `json:"requested_by"`
		RequestedAt time.Time  `json:"requested_at"`
		ExpiresAt   time.Time  `json:"expires_at"`
		DecidedBy   string     `json:"decided_by,omitempty"`
		DecidedAt   *time.Time `json:"decided_at,omitempty"`
		Reason      string     `json:"reason,omitempty"`
	}
)

// ending shows the last characters of an account or id.
func ending(hint string) cell {
	if hint == "" {
		return styled(dim, "none")
	}
	return text("..." + hint)
}

func profileList() shown[paymentProfile] {
	return shown[paymentProfile]{[]string{"PARTICIPANT", "LEGAL NAME", "PAYER", "CLASS", "COUNTRY", "ACCOUNT", "TAX ID", ""}, func(p paymentProfile) []cell {
		status := styled(green, "is paid")
		switch {
		case p.Held != "":
			status = styled(yellow, "held: "+p.Held)
		case p.Account == "":
			status = styled(yellow, "no account")
		}
		return []cell{text(p.Participant), text(p.LegalName), text(p.Payer), text(p.Class), text(p.Country), ending(p.Account), ending(p.TaxID), status}
	}}
}

func bankChangeList() shown[bankChange] {
	return shown[bankChange]{[]string{"ID", "OF", "WHAT", "ENDS WITH", "HOLDER", "ASKED BY", "SINCE (UTC)", "STATE"}, func(b bankChange) []cell {
		holder := b.Holder
		if b.Country != "" {
			holder += " (" + b.Country + ")"
		}
		state := text(strings.TrimSuffix(b.State+": "+b.Reason, ": "))
		if b.State == "waiting" {
			state = styled(yellow, "waits until "+instant(b.ExpiresAt))
		}
		return []cell{text(b.ID), text(orElse(b.Name, b.Of)), text(map[string]string{"bank": "account", "tax_id": "tax id"}[b.What]), ending(b.Hint), text(orElse(holder, "-")),
			text(b.RequestedBy), text(instant(b.RequestedAt)), state}
	}}
}

func (c *command) payeesCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "payees", Short: "List how participants are paid; set account and tax id; decide about changes", Args: cobra.NoArgs,
		Long: "List how participants are paid. Accounts and tax ids are sealed: only their last characters are shown. A change of them counts once an admin accepts it who did not ask for it.",
		Example: "  leadline payees set mem_4f0c9a2b1x7z --payer pyr_4f0c9a2b1x7z --legal-name 'Joe Doe' --country IN --class agent\n" +
			"  leadline payees bank-details me --file account.json\n  leadline payees changes --state waiting",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return show(cmd, c, limit, nil, profileList(), "payment-profiles")
		},
	}
	limitFlag(cmd, &limit)
	one := &cobra.Command{
		Use: "show PARTICIPANT", Short: "Show how a participant is paid; me is yourself", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return fetch(cmd, c, nil, func(p paymentProfile) { profileList().print(c, p) }, "participants", args[0], "payment-profile")
		},
	}
	cmd.AddCommand(one, c.setProfileCommand(), c.taxIDCommand(), c.bankDetailsCommand("bank-details PARTICIPANT", "Ask to change the account that a participant is paid to; me is yourself", "participants"))
	cmd.AddCommand(c.bankChangeCommands()...)
	return cmd
}

func (c *command) setProfileCommand() *cobra.Command {
	var p paymentProfile
	cmd := &cobra.Command{
		Use: "set PARTICIPANT", Short: "Say who pays a participant, and what the participant is to the tax law", Args: cobra.ExactArgs(1),
		Example: "  leadline payees set mem_4f0c9a2b1x7z --payer pyr_4f0c9a2b1x7z --legal-name 'Joe Doe' --country IN --class agent",
		RunE: func(cmd *cobra.Command, args []string) error {
			return sendPut(cmd, c, p, func(p paymentProfile) { profileList().print(c, p) }, "participants", args[0], "payment-profile")
		},
	}
	f := cmd.Flags()
	f.StringVar(&p.Payer, "payer", "", "the `id` of who pays")
	f.StringVar(&p.LegalName, "legal-name", "", "the `name` as the participant's bank knows it")
	f.StringVar(&p.Country, "country", "", "the two `letters` of where the participant is taxed, such as IN")
	f.StringVar(&p.Class, "class", "", "employee, agent, contractor, business or foreign")
	f.StringVar(&p.Rate, "rate", "", "the participant's own tax `rate` where a rule asks for one, such as 0.3")
	f.BoolVar(&p.GrossUp, "gross-up", false, "the payer bears the tax on benefits in kind")
	f.StringVar(&p.Held, "held", "", "the `reason` why the participant is not paid for now")
	for _, name := range []string{"payer", "legal-name", "country", "class"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}

// taxIDCommand reads the id from a file or stdin: as an argument, others on the machine would see it.
func (c *command) taxIDCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "tax-id PARTICIPANT", Short: "Ask to change the tax id of a participant; me is yourself", Args: cobra.ExactArgs(1),
		Long:    "Ask to change the tax id of a participant (me is yourself). It is read from a file, so that no other program and no history of the shell sees it.",
		Example: "  leadline payees tax-id me --file -",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := c.readAll(file)
			if err != nil {
				return err
			}
			return c.askChange(cmd, map[string]string{"tax_id": strings.TrimSpace(string(id))}, "participants", args[0], "tax-id")
		},
	}
	cmd.Flags().StringVar(&file, "file", "-", "the `file` with the id; - is stdin")
	return cmd
}

// bankDetailsCommand asks for a change of the account of a participant or payer.
func (c *command) bankDetailsCommand(use, short, of string) *cobra.Command {
	var b bankDetails
	var file string
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(1),
		Long: short + ". The details come from a file of JSON, with holder, country and iban, or account, code and type, or from flags, which other programs on the machine can see. " +
			"They count once an admin accepts them who did not ask for it.",
		RunE: func(cmd *cobra.Command, args []string) error {
			in := b
			if file != "" {
				text, err := c.readAll(file)
				if err != nil {
					return err
				}
				if err := json.Unmarshal(text, &in); err != nil {
					return fmt.Errorf("%s is no JSON of bank details", describeFile(file)) // the error may quote them
				}
			} else if in == (bankDetails{}) {
				return usagef("say the details in a file (--file) or by flags")
			}
			return c.askChange(cmd, in, of, args[0], "bank-details")
		},
	}
	f := cmd.Flags()
	f.StringVar(&file, "file", "", "the JSON `file` with the details; - is stdin")
	f.StringVar(&b.Holder, "holder", "", "the `name` of whose account it is")
	f.StringVar(&b.Country, "country", "", "the two `letters` of where the account is, such as DE")
	f.StringVar(&b.IBAN, "iban", "", "the account's `IBAN`")
	f.StringVar(&b.BIC, "bic", "", "the bank's `BIC`")
	f.StringVar(&b.Account, "account", "", "the `number` of an account without IBAN")
	f.StringVar(&b.Code, "code", "", "the bank's `code`: IFSC, routing number, sort code")
	f.StringVar(&b.Type, "type", "", "checking or savings")
	return cmd
}

func (c *command) askChange(cmd *cobra.Command, in any, path ...string) error {
	return sendPut(cmd, c, in, func(b bankChange) {
		bankChangeList().print(c, b)
		c.printf("It counts once another admin accepts it: leadline payees accept %s\n", b.ID)
	}, path...)
}

// sendPut puts in at a path and shows the answer.
func sendPut[T any](cmd *cobra.Command, c *command, in any, show func(T), path ...string) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("write the request: %w", err)
	}
	var a kept[T]
	_, err = api.call(cmd.Context(), request{method: http.MethodPut, path: path, body: body}, &a)
	return showKept(c, &a, show, err)
}

func (c *command) bankChangeCommands() []*cobra.Command {
	var limit int
	var of, state string
	list := &cobra.Command{
		Use: "changes", Short: "List changes of accounts and tax ids, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			query := url.Values{}
			if of != "" {
				query.Set("of", of)
			}
			if state != "" {
				query.Set("state", state)
			}
			return show(cmd, c, limit, query, bankChangeList(), "bank-changes")
		},
	}
	limitFlag(list, &limit)
	list.Flags().StringVar(&of, "of", "", "those of this participant or payer")
	list.Flags().StringVar(&state, "state", "", "waiting, accepted, refused, lapsed or withdrawn")
	decide := func(cmd *cobra.Command, id, verb string, in any) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		return submitInto(cmd.Context(), c, api, in, func(b bankChange) { bankChangeList().print(c, b) }, "bank-changes", id, verb)
	}
	var reason string
	refuse := &cobra.Command{
		Use: "refuse CHANGE", Short: "Refuse a change of an account or tax id", Args: cobra.ExactArgs(1), Example: "  leadline payees refuse chg_4f0c9a2b1x7z --reason 'Joe says that he did not ask for it'",
		RunE: func(cmd *cobra.Command, args []string) error {
			return decide(cmd, args[0], "refuse", map[string]string{"reason": reason})
		},
	}
	refuse.Flags().StringVar(&reason, "reason", "", "why, for who asked for it")
	_ = refuse.MarkFlagRequired("reason")
	all := []*cobra.Command{list, refuse, {
		Use: "change CHANGE", Short: "Show a change of an account or tax id", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return fetch(cmd, c, nil, func(b bankChange) { bankChangeList().print(c, b) }, "bank-changes", args[0])
		},
	}}
	return append(all, c.verbCommands("CHANGE", func(cmd *cobra.Command, id, verb string) error { return decide(cmd, id, verb, nil) },
		[2]string{"accept", "Accept a change of an account or tax id that somebody else asked for"}, [2]string{"withdraw", "Withdraw a change of an account or tax id"})...)
}
