package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// incentives lists the parts of the section incentive, which can be asked for alone, too: how fast a company is reckoned in
// memory, what a change of a deal costs, and how soon leaderboard and statement show it.
func incentives() []string { return []string{"incentive-speed", "incentive-cost", "incentive-delay"} }

const (
	incentiveSection = "incentive"
	// calculateQueue brings what is to be reckoned.
	calculateQueue = "CalculateQueue"
	// buildPatience is how long a program may take to be live.
	buildPatience = 5 * time.Minute
)

// plan is a program that is live, of an organization that is reached over HTTP.
type plan struct {
	baseURL, key, connection string
	program, period          string
}

// send asks the API for a change, and reads the answer if made is not nil.
func (p *plan) send(ctx context.Context, method, path string, body, made any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, p.baseURL+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+p.key)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %d %.500s", method, path, response.StatusCode, answer)
	}
	if err != nil || made == nil {
		return err
	}
	return json.Unmarshal(answer, made)
}

// listed reads all pages of a list of the API.
func listed[T any](ctx context.Context, p *plan, path string) ([]T, error) {
	var all []T
	for cursor := ""; ; {
		query := "limit=200"
		if cursor != "" {
			query += "&cursor=" + url.QueryEscape(cursor)
		}
		joint := "?"
		if strings.Contains(path, "?") {
			joint = "&"
		}
		var page struct {
			Items []T
			Next  string
		}
		if err := get(ctx, p.baseURL+path+joint+query, p.key, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			return all, nil
		}
	}
}

// publish makes a program of the template that pays 10 % of won deals, by month, and publishes it. With managers, whoever leads
// the owner of a deal has credit for it, too. settle lets happen what brings it about, and is called until the program is live.
func (p *plan) publish(ctx context.Context, managers bool, settle func(context.Context) error) error {
	var made struct {
		ID    string
		Draft json.RawMessage
	}
	if err := p.send(ctx, http.MethodPost, "/v1/program-templates/percent_of_won_deals", map[string]any{
		"connection": p.connection, "name": "Won deals", "answers": map[string]string{"rate": "10%", "period": "month"}, "publish": !managers}, &made); err != nil {
		return err
	}
	if managers {
		definition, err := withManagers(made.Draft)
		if err != nil {
			return err
		}
		path := "/v1/programs/" + made.ID
		if err := p.send(ctx, http.MethodPut, path, map[string]any{"name": "Won deals", "definition": definition}, nil); err != nil {
			return err
		}
		if err := p.send(ctx, http.MethodPost, path+"/publish", struct{}{}, nil); err != nil {
			return err
		}
	}
	p.program, p.period = made.ID, time.Now().UTC().Format("2006-01")
	for begin := time.Now(); time.Since(begin) < buildPatience; {
		if err := settle(ctx); err != nil {
			return err
		}
		var now struct {
			Status   string
			Building *struct{ Run struct{ Phase, Error string } }
		}
		if err := get(ctx, p.baseURL+"/v1/programs/"+p.program, p.key, &now); err != nil {
			return err
		}
		switch {
		case now.Status == "live":
			return nil
		case now.Building != nil && now.Building.Run.Phase == "failed":
			return fmt.Errorf("the program is not built: %s", now.Building.Run.Error)
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("the program is not live within %v", buildPatience)
}

// withManagers has the managers of a deal's owner share in the credit of all components of a definition.
func withManagers(definition json.RawMessage) (map[string]any, error) {
	var d map[string]any
	if err := json.Unmarshal(definition, &d); err != nil {
		return nil, fmt.Errorf("the template's definition: %w", err)
	}
	components, _ := d["components"].([]any)
	for _, one := range components {
		if c, ok := one.(map[string]any); ok {
			c["credit"] = map[string]any{"rules": []any{map[string]string{"kind": "direct"}, map[string]string{"kind": "rollup"}}}
		}
	}
	if len(components) == 0 {
		return nil, errors.New("the template's definition has no components")
	}
	return d, nil
}

// openDeal is a deal that may be won, with the member that it belongs to.
type openDeal struct{ id, owner string }

// openDeals gives deals that are open and would count for somebody if they were won.
func (p *plan) openDeals(ctx context.Context) ([]openDeal, error) {
	type row struct {
		ID     string
		Values struct {
			Status   string          `json:"status_type"`
			Owner    string          `json:"owner.id"`
			Currency string          `json:"value_currency"`
			Value    json.RawMessage `json:"annualized_value"`
		}
	}
	rows, err := listed[row](ctx, p, "/v1/views/close-user_close_opportunity_view/rows")
	if err != nil {
		return nil, err
	}
	var all []openDeal
	for _, r := range rows {
		v := r.Values
		if v.Status == "active" && v.Owner != "" && v.Currency == "USD" && len(v.Value) > 0 && string(v.Value) != "null" {
			all = append(all, openDeal{r.ID, v.Owner})
		}
	}
	return all, nil
}

// counted gives how many credits the leaderboard counts for each participant.
func (p *plan) counted(ctx context.Context) (map[string]int, error) {
	type standing struct {
		Participant string
		Figures     []struct{ Credits int }
	}
	board, err := listed[standing](ctx, p, "/v1/programs/"+p.program+"/standings")
	all := map[string]int{}
	for _, s := range board {
		for _, f := range s.Figures {
			all[s.Participant] += f.Credits
		}
	}
	return all, err
}

// statementPath is where somebody's statement of the present period is.
func (p *plan) statementPath(participant string) string {
	return "/v1/programs/" + p.program + "/participants/" + url.PathEscape(participant) + "/statements/" + p.period
}

// stated tells whether a statement names a deal.
func (p *plan) stated(ctx context.Context, d openDeal) (bool, error) {
	for cursor := ""; ; {
		path := p.baseURL + p.statementPath(d.owner) + "?limit=200"
		if cursor != "" {
			path += "&cursor=" + url.QueryEscape(cursor)
		}
		var page struct {
			Credits []struct{ Record struct{ ID string } }
			Next    string
		}
		if err := get(ctx, path, p.key, &page); err != nil {
			return false, err
		}
		for _, c := range page.Credits {
			if c.Record.ID == d.id {
				return true, nil
			}
		}
		if cursor = page.Next; cursor == "" {
			return false, nil
		}
	}
}
