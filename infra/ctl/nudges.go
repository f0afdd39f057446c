package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type (
	nudgeState struct {
		ID          string     `json:"id"`
		At          time.Time  `json:"at"`
		Participant string     `json:"participant"`
		Rule        string     `json:"rule"`
		Period      string     `json:"period,omitempty"`
		Outcome     string     `json:"outcome"`
		Why         string     `json:"why,omitempty"`
		Until       *time.Time `json:"until,omitempty"`
		Posts       []struct {
			Channel string `json:"channel"`
			Subject string `json:"subject,omitempty"`
			State   string `json:"state"`
			Problem string `json:"problem,omitempty"`
		} `json:"posts"`
	}
	inboxState struct {
		ID      string     `json:"id"`
		At      time.Time  `json:"at"`
		Kind    string     `json:"kind"`
		Subject string     `json:"subject"`
		Text    string     `json:"text"`
		ReadAt  *time.Time `json:"read_at,omitempty"`
	}
	nudgePreferences struct {
		Language   string          `json:"language,omitempty"`
		Zone       string          `json:"zone,omitempty"`
		QuietHours json.RawMessage `json:"quiet_hours,omitempty"`
		Off        bool            `json:"off,omitempty"`
		Mutes      []nudgeMute     `json:"mutes"`
		SlackUser  string          `json:"slack_user,omitempty"`
	}
	nudgeMute struct {
		Rule    string `json:"rule,omitempty"`
		Channel string `json:"channel,omitempty"`
	}
)

// became says in a word what became of a nudge, by each channel.
func (n nudgeState) became() cell {
	switch n.Outcome {
	case "held":
		return styled(yellow, "held: "+n.Why)
	case "suppressed":
		return styled(dim, "not told: "+n.Why)
	}
	var ways []string
	st := green
	for _, p := range n.Posts {
		way := p.Channel
		if p.State != "sent" {
			way += " " + p.State
		}
		if p.State == "failed" || p.State == "unknown" {
			st = red
		}
		ways = append(ways, way)
	}
	return styled(st, strings.Join(ways, ", "))
}

func (n nudgeState) subject() string {
	for _, p := range n.Posts {
		if p.Subject != "" {
			return p.Subject
		}
	}
	return ""
}

func (c *command) nudgesCommand() *cobra.Command {
	var limit int
	var rule, participant, outcome string
	cmd := &cobra.Command{
		Use: "nudges", Short: "List what people were told of where they stand, and what they were not and why; say how", Args: cobra.NoArgs,
		Example: "  leadline nudges --outcome suppressed\n  leadline nudges mute near_tier --channel email",
		RunE: func(cmd *cobra.Command, _ []string) error {
			query := url.Values{}
			for name, value := range map[string]string{"rule": rule, "participant": participant, "outcome": outcome} {
				if value != "" {
					query.Set(name, value)
				}
			}
			return show(cmd, c, limit, query, shown[nudgeState]{[]string{"WHEN (UTC)", "WHO", "RULE", "PERIOD", "BECAME", ""}, func(n nudgeState) []cell {
				return []cell{text(instant(n.At)), text(n.Participant), text(n.Rule), text(n.Period), n.became(), text(n.subject())}
			}}, "nudges")
		},
	}
	limitFlag(cmd, &limit)
	cmd.Flags().StringVar(&rule, "rule", "", "only those of a rule")
	cmd.Flags().StringVar(&participant, "participant", "", "only those of a member")
	cmd.Flags().StringVar(&outcome, "outcome", "", "only those that were sent, held or suppressed")
	cmd.AddCommand(c.nudgeFileCommand("settings", "Show by what ways people are told, and when; or set it by a JSON file (- is stdin)", 0, "nudge-settings"),
		c.nudgeRulesCommand(), c.nudgeFileCommand("rule RULE", "Show a rule, or add or change it by a JSON file (- is stdin)", 1, "nudge-rules"),
		c.nudgeWordingCommand(), c.nudgePreviewCommand(), c.nudgeSlackCommand(), c.muteCommand("mute", "Opt out of a rule, a channel, or a rule by a channel; of everything with --all", true),
		c.muteCommand("unmute", "Take a mute back", false))
	return cmd
}

