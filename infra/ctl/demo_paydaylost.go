package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// lose has a deal of the first month lost in the sandbox CRM, and settles the second month, which takes back what it had brought.
func (d *payday) lose(ctx context.Context) error {
	if d.crm == "" {
		d.printf("\nThere is no sandbox CRM in which a deal could be lost.\n")
		return nil
	}
	of, deal, err := d.deal(ctx)
	if err != nil {
		return err
	}
	d.printf("\n%s\n", d.paint.paint(bold, "Losing a deal of "+d.months[0]))
	body, err := json.Marshal(map[string]string{"action": "lose", "object": "opportunity", "id": deal})
	if err != nil {
		return err
	}
	if _, _, err := d.api.send(ctx, http.MethodPost, d.crm+"/_sandbox/change", http.Header{"Content-Type": {"application/json"}}, body); err != nil {
		return fmt.Errorf("the sandbox CRM: %w", err)
	}
	d.printf("  %s of %s is lost in the CRM now\n", deal, clean(orElse(of.Name, of.Participant)))
	if err := d.noticed(ctx, of.Participant); err != nil {
		return err
	}
	if err := d.close(ctx, d.months[1]); err != nil {
		return err
	}
	var next, first paydayStatement
	if err := d.api.get(ctx, &next, nil, d.statement(d.months[1], of.Participant)...); err != nil {
		return err
	}
	d.printf("\n%s\n", d.paint.paint(bold, fmt.Sprintf("What %s gets with %s: %s", clean(orElse(of.Name, of.Participant)), d.months[1], next.Credited)))
	for _, a := range next.Adjustments {
		d.printf("  %s: %s %s (%s) %s\n", a.Period, a.Amount, a.Unit, a.Cause.Code, clean(a.Cause.Detail))
	}
	if err := d.api.get(ctx, &first, nil, d.statement(d.months[0], of.Participant)...); err != nil {
		return err
	}
	if first.Document != of.Document || first.Credited != of.Credited {
		return fmt.Errorf("the locked statement of %s has changed: document %s is %s", d.months[0], of.Document, first.Document)
	}
	d.printf("  the statement of %s is what it was: %s, document %s\n", d.months[0], first.Credited, short(first.Document, 12))
	return nil
}

func (d *payday) statement(month, participant string) []string {
	return []string{"programs", d.program.ID, "settlements", month, "statements", participant}
}

// deal finds a statement of the first month that pays something, and a deal in it.
func (d *payday) deal(ctx context.Context) (paydayStatement, string, error) {
	all, err := list[paydayStatement](ctx, d.api, 0, nil, "programs", d.program.ID, "settlements", d.months[0], "statements")
	if err != nil {
		return paydayStatement{}, "", err
	}
	for _, one := range all.Items {
		var whole paydayStatement
		if err := d.api.get(ctx, &whole, nil, d.statement(d.months[0], one.Participant)...); err != nil {
			return whole, "", err
		}
		if len(whole.Statement.Credits) > 0 && whole.Payable.Minor > 0 {
			return whole, whole.Statement.Credits[0].Record.ID, nil
		}
	}
	return paydayStatement{}, "", fmt.Errorf("nobody won a deal in %s", d.months[0])
}

// noticed waits until the engine has reckoned the lost deal.
func (d *payday) noticed(ctx context.Context, participant string) error {
	stall := d.stall()
	for {
		upcoming, err := list[json.RawMessage](ctx, d.api, 1, nil, "programs", d.program.ID, "participants", participant, "upcoming-adjustments")
		if err != nil || len(upcoming.Items) > 0 {
			return err
		}
		if !stall.moved() {
			return fmt.Errorf("the lost deal does not arrive: is the webhook subscription alive?")
		}
		if err := stall.pause(ctx); err != nil {
			return err
		}
	}
}
