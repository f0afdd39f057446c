package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"leadline/shared/money"
	"leadline/shared/number"
)

type (
	settledStatement struct {
		Program     string `json:"program"`
		Period      string `json:"period"`
		Participant string `json:"participant"`
		Name        string `json:"name,omitempty"`
		Revision    int    `json:"revision"`
		Final       bool   `json:"final"`
		Payer       string `json:"payer,omitempty"`
		settledSums
		Document string    `json:"document"`
		FrozenAt time.Time `json:"frozen_at"`
	}
	settledDocument struct {
		settledStatement
		Title       string              `json:"title"`
		Adjustments []settledAdjustment `json:"adjustments"`
		ByHand      []manualAdjustment  `json:"by_hand"`
		Statement   *statement          `json:"statement,omitempty"`
	}
	settledAdjustment struct {
		Period    string     `json:"period"`
		Kind      string     `json:"kind"`
		Component string     `json:"component,omitempty"`
		Record    *recordRef `json:"record,omitempty"`
		Was       string     `json:"was"`
		Now       string     `json:"now"`
		Amount    string     `json:"amount"`
		Unit      string     `json:"unit"`
		Cause     struct {
			Code    string          `json:"code"`
			Detail  string          `json:"detail"`
			Records []changedRecord `json:"records"`
		} `json:"cause"`
	}
	changedRecord struct {
		Record recordRef `json:"record"`
		Was    string    `json:"was,omitempty"`
		Now    string    `json:"now,omitempty"`
	}
	settledDifference struct {
		Participant string `json:"participant"`
		Name        string `json:"name,omitempty"`
		Frozen      sum    `json:"frozen"`
		Now         sum    `json:"now"`
	}
)

// settledStatementCommands show what was frozen for whom, and what changed since.
func (c *command) settledStatementCommands() []*cobra.Command {
	var mostStatements, mostDifferences, mostUpcoming int
	statements := c.ofProgram("statements PROGRAM PERIOD", "List the frozen statements of a period", "  leadline settlements statements prg_4f0c9a2b1x7z 2026-10", cobra.ExactArgs(2),
		func(ctx context.Context, api *client, id string, rest []string) error {
			return showList(ctx, c, api, mostStatements, settledStatementList(), settlementPath(id, rest[0], "statements")...)
		})
	limitFlag(statements, &mostStatements)
	one := c.ofProgram("statement PROGRAM PERIOD PARTICIPANT", "Show a frozen statement: its sums, what it adjusts and why, and what the period came to",
		"  leadline settlements statement prg_4f0c9a2b1x7z 2026-10 ada@example.com\n  leadline settlements statement \"Commission 2026\" 2026-10 me", cobra.ExactArgs(3),
		func(ctx context.Context, api *client, id string, rest []string) error {
			who, err := c.participant(ctx, api, rest[1])
			if err != nil {
				return err
			}
			a, err := settledWhole(ctx, api, settlementPath(id, rest[0], "statements", who)...)
			return showKept(c, &a, func(d settledDocument) { c.showSettledDocument(ctx, api, d) }, err)
		})
	differences := c.ofProgram("differences PROGRAM PERIOD", "List whose statement comes to something else since it was frozen", "  leadline settlements differences prg_4f0c9a2b1x7z 2026-10", cobra.ExactArgs(2),
		func(ctx context.Context, api *client, id string, rest []string) error {
			return showList(ctx, c, api, mostDifferences, differenceList(), settlementPath(id, rest[0], "differences")...)
		})
	limitFlag(differences, &mostDifferences)
	upcoming := c.ofProgram("upcoming PROGRAM PARTICIPANT", "List what the next settlement will adjust in locked periods of somebody, as things stand", "  leadline settlements upcoming prg_4f0c9a2b1x7z ada@example.com",
		cobra.ExactArgs(2), func(ctx context.Context, api *client, id string, rest []string) error {
			who, err := c.participant(ctx, api, rest[0])
			if err != nil {
				return err
			}
			return showList(ctx, c, api, mostUpcoming, settledAdjustmentList(), "programs", id, "participants", who, "upcoming-adjustments")
		})
	limitFlag(upcoming, &mostUpcoming)
	return []*cobra.Command{statements, one, differences, upcoming}
}

