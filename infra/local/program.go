package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// demoTemplate is what the demo organization's program is made of, with all of its answers left out.
const demoTemplate = "percent_of_won_deals"

// demoRates are what the sandbox's other currencies are worth in dollars. They are made up.
func demoRates() [][2]string { return [][2]string{{"EUR", "1.08"}, {"GBP", "1.27"}, {"JPY", "0.0067"}} }

// program has the demo organization earn by what was imported: exchange rates, and a program from a template that is live at
// once. What is there already stays.
func (s seeder) program(ctx context.Context, d *demo) error {
	if d.CRM.Program != "" {
		return nil
	}
	for _, rate := range demoRates() {
		body := map[string]string{"from": rate[0], "to": "USD", "since": "2020-01-01", "value": rate[1]}
		status, answer, err := s.call(ctx, d.AdminKey, http.MethodPost, "/v1/exchange-rates", body)
		if err != nil {
			return err
		}
		if status != http.StatusCreated && status != http.StatusConflict { // there already
			return fmt.Errorf("demo exchange rates: the API answers %d: %s", status, problemTitle(answer))
		}
	}
	var made struct{ ID string }
	if err := s.post(ctx, d.AdminKey, "program", "/v1/program-templates/"+demoTemplate, map[string]any{
		"connection": d.CRM.Connection, "publish": true, "from": sinceMonths(time.Now(), 2)}, &made); err != nil {
		return err
	}
	d.CRM.Program = made.ID
	return s.keep(*d)
}

// sinceMonths gives the first day of the month so many months before one: the demo's program has months behind it that can be settled and
// paid.
func sinceMonths(now time.Time, months int) string {
	return time.Date(now.UTC().Year(), now.UTC().Month()-time.Month(months), 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// earn makes the program, and says when it is live.
func (i importing) earn(ctx context.Context) {
	if err := i.seeder.program(ctx, i.demo); err != nil {
		if ctx.Err() == nil {
			i.warn("there is no program: %v", err)
		}
		return
	}
	for range 600 {
		var now struct{ Status string }
		if err := i.one(ctx, "/v1/programs/"+i.demo.CRM.Program, &now); err == nil && now.Status == "live" {
			i.print("  program: 10 %% of won deals is live; try .local/bin/leadline standings --watch")
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
	i.warn("the program is not live yet; see .local/bin/leadline programs")
}
