package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type (
	clientState struct {
		ClientID     string `json:"clientid"`
		Name         string `json:"name"`
		Connection   string `json:"connection"`
		Status       string `json:"status"`
		ClientSecret string `json:"clientSecret,omitempty"`
		PushURL      string `json:"push_url,omitempty"`
	}
	act struct {
		At        time.Time `json:"at"`
		Actor     string    `json:"actor"`
		ActorName string    `json:"actor_name"`
		Operation string    `json:"operation"`
		Target    string    `json:"target"`
		Outcome   string    `json:"outcome"`
		Address   string    `json:"address,omitempty"`
	}
	noticeState struct {
		ID      string     `json:"id"`
		At      time.Time  `json:"at"`
		Kind    string     `json:"kind"`
		Subject string     `json:"subject"`
		Text    string     `json:"text"`
		ReadAt  *time.Time `json:"read_at,omitempty"`
	}
)

// show lists what is at a path as a table; cells gives the cells of an item.
func show[T any](c *command, limit *int, head []string, cells func(T) []cell, parts ...string) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		all, err := list[T](cmd.Context(), api, *limit, nil, parts...)
		if err != nil || c.asJSON {
			return c.orJSON(all, err)
		}
		t := table{head: head}
		for _, item := range all.Items {
			t.add(cells(item)...)
		}
		c.printf("%s", t.format(c.paint, ""))
		c.more(all.Next)
		return nil
	}
}

func (c *command) clientsCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{Use: "clients", Short: "List client software; make credentials, replace a secret, switch it off and on", Args: cobra.NoArgs}
	limitFlag(cmd, &limit)
	cmd.RunE = show(c, &limit, clientHead(), clientCells, "clients")
	var name, connection string
	create := &cobra.Command{
		Use: "create", Short: "Make credentials for client software", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			body := map[string]any{"name": name}
			if connection != "" {
				body["connection"] = connection
			}
			return c.changeClient(cmd, body, "clients")
		},
	}
	create.Flags().StringVar(&name, "name", "", "what people call it")
	create.Flags().StringVar(&connection, "connection", "", "an existing connection to push into; without it a new one is made")
	_ = create.MarkFlagRequired("name") // it is there
	var overlap int
	rotate := &cobra.Command{
		Use: "rotate-secret CLIENT", Short: "Give a client a new secret", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.changeClient(cmd, map[string]any{"overlap_seconds": overlap}, "clients", args[0], "rotate-secret")
		},
	}
	rotate.Flags().IntVar(&overlap, "overlap", 86400, "how many seconds the old secret is still accepted")
	cmd.AddCommand(create, rotate)
	for _, verb := range []string{"disable", "enable"} {
		cmd.AddCommand(&cobra.Command{
			Use: verb + " CLIENT", Short: strings.ToUpper(verb[:1]) + verb[1:] + " a client", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return c.changeClient(cmd, nil, "clients", args[0], verb)
			},
		})
	}
	return cmd
}

func clientHead() []string { return []string{"CLIENTID", "NAME", "CONNECTION", "STATUS"} }

func clientCells(s clientState) []cell { return row(s.ClientID, s.Name, s.Connection, s.Status) }

func (c *command) changeClient(cmd *cobra.Command, body any, path ...string) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	var s clientState
	if err := api.post(cmd.Context(), body, &s, path...); err != nil || c.asJSON {
		return c.orJSON(s, err)
	}
	t := table{head: clientHead()}
	t.add(clientCells(s)...)
	c.printf("%s", t.format(c.paint, ""))
	if s.ClientSecret != "" {
		c.printf("\nclientSecret  %s\npush URL      %s\n\nThe secret is shown only now.\n", s.ClientSecret, s.PushURL)
	}
	return nil
}

func (c *command) auditCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{Use: "audit", Short: "List what was done, by whom, when and from where", Args: cobra.NoArgs}
	limitFlag(cmd, &limit)
	cmd.RunE = show(c, &limit, []string{"WHEN (UTC)", "WHO", "WHAT", "ON", "OUTCOME", "FROM"}, func(a act) []cell {
		outcome := styled(green, a.Outcome)
		if a.Outcome != "done" {
			outcome.style = red
		}
		who := a.Actor
		if a.ActorName != "" {
			who = fmt.Sprintf("%s (%s)", a.ActorName, a.Actor)
		}
		return []cell{text(instant(a.At)), text(who), text(a.Operation), text(a.Target), outcome, text(a.Address)}
	}, "audit")
	return cmd
}

func (c *command) noticesCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{Use: "notices", Short: "List what needs attention", Args: cobra.NoArgs}
	limitFlag(cmd, &limit)
	cmd.RunE = show(c, &limit, []string{"WHEN (UTC)", "WHAT", "ABOUT", ""}, func(n noticeState) []cell {
		return []cell{text(instant(n.At)), styled(yellow, n.Kind), text(n.Subject), text(n.Text)}
	}, "notices")
	return cmd
}
