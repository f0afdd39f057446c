package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

type (
	// taxRules is a rule set of withholding; text is there of one alone.
	taxRules struct {
		ID       string `json:"id"`
		Title    string `json:"title"`
		Country  string `json:"country"`
		Currency string `json:"currency"`
		Adviser  bool   `json:"adviser"`
		Text     string `json:"text,omitempty"`
	}
	taxAnswer struct {
		Items []taxAssessment `json:"items"`
		Note  string          `json:"note"`
	}
	taxAssessment struct {
		On       string `json:"on"`
		Currency string `json:"currency"`
		FromCash string `json:"from_cash"`
		ByPayer  string `json:"by_payer"`
		Short    string `json:"short"`
		Net      string `json:"net"`
		Lines    []struct {
			Rule    string `json:"rule"`
			Section string `json:"section"`
			Of      string `json:"of"`
			Tax     string `json:"tax"`
			Why     string `json:"why"`
		} `json:"lines"`
	}
)

func (c *command) taxCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "tax", Short: "Show rules of withholding, and what would be withheld by them", Args: cobra.NoArgs,
		Example: "  leadline tax rules\n  leadline tax rules in-2026\n  leadline tax assess --rules in-2026 --class agent --cash 25000 --on 2026-07-01 --no-tax-id",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.taxRulesCommand(), c.assessTaxCommand())
	return cmd
}

func (c *command) taxRulesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rules [ID]", Short: "List rule sets of withholding, or show one whole", Args: cobra.MaximumNArgs(1), Example: "  leadline tax rules in-2026",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return fetch(cmd, c, nil, func(r taxRules) {
					for line := range strings.Lines(r.Text) {
						c.printf("%s\n", clean(strings.TrimSuffix(line, "\n")))
					}
				}, "tax-rules", args[0])
			}
			return fetch(cmd, c, nil, func(all page[taxRules]) {
				t := table{head: []string{"ID", "TITLE", "COUNTRY", "CURRENCY", ""}}
				for _, r := range all.Items {
					note := ""
					if r.Adviser {
						note = "an example; have a tax adviser confirm it"
					}
					t.add(text(r.ID), text(r.Title), text(r.Country), text(r.Currency), text(note))
				}
				c.printf("%s", t.format(c.paint, ""))
			}, "tax-rules")
		},
	}
}

func (c *command) assessTaxCommand() *cobra.Command {
	var rules, class, cash, benefit, on, rate, round, mode string
	var missing, grossUp bool
	var earlier []string
	cmd := &cobra.Command{
		Use: "assess", Short: "Tell what would be withheld from a payment, and why. Nothing is written", Args: cobra.NoArgs,
		Long:    "Tell what would be withheld from a payment to somebody who was paid nothing yet in the tax year, but what --earlier says.",
		Example: "  leadline tax assess --rules in-2026 --class agent --cash 9500 --on 2026-05-15 --earlier 2026-04-15=12000",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var payments []any
			for _, one := range earlier {
				day, amount, found := strings.Cut(one, "=")
				if !found {
					return usagef("--earlier is a day and what was paid on it, as 2026-04-15=12000")
				}
				payments = append(payments, map[string]any{"on": day, "cash": amount})
			}
			body := map[string]any{"rules": rules, "class": class, "payments": append(payments, stated(map[string]string{"on": on, "cash": cash, "benefit": benefit}))}
			for name, value := range stated(map[string]string{"rate": rate, "round": round, "mode": mode}) {
				body[name] = value
			}
			if missing {
				body["no_tax_id"] = true
			}
			if grossUp {
				body["gross_up"] = true
			}
			return submit(cmd, c, body, c.showTax, "tax-assessments")
		},
	}
	f := cmd.Flags()
	f.StringVar(&rules, "rules", "", "the rule set, as in-2026")
	f.StringVar(&class, "class", "", "what the payee is: employee, agent, contractor, business or foreign")
	f.StringVar(&cash, "cash", "", "what is paid in money, in major units")
	f.StringVar(&benefit, "benefit", "", "the value of what is given in kind")
	f.StringVar(&on, "on", "", "the `day` of payment")
	f.StringVar(&rate, "rate", "", "the payee's own rate, as 12.5%")
	f.StringVar(&round, "round", "", "what tax is a multiple of: minor, one or ten units; as the rules say without it")
	f.StringVar(&mode, "mode", "", "how it is rounded, with --round: half_away, half_even, half_down, down, up")
	f.BoolVar(&missing, "no-tax-id", false, "the payee's tax id is missing")
	f.BoolVar(&grossUp, "gross-up", false, "the payer bears the tax on benefits in kind")
	f.StringArrayVar(&earlier, "earlier", nil, "a `payment` before in money, as 2026-04-15=12000; again for each")
	for _, name := range []string{"rules", "class", "on"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}

// stated gives the values that are not empty.
func stated(values map[string]string) map[string]any {
	given := map[string]any{}
	for name, value := range values {
		if value != "" {
			given[name] = value
		}
	}
	return given
}

func (c *command) showTax(a taxAnswer) {
	for _, one := range a.Items {
		c.printf("%s  withheld %s %s, paid %s", clean(one.On), clean(one.FromCash), clean(one.Currency), clean(one.Net))
		if one.ByPayer != "" && one.ByPayer != "0" {
			c.printf(", the payer bears %s", clean(one.ByPayer))
		}
		if one.Short != "" && one.Short != "0" {
			c.printf(", short of %s for the tax on the benefit", clean(one.Short))
		}
		c.printf("\n")
		for _, l := range one.Lines {
			c.printf("  %s\n", clean(fmt.Sprintf("%s (%s, %s): %s  %s", l.Rule, l.Section, l.Of, l.Tax, l.Why)))
		}
	}
	if a.Note != "" {
		c.printf("%s\n", clean(a.Note))
	}
}
