package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type (
	gameProfile struct {
		Participant string `json:"participant"`
		Name        string `json:"name,omitempty"`
		Points      string `json:"points"`
		Awarded     string `json:"awarded"`
		Level       *struct {
			Number int    `json:"number"`
			Name   string `json:"name"`
		} `json:"level,omitempty"`
		NextLevel *struct {
			Name   string `json:"name"`
			Points string `json:"points"`
		} `json:"next_level,omitempty"`
		Tier *struct {
			Name  string `json:"name"`
			Since string `json:"since"`
			Below string `json:"below,omitempty"`
		} `json:"tier,omitempty"`
		Badges []struct {
			Name   string    `json:"name"`
			Period string    `json:"period,omitempty"`
			At     time.Time `json:"at"`
		} `json:"badges"`
		Streaks []struct {
			Name    string `json:"name"`
			Current int    `json:"current"`
			Best    int    `json:"best"`
		} `json:"streaks"`
	}
	gamePlace struct {
		Rank        int    `json:"rank"`
		Participant string `json:"participant"`
		Name        string `json:"name,omitempty"`
		Awarded     string `json:"awarded"`
		Level       string `json:"level,omitempty"`
		Tier        string `json:"tier,omitempty"`
		Badges      int    `json:"badges"`
	}
)

func gameBoard() shown[gamePlace] {
	return shown[gamePlace]{[]string{"RANK", "PARTICIPANT", "POINTS", "LEVEL", "TIER", "BADGES"}, func(p gamePlace) []cell {
		return []cell{text(strconv.Itoa(p.Rank)), text(orElse(p.Name, p.Participant)), text(p.Awarded), text(orElse(p.Level, "-")), text(orElse(p.Tier, "-")), text(strconv.Itoa(p.Badges))}
	}}
}

func (c *command) gameCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "game [PARTICIPANT]", Short: "Show who leads by points, or a participant's badges, level, streaks and tier; me is yourself", Args: cobra.MaximumNArgs(1),
		Example: "  leadline game\n  leadline game me\n  leadline game rules --file rules.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return show(cmd, c, limit, nil, gameBoard(), "game", "board")
			}
			return fetch(cmd, c, nil, c.showGame, "participants", args[0], "game")
		},
	}
	limitFlag(cmd, &limit)
	cmd.AddCommand(c.gameRulesCommand(), c.activityCommand())
	return cmd
}

func (c *command) showGame(p gameProfile) {
	c.printf("%s: %s points, %s awarded so far\n", clean(orElse(p.Name, p.Participant)), p.Points, p.Awarded)
	if p.Level != nil {
		c.printf("Level %d: %s\n", p.Level.Number, clean(p.Level.Name))
	}
	if p.NextLevel != nil {
		c.printf("Next level: %s, from %s points\n", clean(p.NextLevel.Name), p.NextLevel.Points)
	}
	if p.Tier != nil {
		below := ""
		if p.Tier.Below != "" {
			below = ", below it since " + p.Tier.Below
		}
		c.printf("Tier: %s since %s%s\n", clean(p.Tier.Name), p.Tier.Since, below)
	}
	for _, s := range p.Streaks {
		c.printf("Streak: %s: %d, at best %d\n", clean(s.Name), s.Current, s.Best)
	}
	for _, b := range p.Badges {
		c.printf("Badge: %s, %s UTC\n", clean(strings.TrimSuffix(b.Name+" "+b.Period, " ")), instant(b.At))
	}
}

func (c *command) gameRulesCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "rules", Short: "Print the rules of the game, or write them", Args: cobra.NoArgs,
		Long:    "Print the rules of the game as JSON: activities, badges, levels, streaks, tiers, and what money is worth in points. With --file, write them, all at once; each mistake is told with its place.",
		Example: "  leadline game rules > rules.json\n  leadline game rules --file rules.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			var rules map[string]json.RawMessage
			if file == "" {
				if err := api.get(cmd.Context(), &rules, nil, "game", "rules"); err != nil {
					return err
				}
				return c.printJSON(rules)
			}
			body, err := c.readJSON(file)
			if err != nil {
				return err
			}
			if err := json.Unmarshal(body, &rules); err != nil {
				return usagef("%s does not hold a JSON object", file)
			}
			for _, ours := range []string{"rev", "updated_at", "$schema"} { // as they are printed, and not written
				delete(rules, ours)
			}
			if body, err = json.Marshal(rules); err != nil {
				return err
			}
			var wrote struct {
				Rev int64 `json:"rev"`
			}
			if _, err := api.call(cmd.Context(), request{method: http.MethodPut, path: []string{"game", "rules"}, body: body}, &wrote); err != nil {
				return err
			}
			c.printf("Wrote the rules, revision %d.\n", wrote.Rev)
			return nil
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "the `file` with the rules; - for stdin")
	return cmd
}

func (c *command) activityCommand() *cobra.Command {
	var at string
	cmd := &cobra.Command{
		Use: "activity PARTICIPANT KIND ID", Short: "Say that a participant did something; the same id counts once", Args: cobra.ExactArgs(3),
		Example: "  leadline game activity mem_4f0c9a2b1x7z form_submitted form-17",
		RunE: func(cmd *cobra.Command, args []string) error {
			in := map[string]string{"participant": args[0], "kind": args[1], "id": args[2]}
			if at != "" {
				in["at"] = at
			}
			return submit(cmd, c, in, func(a struct {
				ID string `json:"id"`
			}) {
				c.printf("Took note of %s.\n", clean(a.ID))
			}, "activities")
		},
	}
	cmd.Flags().StringVar(&at, "at", "", "the `moment` when it was done, such as 2026-11-22T09:00:00Z; now if left out")
	return cmd
}
