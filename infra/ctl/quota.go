package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// quotaState is what is told of an organization's quotas.
type quotaState struct {
	Organization string           `json:"organization"`
	Name         string           `json:"name"`
	Quotas       map[string]int64 `json:"quotas"`
	// Clients is how many clients were told of a new quota of rows.
	Clients int `json:"clients_changed"`
}

// quota is one of the quotas, by its name in the API.
type quota struct {
	name, help string
	of         func(*tenant.Quotas) *int64
}

func quotas() []quota {
	return []quota{
		{"requests_per_minute", "requests to the API in a minute", func(q *tenant.Quotas) *int64 { return &q.RequestsPerMinute }},
		{"rows_per_day", "rows that clients push in a day of UTC", func(q *tenant.Quotas) *int64 { return &q.RowsPerDay }},
		{"connections", "connections", func(q *tenant.Quotas) *int64 { return &q.Connections }},
		{"clients", "clients", func(q *tenant.Quotas) *int64 { return &q.Clients }},
		{"destinations", "destinations", func(q *tenant.Quotas) *int64 { return &q.Destinations }},
		{"api_keys", "API keys that work", func(q *tenant.Quotas) *int64 { return &q.APIKeys }},
		{"people", "people who are not off-boarded", func(q *tenant.Quotas) *int64 { return &q.People }},
	}
}

// flag is the name of a quota's flag.
func (q quota) flag() string { return strings.ReplaceAll(q.name, "_", "-") }

func (c *command) quotaCommand() *cobra.Command {
	var organization, stack string
	flags := func(cmd *cobra.Command) {
		cmd.Flags().StringVar(&organization, "organization", "", "the organization")
		_ = cmd.MarkFlagRequired("organization") // it is there
		stackFlag(cmd, &stack)
	}
	cmd := &cobra.Command{
		Use: "quota", Short: "Show what an organization may use; set it", Args: cobra.NoArgs,
		Long: "Show what an organization may use; `leadline quota set` sets it.\n\n" + groundHelp,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := c.founder(cmd.Context(), stack)
			if err != nil {
				return err
			}
			org, err := f.existing(cmd.Context(), organization)
			if err != nil {
				return err
			}
			return c.showQuotas(org, 0)
		},
	}
	flags(cmd)
	values := map[string]*int64{}
	set := &cobra.Command{
		Use: "set", Short: "Set what an organization may use; 0 for no bound", Args: cobra.NoArgs,
		Long: "Set what an organization may use; 0 for no bound. What is not named stays as it is. Functions hear of it within a minute.\n\n" + groundHelp,
		RunE: func(cmd *cobra.Command, _ []string) error {
			wanted := map[string]int64{}
			for _, q := range quotas() {
				if n := *values[q.name]; n < 0 {
					return usagef("--%s cannot be negative", q.flag())
				} else if cmd.Flags().Changed(q.flag()) {
					wanted[q.name] = n
				}
			}
			f, err := c.founder(cmd.Context(), stack)
			if err != nil {
				return err
			}
			org, changed, err := f.setQuotas(cmd.Context(), organization, wanted)
			if err != nil {
				return err
			}
			return c.showQuotas(org, changed)
		},
	}
	flags(set)
	var all []string
	for _, q := range quotas() {
		values[q.name] = set.Flags().Int64(q.flag(), 0, q.help)
		all = append(all, q.flag())
	}
	set.MarkFlagsOneRequired(all...)
	cmd.AddCommand(set)
	return cmd
}

func (c *command) showQuotas(org tenant.Organization, changed int) error {
	state := quotaState{Organization: org.ID, Name: org.Name, Quotas: map[string]int64{}, Clients: changed}
	t := table{}
	for _, q := range quotas() {
		n := *q.of(&org.Quotas)
		state.Quotas[q.name] = n
		bound := fmt.Sprint(n)
		if n == 0 {
			bound = "no bound"
		}
		t.add(text(bound), text(q.help))
	}
	if c.asJSON {
		return c.printJSON(state)
	}
	c.printf("%s (%s) may use:\n%s", clean(org.Name), org.ID, t.format(c.paint, "  "))
	if changed > 0 {
		c.printf("%s told of the rows.\n", plural(int64(changed), "client"))
	}
	return nil
}

// attempts is how often a change is tried that others come in the way of.
const attempts = 5

// setQuotas sets quotas of an organization by name and tells its clients' doors; it gives how many of these changed.
func (f founder) setQuotas(ctx context.Context, typed string, wanted map[string]int64) (tenant.Organization, int, error) {
	var org tenant.Organization
	var changes []string
	err := unlessStale(func() (err error) {
		if org, err = f.existing(ctx, typed); err != nil {
			return err
		}
		if changes = apply(&org.Quotas, wanted); len(changes) == 0 {
			return nil
		}
		org.Rev, org.UpdatedAt = org.Rev+1, f.now().UTC()
		return f.members.UpdateOrganization(ctx, org)
	})
	if err != nil {
		return org, 0, fmt.Errorf("set the quotas: %w", err)
	}
	// Also where nothing changed: an earlier run may have ended before it told the clients.
	changed, err := f.tellClients(ctx, org)
	if err != nil {
		return org, changed, fmt.Errorf("the quotas are set, but not all clients are told of the rows (do it again): %w", err)
	}
	if len(changes) == 0 {
		return org, changed, nil
	}
	return org, changed, f.note(ctx, org.ID, "set-quotas", "organization", strings.Join(changes, ", "))
}

// apply puts the wanted values in, and gives what changed.
func apply(to *tenant.Quotas, wanted map[string]int64) (changes []string) {
	for _, q := range quotas() {
		value := q.of(to)
		if n, named := wanted[q.name]; named && n != *value {
			changes = append(changes, fmt.Sprintf("%s %d -> %d", q.name, *value, n))
			*value = n
		}
	}
	return changes
}

// tellClients writes the quota of rows into what the door knows of each client.
func (f founder) tellClients(ctx context.Context, org tenant.Organization) (changed int, err error) {
	for cursor, first := "", true; first || cursor != ""; first = false {
		clients, next, err := f.members.Clients(ctx, org.ID, store.Page{Cursor: cursor, Limit: 200})
		if err != nil {
			return changed, err
		}
		for _, c := range clients {
			told, err := f.tellClient(ctx, org, c.ID)
			if err != nil {
				return changed, fmt.Errorf("client %s: %w", c.ID, err)
			}
			if told {
				changed++
			}
		}
		cursor = next
	}
	return changed, nil
}

func (f founder) tellClient(ctx context.Context, org tenant.Organization, id string) (told bool, err error) {
	err = unlessStale(func() error {
		hook, err := f.members.ClientHook(ctx, id)
		if err != nil || hook.RowsPerDay == org.Quotas.RowsPerDay {
			return err
		}
		c, err := f.members.Client(ctx, org.ID, id)
		if err != nil {
			return err
		}
		c.Rev, c.UpdatedAt = c.Rev+1, f.now().UTC()
		told = true
		return f.members.UpdateClient(ctx, c, c.HookOf(org), nil)
	})
	return told && err == nil, err
}

// unlessStale tries a change again that somebody else was faster with.
func unlessStale(change func() error) (err error) {
	for range attempts {
		err = change()
		if f := fault.Of(err); f == nil || f.Code != store.CodeStale {
			return err
		}
	}
	return err
}
