package main

import (
	"github.com/spf13/cobra"
)

type clientState struct {
	ClientID     string `json:"clientid"`
	Name         string `json:"name"`
	Connection   string `json:"connection"`
	Status       string `json:"status"`
	ClientSecret string `json:"clientSecret,omitempty"`
	PushURL      string `json:"push_url,omitempty"`
}

func (c *command) clientsCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "clients", Short: "List client software; make credentials, replace a secret, switch it off and on", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return show(cmd, c, limit, nil, clientList(), "clients") },
	}
	limitFlag(cmd, &limit)
	var name, connection string
	create := &cobra.Command{
		Use: "create", Short: "Make credentials for client software", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			body := map[string]any{"name": name}
			if connection != "" {
				body["connection"] = connection
			}
			return submit(cmd, c, body, c.showClient, "clients")
		},
	}
	create.Flags().StringVar(&name, "name", "", "what people call it")
	create.Flags().StringVar(&connection, "connection", "", "an existing connection to push into; without it a new one is made")
	_ = create.MarkFlagRequired("name") // it is there
	var overlap int
	rotate := &cobra.Command{
		Use: "rotate-secret CLIENT", Short: "Give a client a new secret", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return submit(cmd, c, map[string]any{"overlap_seconds": overlap}, c.showClient, "clients", args[0], "rotate-secret")
		},
	}
	rotate.Flags().IntVar(&overlap, "overlap", 86400, "how many seconds the old secret is still accepted")
	cmd.AddCommand(create, rotate)
	cmd.AddCommand(c.verbCommands("CLIENT", func(cmd *cobra.Command, id, verb string) error {
		return submit(cmd, c, nil, c.showClient, "clients", id, verb)
	}, [2]string{"disable", "Refuse the rows of a client"}, [2]string{"enable", "Take the rows of a client again"})...)
	return cmd
}

func clientList() shown[clientState] {
	return shown[clientState]{[]string{"CLIENTID", "NAME", "CONNECTION", "STATUS"}, func(s clientState) []cell {
		return []cell{text(s.ClientID), text(s.Name), text(s.Connection), statusCell(s.Status)}
	}}
}

// statusCell shows a status of which active is the good one.
func statusCell(status string) cell {
	if status == "active" {
		return styled(green, status)
	}
	return styled(red, status)
}

func (c *command) showClient(s clientState) {
	clientList().print(c, s)
	if s.ClientSecret != "" {
		c.printf("\nclientSecret  %s\npush URL      %s\n\nThe secret is shown only now.\n", clean(s.ClientSecret), clean(s.PushURL))
	}
}
