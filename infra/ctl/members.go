package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type (
	apiKey struct {
		ID        string     `json:"id"`
		Name      string     `json:"name"`
		Role      string     `json:"role"`
		Person    string     `json:"person,omitempty"`
		CreatedAt time.Time  `json:"created_at"`
		ExpiresAt *time.Time `json:"expires_at,omitempty"`
		RevokedAt *time.Time `json:"revoked_at,omitempty"`
		Works     bool       `json:"works"`
		Key       string     `json:"key,omitempty"`
	}
	person struct {
		ID     string `json:"id"`
		Email  string `json:"email"`
		Name   string `json:"name"`
		Role   string `json:"role"`
		Status string `json:"status"`
		Mail   string `json:"mail"`
		Rev    int64  `json:"rev"`
	}
	act struct {
		ID        string    `json:"id"`
		At        time.Time `json:"at"`
		Actor     string    `json:"actor"`
		ActorName string    `json:"actor_name"`
		Operation string    `json:"operation"`
		Target    string    `json:"target"`
		Outcome   string    `json:"outcome"`
		Address   string    `json:"address,omitempty"`
		Detail    string    `json:"detail,omitempty"`
	}
)

func (c *command) keysCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "keys", Short: "List the API keys of your organization; create and revoke", Args: cobra.NoArgs,
		Long: "List the API keys of your organization; create and revoke. All of it over the API, with the key that you have; `leadline key` is for the operator, who has none.",
		RunE: func(cmd *cobra.Command, _ []string) error { return show(cmd, c, limit, nil, keyList(), "keys") },
	}
	limitFlag(cmd, &limit)
	var name, role, owner string
	var expires time.Duration
	create := &cobra.Command{
		Use: "create", Short: "Make an API key", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			body := map[string]any{"name": name, "role": role}
			if owner != "" {
				body["person"] = owner
			}
			if cmd.Flags().Changed("expires-in") {
				if expires <= 0 {
					return usagef("--expires-in must be a time to come, such as 720h")
				}
				body["expires_at"] = c.now().Add(expires).UTC().Truncate(time.Second)
			}
			return submit(cmd, c, body, c.showKey, "keys")
		},
	}
	create.Flags().StringVar(&name, "name", "", "what the key is for")
	create.Flags().StringVar(&role, "role", "reader", roles()+"; ingest may only push rows and read its batches")
	create.Flags().StringVar(&owner, "person", "", "whose key it is: the id of a person")
	create.Flags().DurationVar(&expires, "expires-in", 0, "after which time it stops working by itself, such as 720h; never without it")
	_ = create.MarkFlagRequired("name") // it is there
	cmd.AddCommand(create)
	cmd.AddCommand(c.verbCommands("KEY-ID", func(cmd *cobra.Command, id, verb string) error {
		if strings.HasPrefix(id, "llk_") {
			return usagef("that is a key, not the id of one: `leadline keys` lists ids (and a key that was typed into a shell had better be revoked)")
		}
		return submit(cmd, c, nil, c.showKey, "keys", id, verb)
	}, [2]string{"revoke", "Revoke an API key, for good"})...)
	return cmd
}

func keyList() shown[apiKey] {
	return shown[apiKey]{[]string{"ID", "NAME", "ROLE", "WHOSE", "SINCE (UTC)", "STATUS"}, func(k apiKey) []cell {
		status := styled(green, "works")
		switch {
		case k.RevokedAt != nil:
			status = styled(red, "revoked "+instant(*k.RevokedAt))
		case !k.Works && k.ExpiresAt != nil:
			status = styled(red, "expired "+instant(*k.ExpiresAt))
		case k.ExpiresAt != nil:
			status.text += " until " + instant(*k.ExpiresAt)
		}
		return []cell{text(k.ID), text(k.Name), text(k.Role), text(orElse(k.Person, "-")), text(instant(k.CreatedAt)), status}
	}}
}

func (c *command) showKey(k apiKey) {
	keyList().print(c, k)
	if k.Key != "" {
		c.printf("\n%s\n\nThe key is shown only now.\n", clean(k.Key))
	}
}