func settledStatementList() shown[settledStatement] {
	return shown[settledStatement]{[]string{"WHO", "PAYABLE", "ADJUSTED", "BY HAND", "CREDITED", "IN KIND", "POINTS", "PAYER", ""}, func(s settledStatement) []cell {
		payer := text(s.Payer)
		if s.Payer == "" {
			payer = styled(yellow, "nobody")
		}
		return []cell{text(orElse(s.Name, s.Participant)), amountCell(&s.Payable, plain), amountCell(&s.Adjusted, plain), amountCell(&s.Manual, plain), amountCell(&s.Credited, bold),
			amountCell(&s.Benefits, plain), text(figure(s.Points)), payer, s.finality()}
	}}
}

// finality says whether a statement may still change.
func (s settledStatement) finality() cell {
	if s.Final {
		return styled(green, "final")
	}
	return styled(dim, fmt.Sprintf("revision %d", s.Revision))
}

func differenceList() shown[settledDifference] {
	return shown[settledDifference]{[]string{"WHO", "FROZEN", "NOW", "DIFFERENCE"}, func(d settledDifference) []cell {
		by := sum{Minor: d.Now.Minor - d.Frozen.Minor, Currency: d.Now.Currency}
		by.Text = money.Amount{Minor: by.Minor, Currency: by.Currency}.String()
		return []cell{text(orElse(d.Name, d.Participant)), text(d.Frozen.String()), text(d.Now.String()), difference(by)}
	}}
}

func settledAdjustmentList() shown[settledAdjustment] {
	return shown[settledAdjustment]{[]string{"PERIOD", "WHAT", "RECORD", "WAS", "NOW", "DIFFERENCE", "CAUSE", ""}, func(a settledAdjustment) []cell {
		record := "all together"
		if a.Record != nil {
			record = a.Record.String()
		}
		by := styled(green, inUnit(a.Amount, a.Unit))
		if strings.HasPrefix(a.Amount, "-") {
			by.style = red
		} else {
			by.text = "+" + by.text
		}
		return []cell{text(a.Period), text(a.what()), text(record), text(inUnit(a.Was, a.Unit)), text(inUnit(a.Now, a.Unit)), by, text(inCauseWords(a.Cause.Code)), text(a.why())}
	}}
}

// what names the kind of line that is adjusted.
func (a settledAdjustment) what() string {
	switch a.Kind {
	case "component":
		return a.Component
	case "limit":
		return "limit of the plan"
	case "hold":
		return strings.TrimSpace("held back " + a.Component)
	}
	return a.Kind
}

// why tells what changed: in a sentence, with the values of the other records that moved the line.
func (a settledAdjustment) why() string {
	told := a.Cause.Detail
	for _, r := range a.Cause.Records {
		if a.Record == nil || *a.Record != r.Record {
			told += fmt.Sprintf(" %s: %s → %s.", r.Record, figure(orElse(r.Was, "-")), figure(orElse(r.Now, "-")))
		}
	}
	return strings.TrimSpace(told)
}

// inCauseWords says what kind of change a cause is.
func inCauseWords(code string) string {
	switch code {
	case "record_added":
		return "its record came to count"
	case "record_gone":
		return "its record counts no more"
	case "record_changed":
		return "its record changed"
	case "other_records":
		return "other records changed"
	case "people_changed":
		return "people changed"
	case "goals_changed":
		return "goals changed"
	case "plan_changed":
		return "the plan changed"
	case "carried_over":
		return "an earlier period changed"
	case "ranks_changed":
		return "ranks changed"
	case "rates_changed":
		return "exchange rates changed"
	case "engine_changed":
		return "it is reckoned otherwise"
	}
	return code
}

