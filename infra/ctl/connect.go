package main

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/spf13/cobra"
)

// loginFlags are what a connection is to log in with. Secrets come from files, stdin or the environment: other users of a
// machine can read command lines.
type loginFlags struct {
	keyFile, keyEnv, clientID, secretFile string
}

func (l *loginFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&l.keyFile, "api-key-file", "", "the `file` that holds the API key; - reads it from stdin")
	cmd.Flags().StringVar(&l.keyEnv, "api-key-env", "", "the environment `variable` that holds the API key")
	cmd.Flags().StringVar(&l.clientID, "client-id", "", "for OAuth: the id of the app that is registered at the provider")
	cmd.Flags().StringVar(&l.secretFile, "client-secret-file", "", "for OAuth: the `file` that holds the app's secret; - reads it from stdin")
	cmd.MarkFlagsMutuallyExclusive("api-key-file", "api-key-env", "client-id")
	cmd.MarkFlagsRequiredTogether("client-id", "client-secret-file")
	cmd.MarkFlagsOneRequired("api-key-file", "api-key-env", "client-id")
}

// body gives the login as the API takes it.
func (l *loginFlags) body(c *command) (map[string]any, error) {
	if l.clientID != "" {
		secret, err := c.secretIn(l.secretFile)
		return map[string]any{"kind": "oauth2", "client_id": l.clientID, "client_secret": secret}, err
	}
	key := strings.TrimSpace(c.getenv(l.keyEnv))
	if l.keyEnv != "" && key == "" {
		return nil, usagef("the environment variable %s holds no key", l.keyEnv)
	}
	if l.keyEnv == "" {
		var err error
		if key, err = c.secretIn(l.keyFile); err != nil {
			return nil, err
		}
	}
	return map[string]any{"kind": "api_key", "api_key": key}, nil
}

// secretIn reads a secret from a file.
func (c *command) secretIn(name string) (string, error) {
	if name == "-" {
		return c.secretFlag(name)
	}
	text, err := c.readAll(name)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", usagef("%s holds no key", name)
	}
	return secret, nil
}

func (c *command) connectCommand() *cobra.Command {
	var name, base string
	var login loginFlags
	cmd := &cobra.Command{
		Use: "connect CONNECTOR", Short: "Connect a provider and test the login", Args: cobra.ExactArgs(1),
		Long: "Connect a provider and test the login at once: account and user at the provider are shown, and which permissions are missing.\n\n" +
			"Without a login, to listen only: leadline connections create.",
		RunE: func(cmd *cobra.Command, args []string) error {
			with, err := login.body(c)
			if err != nil {
				return err
			}
			body := map[string]any{"connector": args[0], "name": name, "login": with}
			if base != "" {
				body["base_url"] = base
			}
			return submit(cmd, c, body, c.showLogin, "connections")
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "what people call the connection")
	cmd.Flags().StringVar(&base, "base-url", "", "where the provider's API stands, if not in its usual place: a sandbox")
	_ = cmd.MarkFlagRequired("name") // it is there
	login.add(cmd)
	return cmd
}

func (c *command) loginCommand() *cobra.Command {
	var other bool
	var login loginFlags
	cmd := &cobra.Command{
		Use: "login CONNECTION", Short: "Log in with something else; the old login works on until the new one is tested", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := login.body(c)
			if err != nil {
				return err
			}
			if other {
				body["accept_other_account"] = true
			}
			return c.putConnection(cmd, body, args[0], "login")
		},
	}
	cmd.Flags().BoolVar(&other, "accept-other-account", false, "it may be another account of the provider than before")
	login.add(cmd)
	return cmd
}

func (c *command) authorizeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "authorize CONNECTION", Short: "Show where a person agrees to a login by OAuth, again", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return submit(cmd, c, map[string]any{}, c.showLogin, "connections", args[0], "authorize")
		},
	}
}

func (c *command) testConnectionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "test CONNECTION", Short: "Ask the provider who we are and what we may do", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return submit(cmd, c, nil, c.showLogin, "connections", args[0], "test")
		},
	}
}

func (c *command) settingsCommand() *cobra.Command {
	var name, base string
	cmd := &cobra.Command{
		Use: "settings CONNECTION", Short: "Change name and base URL of a connection", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body := map[string]any{}
			if cmd.Flags().Changed("name") {
				body["name"] = name
			}
			if cmd.Flags().Changed("base-url") {
				body["base_url"] = base
			}
			return c.putConnection(cmd, body, args[0], "settings")
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "what people call the connection")
	cmd.Flags().StringVar(&base, "base-url", "", "where the provider's API stands; empty for its usual place")
	cmd.MarkFlagsOneRequired("name", "base-url")
	return cmd
}

func (c *command) putConnection(cmd *cobra.Command, body map[string]any, path ...string) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	var a kept[connection]
	r := request{method: http.MethodPut, path: append([]string{"connections"}, path...), body: text}
	if _, err := api.call(cmd.Context(), r, &a); err != nil || c.asJSON {
		return c.orJSON(a, err)
	}
	c.showLogin(a.is)
	return nil
}

// showLogin shows a connection and what a test of its login told.
func (c *command) showLogin(conn connection) {
	c.printf("%s", connectionTable(conn).format(c.paint, ""))
	if i := conn.Identity; i != nil {
		who := i.User.Name
		if i.User.Email != "" {
			who += " <" + i.User.Email + ">"
		}
		c.printf("\nLogged in to the account %s (%s) as %s.\n", clean(i.Account.Name), clean(i.Account.ID), clean(who))
	}
	if len(conn.MissingPermissions) > 0 {
		t := &table{head: []string{"MISSING PERMISSION", "NEEDED FOR"}}
		for _, m := range conn.MissingPermissions {
			t.add(styled(yellow, m.Permission), text(m.Needed))
		}
		c.printf("\n%s", t.format(c.paint, ""))
	}
	if conn.AuthorizeURL != "" {
		c.printf("\nOpen this within 15 minutes, and agree:\n%s\n", clean(conn.AuthorizeURL))
	}
	if conn.WebhookURL != "" {
		c.printf("\nThe provider posts to this URL. It is secret, and shown only now:\n%s\n", conn.WebhookURL)
	}
}