func (c *command) peopleCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "people", Short: "List the people of your organization; invite, off-board, say who gets mail", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return show(cmd, c, limit, nil, personList(), "people") },
	}
	limitFlag(cmd, &limit)
	showPerson := func(p person) { personList().print(c, p) }
	var name, role string
	invite := &cobra.Command{
		Use: "invite EMAIL", Short: "Invite a person", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return submit(cmd, c, map[string]any{"email": args[0], "name": name, "role": role}, showPerson, "people")
		},
	}
	invite.Flags().StringVar(&name, "name", "", "what the person is called")
	invite.Flags().StringVar(&role, "role", "reader", roles())
	_ = invite.MarkFlagRequired("name") // it is there
	cmd.AddCommand(invite, c.mailCommand(showPerson))
	cmd.AddCommand(c.verbCommands("PERSON", func(cmd *cobra.Command, id, verb string) error {
		return submit(cmd, c, nil, showPerson, "people", id, verb)
	}, [2]string{"offboard", "Off-board a person; their API keys are revoked"})...)
	return cmd
}

// mailCommand changes nothing but what it is for: it reads the person and writes it back as it was.
func (c *command) mailCommand(show func(person)) *cobra.Command {
	return &cobra.Command{
		Use: "mail PERSON all|none", Short: "Say whether an owner or admin gets notices by e-mail", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[1] != "all" && args[1] != "none" {
				return usagef("mail is all or none")
			}
			api, err := c.client()
			if err != nil {
				return err
			}
			var p person
			if err := api.get(cmd.Context(), &p, nil, "people", args[0]); err != nil {
				return err
			}
			r := request{method: http.MethodPut, path: []string{"people", args[0]}, header: http.Header{"If-Match": {strconv.Quote(strconv.FormatInt(p.Rev, 10))}}}
			if r.body, err = json.Marshal(map[string]string{"email": p.Email, "name": p.Name, "role": p.Role, "mail": args[1]}); err != nil {
				return err
			}
			var changed kept[person]
			if _, err := api.call(cmd.Context(), r, &changed); err != nil || c.asJSON {
				return c.orJSON(changed, err)
			}
			show(changed.is)
			return nil
		},
	}
}

func personList() shown[person] {
	return shown[person]{[]string{"ID", "E-MAIL", "NAME", "ROLE", "STATUS", "MAIL"}, func(p person) []cell {
		status := statusCell(p.Status)
		if p.Status == "invited" {
			status.style = yellow
		}
		return []cell{text(p.ID), text(p.Email), text(p.Name), text(p.Role), status, text(orElse(p.Mail, "-"))}
	}}
}

func (c *command) auditCommand() *cobra.Command {
	var limit int
	var actor, operation, from, until string
	cmd := &cobra.Command{
		Use: "audit", Short: "List what was done, by whom, when and from where", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for name, value := range map[string]string{"--from": from, "--until": until} {
				if _, err := time.Parse(time.RFC3339, value); value != "" && err != nil {
					return usagef("%s is a time such as 2026-11-22T09:00:00Z", name)
				}
			}
			query := queryOf(map[string]string{"actor": actor, "operation": operation, "from": from, "until": until})
			return show(cmd, c, limit, query, shown[act]{[]string{"WHEN (UTC)", "WHO", "WHAT", "ON", "OUTCOME", "FROM", ""}, actCells}, "audit")
		},
	}
	limitFlag(cmd, &limit)
	cmd.Flags().StringVar(&actor, "actor", "", "by this key or client only; operator for the leadline command")
	cmd.Flags().StringVar(&operation, "operation", "", "this operation of the API only, such as create-client")
	cmd.Flags().StringVar(&from, "from", "", "not before this `time`")
	cmd.Flags().StringVar(&until, "until", "", "before this `time`")
	return cmd
}

func actCells(a act) []cell {
	outcome := styled(green, a.Outcome)
	if a.Outcome != "done" {
		outcome.style = red
	}
	return []cell{text(instant(a.At)), text(a.who()), text(a.Operation), text(a.Target), outcome, text(orElse(a.Address, "-")), text(a.Detail)}
}

func (a act) who() string {
	if a.ActorName == "" {
		return a.Actor
	}
	return fmt.Sprintf("%s (%s)", a.ActorName, a.Actor)
}

// quietly makes a request whose answer says nothing.
func (c *command) quietly(cmd *cobra.Command, method, said string, path ...string) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	if _, err := api.call(cmd.Context(), request{method: method, path: path}, nil); err != nil {
		return err
	}
	if !c.asJSON {
		c.printf("%s\n", said)
	}
	return nil
}