func (c *command) nudgeRulesCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "rules", Short: "List the rules by which people are told where they stand", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			type ruleState struct {
				ID       string   `json:"id"`
				Kind     string   `json:"kind"`
				Off      bool     `json:"off,omitempty"`
				Channels []string `json:"channels"`
			}
			return show(cmd, c, limit, nil, shown[ruleState]{[]string{"RULE", "KIND", "ON", "BY"}, func(r ruleState) []cell {
				on := styled(green, "on")
				if r.Off {
					on = styled(dim, "off")
				}
				return []cell{text(r.ID), text(r.Kind), on, text(strings.Join(r.Channels, ", "))}
			}}, "nudge-rules")
		},
	}
	limitFlag(cmd, &limit)
	return cmd
}

// nudgeFileCommand shows what is at a path, or replaces it by a file. names is how many arguments the path takes.
func (c *command) nudgeFileCommand(use, about string, names int, path string) *cobra.Command {
	return &cobra.Command{
		Use: use + " [FILE]", Short: about, Args: cobra.RangeArgs(names, names+1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r := request{method: http.MethodGet, path: append([]string{path}, args[:names]...)}
			if len(args) > names {
				body, err := c.readAll(args[names])
				if err != nil {
					return err
				}
				r.method, r.body = http.MethodPut, body
			}
			err := c.showAsItIs(cmd, r)
			if r.method == http.MethodPut && names == 1 && hasStatus(err, http.StatusNotFound) {
				return c.addByFile(cmd, path, args[0], r.body)
			}
			return err
		},
	}
}

// addByFile adds what is not there yet: the file with its id.
func (c *command) addByFile(cmd *cobra.Command, path, id string, file []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(file, &fields); err != nil {
		return fmt.Errorf("the file is not a JSON object: %w", err)
	}
	var err error
	if fields["id"], err = json.Marshal(id); err != nil {
		return err
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return c.showAsItIs(cmd, request{method: http.MethodPost, path: []string{path}, body: body})
}

// showAsItIs prints the JSON of an answer.
func (c *command) showAsItIs(cmd *cobra.Command, r request) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	var answer json.RawMessage
	if _, err := api.call(cmd.Context(), r, &answer); err != nil {
		return err
	}
	return c.printJSON(answer)
}

func (c *command) nudgeWordingCommand() *cobra.Command {
	var subject, words string
	var remove bool
	cmd := &cobra.Command{
		Use: "wording RULE LANGUAGE CHANNEL", Short: "Say how a rule says what it tells, in a language, by a channel (or all)", Args: cobra.ExactArgs(3),
		Example: "  leadline nudges wording near_tier de all --subject \"Noch {left}\" --text \"Nur noch {left}, {name}.\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			path := []string{"nudge-rules", args[0], "wordings", args[1], args[2]}
			if remove {
				return c.quietly(cmd, http.MethodDelete, "Deleted.", path...)
			}
			body, err := json.Marshal(map[string]string{"subject": subject, "text": words})
			if err != nil {
				return err
			}
			return c.showAsItIs(cmd, request{method: http.MethodPut, path: path, body: body})
		},
	}
	cmd.Flags().StringVar(&subject, "subject", "", "what heads it, but in Slack")
	cmd.Flags().StringVar(&words, "text", "", "what it says; placeholders stand in braces")
	cmd.Flags().BoolVar(&remove, "delete", false, "delete the wording, so that the default counts again")
	cmd.MarkFlagsOneRequired("text", "delete")
	return cmd
}

func (c *command) nudgePreviewCommand() *cobra.Command {
	var channel, language, subject, words string
	cmd := &cobra.Command{
		Use: "preview RULE", Short: "See what a wording would say, of made-up values", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in := map[string]string{"channel": channel}
			for name, value := range map[string]string{"language": language, "subject": subject, "text": words} {
				if value != "" {
					in[name] = value
				}
			}
			body, err := json.Marshal(in)
			if err != nil {
				return err
			}
			return c.showAsItIs(cmd, request{method: http.MethodPost, path: []string{"nudge-rules", args[0], "preview"}, body: body})
		},
	}
	cmd.Flags().StringVar(&channel, "channel", "email", "inbox, email or slack")
	cmd.Flags().StringVar(&language, "language", "", "a tag such as de")
	cmd.Flags().StringVar(&subject, "subject", "", "a subject to be tried")
	cmd.Flags().StringVar(&words, "text", "", "a text to be tried; the one that counts without it")
	return cmd
}

