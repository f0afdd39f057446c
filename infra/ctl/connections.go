package main

import (
	"io"
	"strings"

	"github.com/spf13/cobra"
)

func (c *command) connectionsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "connections", Aliases: []string{"connection"}, Short: "List connections; test and replace their logins and keys, switch them off and on", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			all, err := list[kept[connection]](cmd.Context(), api, 0, nil, "connections")
			if err != nil || c.asJSON {
				return c.orJSON(all, err)
			}
			var connections []connection
			for _, a := range all.Items {
				connections = append(connections, a.is)
			}
			c.printf("%s", connectionTable(connections...).format(c.paint, ""))
			return nil
		},
	}
	cmd.AddCommand(c.createConnectionCommand(), c.rotateKeyCommand(), c.loginCommand(), c.authorizeCommand(), c.testConnectionCommand(), c.settingsCommand())
	for _, verb := range []string{"disable", "enable", "pause", "resume"} {
		cmd.AddCommand(&cobra.Command{
			Use: verb + " CONNECTION", Short: strings.ToUpper(verb[:1]) + verb[1:] + " a connection", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return c.changeConnection(cmd, nil, "connections", args[0], verb)
			},
		})
	}
	return cmd
}

func connectionTable(connections ...connection) *table {
	t := &table{head: []string{"ID", "CONNECTOR", "NAME", "STATUS", "ACCOUNT", "LOGIN", "SIGNING KEYS"}}
	for _, conn := range connections {
		status := styled(green, conn.Status)
		if conn.Status != "active" {
			status.style = red
		}
		keys := "none: events are refused"
		if len(conn.Keys) > 0 {
			var all []string
			for _, k := range conn.Keys {
				s := k.Fingerprint
				if k.ExpiresAt != nil {
					s += " until " + instant(*k.ExpiresAt)
				}
				all = append(all, s)
			}
			keys = strings.Join(all, ", ")
		}
		at := ""
		if conn.Account != nil {
			at = conn.Account.Name
		}
		t.add(text(conn.ID), text(conn.Connector), text(conn.Name), status, text(at), loginCell(conn.Login), text(keys))
	}
	return t
}

// loginCell says how a connection logs in.
func loginCell(l *login) cell {
	switch {
	case l == nil:
		return styled(dim, "listens only")
	case l.State == "ok":
		return styled(green, l.Kind+" "+l.Fingerprint)
	case l.Reason == "":
		return styled(red, l.State)
	}
	return styled(red, l.State+": "+l.Reason)
}

func (c *command) changeConnection(cmd *cobra.Command, body any, path ...string) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	var answer kept[connection]
	if err := api.post(cmd.Context(), body, &answer, path...); err != nil || c.asJSON {
		return c.orJSON(answer, err)
	}
	conn := answer.is
	c.printf("%s", connectionTable(conn).format(c.paint, ""))
	if conn.WebhookURL != "" {
		c.printf("\nThe provider posts to this URL. It is secret, and shown only now:\n%s\n", conn.WebhookURL)
	}
	return nil
}

func (c *command) createConnectionCommand() *cobra.Command {
	var name, key string
	cmd := &cobra.Command{
		Use: "create CONNECTOR", Short: "Connect a provider", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := c.secretFlag(key)
			if err != nil {
				return err
			}
			body := map[string]any{"connector": args[0], "name": name}
			if key != "" {
				body["signature_key"] = key
			}
			return c.changeConnection(cmd, body, "connections")
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "what people call the connection")
	cmd.Flags().StringVar(&key, "key", "", "the provider's signing key; - reads it from stdin")
	_ = cmd.MarkFlagRequired("name") // it is there
	return cmd
}

func (c *command) rotateKeyCommand() *cobra.Command {
	var key string
	var overlap int
	cmd := &cobra.Command{
		Use: "rotate-key CONNECTION", Short: "Give a connection a new signing key, or its first", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := c.secretFlag(key)
			if err != nil {
				return err
			}
			body := map[string]any{"signature_key": key, "overlap_seconds": overlap}
			return c.changeConnection(cmd, body, "connections", args[0], "rotate-key")
		},
	}
	cmd.Flags().StringVar(&key, "key", "-", "the provider's signing key; - reads it from stdin")
	cmd.Flags().IntVar(&overlap, "overlap", 86400, "how many seconds the old key is still accepted")
	return cmd
}

// secretFlag gives the value of a flag, or what stdin holds: other users of a machine can read command lines.
func (c *command) secretFlag(value string) (string, error) {
	if value != "-" {
		return value, nil
	}
	text, err := io.ReadAll(io.LimitReader(c.stdin, 8<<10))
	if err != nil {
		return "", err
	}
	if value = strings.TrimSpace(string(text)); value == "" {
		return "", usagef("stdin holds no key")
	}
	return value, nil
}