// inUnit writes an amount in major units of a currency, with all its digits, or in points.
func inUnit(exact, unit string) string {
	n, err := number.Parse(exact)
	if _, known := money.Digits(unit); err == nil && known {
		if amount, err := money.FromMajor(n, unit, number.HalfAway); err == nil {
			return thousands(amount.String())
		}
	}
	return figure(exact) + " " + unit
}

// settledWhole reads a frozen statement, with the lines and credits of all pages.
func settledWhole(ctx context.Context, api *client, path ...string) (kept[settledDocument], error) {
	var a kept[settledDocument]
	var document, inner map[string]json.RawMessage
	lists := map[string][]json.RawMessage{"lines": {}, "credits": {}}
	for query := (url.Values{"limit": {"1000"}}); ; {
		var page map[string]json.RawMessage
		if err := api.get(ctx, &page, query, path...); err != nil {
			return a, err
		}
		var part map[string]json.RawMessage
		if err := json.Unmarshal(orNull(page["statement"]), &part); err != nil {
			return a, fmt.Errorf("the answer is not understood: %w", err)
		}
		for name := range lists {
			var more []json.RawMessage
			if err := json.Unmarshal(orNull(part[name]), &more); err != nil {
				return a, fmt.Errorf("the answer is not understood: %w", err)
			}
			lists[name] = append(lists[name], more...)
		}
		if document == nil {
			document, inner = page, part
		}
		if next := textOf(part["next"]); next != "" {
			query.Set("cursor", next)
			continue
		}
		break
	}
	if inner != nil {
		delete(inner, "next")
		for name, all := range lists {
			inner[name], _ = json.Marshal(all) // each item was read as JSON
		}
		document["statement"], _ = json.Marshal(inner)
	}
	text, _ := json.Marshal(document)
	return a, json.Unmarshal(text, &a)
}

// orNull gives a value that may be absent as JSON.
func orNull(value json.RawMessage) json.RawMessage {
	if value == nil {
		return json.RawMessage("null")
	}
	return value
}

// showSettledDocument shows a frozen statement whole.
func (c *command) showSettledDocument(ctx context.Context, api *client, d settledDocument) {
	state := d.finality()
	if d.Final {
		state.text = "final: it stands in the ledger, and never changes"
	}
	c.printf("%s\n%s, %s  %s\n", c.paint.paint(bold, clean(orElse(d.Name, d.Participant))), clean(orElse(d.Title, d.Program)), clean(d.Period), c.paint.paint(state.style, clean(state.text)))
	c.showSums(d.settledSums)
	if d.Payer == "" {
		c.printf("\n%s\n", c.paint.paint(yellow, "Nobody is said to pay: `leadline payees set` says who does."))
	} else {
		c.printf("\nPaid by %s.\n", clean(d.Payer))
	}
	if len(d.Adjustments) > 0 {
		c.printf("\n%s\n", c.paint.paint(bold, "Later changes of locked periods"))
		settledAdjustmentList().print(c, d.Adjustments...)
	}
	if len(d.ByHand) > 0 {
		var by []string
		for _, m := range d.ByHand {
			by = append(by, m.By)
		}
		names := namesOf(ctx, api, by...)
		names[d.Participant] = d.Name
		c.printf("\n%s\n", c.paint.paint(bold, "By hand"))
		manualList(names).print(c, d.ByHand...)
	}
	if s := d.Statement; s != nil {
		c.printf("\n%s  %s\n", c.paint.paint(bold, "The period as it was"), clean(s.Period.String()))
		c.showVersions(*s)
		t := table{}
		if s.Rank > 0 {
			t.add(text("Rank"), text(fmt.Sprint(s.Rank)))
		}
		for _, p := range s.Prizes {
			t.add(text("Prize"), styled(cyan, p.String()))
		}
		c.printf("%s", t.format(c.paint, "  "))
		c.showReckoned(*s)
	}
	c.printf("\nFrozen at %s UTC.\n%s\n", clean(instant(d.FrozenAt)), c.paint.paint(dim, clean("document "+short(d.Document, 16))))
}