func (c *command) nudgeSlackCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "slack FILE", Short: "Set Slack's incoming webhook, which is read from a file (- is stdin), for it is a secret", Args: cobra.ExactArgs(1),
		Example: "  leadline nudges slack - < webhook.txt",
		RunE: func(cmd *cobra.Command, args []string) error {
			webhook, err := c.readAll(args[0])
			if err != nil {
				return err
			}
			body, err := json.Marshal(map[string]string{"webhook": strings.TrimSpace(string(webhook))})
			if err != nil {
				return err
			}
			return c.showAsItIs(cmd, request{method: http.MethodPut, path: []string{"nudge-settings", "slack"}, body: body})
		},
	}
	cmd.AddCommand(&cobra.Command{
		Use: "test", Short: "Send a message to try it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.showAsItIs(cmd, request{method: http.MethodPost, path: []string{"nudge-settings", "slack", "test"}})
		},
	}, &cobra.Command{
		Use: "delete", Short: "Take the webhook away", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.quietly(cmd, http.MethodDelete, "Deleted.", "nudge-settings", "slack")
		},
	})
	return cmd
}

// muteCommand opts out of something, or in again: a change of the preferences as they are.
func (c *command) muteCommand(use, about string, mute bool) *cobra.Command {
	var channel, participant string
	var all bool
	cmd := &cobra.Command{
		Use: use + " [RULE]", Short: about, Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m := nudgeMute{Channel: channel}
			if len(args) > 0 {
				m.Rule = args[0]
			}
			if !all && m == (nudgeMute{}) {
				return usagef("name a rule, or a --channel, or say --all")
			}
			api, err := c.client()
			if err != nil {
				return err
			}
			path := []string{"participants", participant, "nudge-preferences"}
			var p nudgePreferences
			got, err := api.call(cmd.Context(), request{method: http.MethodGet, path: path}, &p)
			if err != nil {
				return err
			}
			p.Mutes = slices.DeleteFunc(p.Mutes, func(o nudgeMute) bool { return o == m })
			switch {
			case all:
				p.Off = mute
			case mute:
				p.Mutes = append(p.Mutes, m)
			}
			body, err := json.Marshal(p)
			if err != nil {
				return err
			}
			return c.showAsItIs(cmd, request{method: http.MethodPut, path: path, body: body, header: http.Header{"If-Match": {got.Get("ETag")}}})
		},
	}
	cmd.Flags().StringVar(&channel, "channel", "", "inbox, email or slack")
	cmd.Flags().StringVar(&participant, "participant", "me", "whose: admins may say so for others")
	cmd.Flags().BoolVar(&all, "all", false, "everything")
	return cmd
}

func (c *command) inboxCommand() *cobra.Command {
	var limit int
	var participant string
	cmd := &cobra.Command{
		Use: "inbox", Short: "List what you were told of where you stand; say that it was seen", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return show(cmd, c, limit, nil, shown[inboxState]{[]string{"WHEN (UTC)", "WHAT", "ID", ""}, func(i inboxState) []cell {
				what := styled(yellow, i.Kind)
				if i.ReadAt != nil {
					what = styled(dim, i.Kind)
				}
				return []cell{text(instant(i.At)), what, text(i.ID), text(i.Text)}
			}}, "participants", participant, "inbox")
		},
	}
	limitFlag(cmd, &limit)
	cmd.PersistentFlags().StringVar(&participant, "participant", "me", "whose: admins see those of others")
	cmd.AddCommand(&cobra.Command{
		Use: "read NUDGE", Short: "Say that something was seen", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.quietly(cmd, http.MethodPost, "Noted.", "participants", participant, "inbox", args[0], "read")
		},
	})
	return cmd
}
