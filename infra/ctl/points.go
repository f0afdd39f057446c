package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type (
	pointsDone struct {
		ID          string `json:"id"`
		Kind        string `json:"kind"`
		Participant string `json:"participant"`
		Points      string `json:"points"`
		Balance     string `json:"balance"`
		Reason      string `json:"reason"`
		Cause       string `json:"cause"`
		Worth       *struct {
			Amount   string `json:"amount"`
			Currency string `json:"currency"`
		} `json:"worth,omitempty"`
	}
	pointsBalance struct {
		Participant string `json:"participant"`
		Name        string `json:"name,omitempty"`
		Balance     string `json:"balance"`
		Redeemable  string `json:"redeemable"`
		Redeemed    string `json:"redeemed"`
	}
	pointsEntry struct {
		Kind    string    `json:"kind"`
		Cause   string    `json:"cause"`
		Points  string    `json:"points"`
		Balance string    `json:"balance"`
		Reason  string    `json:"reason,omitempty"`
		Note    string    `json:"note,omitempty"`
		Date    string    `json:"date"`
		At      time.Time `json:"at"`
	}
	// pointsRequest is what can be asked of points.
	pointsRequest struct {
		Participant   string `json:"participant"`
		Award         string `json:"award,omitempty"`
		Points        string `json:"points,omitempty"`
		Amount        string `json:"amount,omitempty"`
		Currency      string `json:"currency,omitempty"`
		Date          string `json:"date,omitempty"`
		Reason        string `json:"reason"`
		Note          string `json:"note,omitempty"`
		AllowNegative bool   `json:"allow_negative,omitempty"`
		key           string
	}
)

func pointsEntries() shown[pointsEntry] {
	return shown[pointsEntry]{[]string{"DATE", "KIND", "POINTS", "BALANCE", "CAUSE", "WHY"}, func(e pointsEntry) []cell {
		points := text(e.Points)
		if strings.HasPrefix(e.Points, "-") {
			points = styled(yellow, e.Points)
		}
		return []cell{text(e.Date), text(e.Kind), points, text(e.Balance), text(e.Cause), text(strings.TrimSuffix(e.Reason+": "+e.Note, ": "))}
	}}
}

func (c *command) pointsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "points", Short: "Show, award, spend and revoke points",
		Long:    "Points stand in the ledger, to a millionth. Whole points can be spent, never more than there are. The cause of an award, which \"points show\" lists, can be revoked, once.",
		Example: "  leadline points award mem_4f0c9a2b1x7z 12.5 --reason spiff\n  leadline points redeem me 100 --reason voucher\n  leadline points show me",
	}
	cmd.AddCommand(c.showPointsCommand(), c.awardPointsCommand(), c.redeemPointsCommand(), c.revokePointsCommand())
	return cmd
}

func (c *command) showPointsCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "show PARTICIPANT", Short: "Show a participant's points and what changed them; me is yourself", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !c.asJSON {
				err := fetch(cmd, c, nil, func(b pointsBalance) {
					c.printf("%s: %s points, of which %s can be spent; %s were.\n\n", clean(orElse(b.Name, b.Participant)), b.Balance, b.Redeemable, b.Redeemed)
				}, "points", "participants", args[0])
				if err != nil {
					return err
				}
			}
			return show(cmd, c, limit, nil, pointsEntries(), "points", "participants", args[0], "entries")
		},
	}
	limitFlag(cmd, &limit)
	return cmd
}

// why adds the flags that say why.
func (r *pointsRequest) why(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.Reason, "reason", "", "why: a `code` of small letters, digits and underscores, which stands in the ledger")
	cmd.Flags().StringVar(&r.Note, "note", "", "a `text` for people, which is kept beside the ledger")
	cmd.Flags().StringVar(&r.key, "idempotency-key", "", "the `key` of an attempt that was not answered, so that nothing is done twice")
	_ = cmd.MarkFlagRequired("reason")
}

// sendPoints asks for something; where no answer came, it says how to ask again without doing it twice.
func (c *command) sendPoints(ctx context.Context, r pointsRequest, what string) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write the request: %w", err)
	}
	attempt := orElse(r.key, rand.Text())
	var a kept[pointsDone]
	_, err = api.call(ctx, request{method: http.MethodPost, path: []string{"points", what}, body: body, header: http.Header{"Idempotency-Key": {attempt}}}, &a)
	if errors.Is(err, errUnreachable) {
		return &halfway{err, fmt.Sprintf("It may have been done: the same again with --idempotency-key %s does it once.", attempt)}
	}
	return showKept(c, &a, c.pointsAre, err)
}

func (c *command) pointsAre(d pointsDone) {
	worth := ""
	if d.Worth != nil {
		worth = " for " + d.Worth.Amount + " " + d.Worth.Currency
	}
	c.printf("%s of %s points%s: %s has %s now. Cause: %s\n", clean(strings.ToUpper(d.Kind[:min(1, len(d.Kind))])+d.Kind[min(1, len(d.Kind)):]), d.Points, clean(worth), clean(d.Participant), d.Balance, clean(d.Cause))
}

func (c *command) awardPointsCommand() *cobra.Command {
	var r pointsRequest
	cmd := &cobra.Command{
		Use: "award PARTICIPANT [POINTS]", Short: "Award points, or what money is worth in points", Args: cobra.RangeArgs(1, 2),
		Example: "  leadline points award mem_4f0c9a2b1x7z 12.5 --reason spiff\n  leadline points award mem_4f0c9a2b1x7z --amount 50 --currency EUR --reason spiff",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Participant = args[0]
			if len(args) > 1 {
				r.Points = args[1]
			}
			return c.sendPoints(cmd.Context(), r, "awards")
		},
	}
	cmd.Flags().StringVar(&r.Amount, "amount", "", "an `amount` of money instead of points, turned into points by the rate of the day")
	cmd.Flags().StringVar(&r.Currency, "currency", "", "the `currency` of the amount, such as EUR")
	cmd.Flags().StringVar(&r.Date, "date", "", "the `day` that it is for; today if left out")
	r.why(cmd)
	return cmd
}

func (c *command) redeemPointsCommand() *cobra.Command {
	var r pointsRequest
	cmd := &cobra.Command{
		Use: "redeem PARTICIPANT POINTS", Short: "Spend whole points; me is yourself", Args: cobra.ExactArgs(2), Example: "  leadline points redeem me 100 --reason voucher",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Participant, r.Points = args[0], args[1]
			return c.sendPoints(cmd.Context(), r, "redemptions")
		},
	}
	r.why(cmd)
	return cmd
}

func (c *command) revokePointsCommand() *cobra.Command {
	var r pointsRequest
	cmd := &cobra.Command{
		Use: "revoke PARTICIPANT CAUSE", Short: "Revoke an award of points, once", Args: cobra.ExactArgs(2), Example: "  leadline points revoke mem_4f0c9a2b1x7z pts_4f0c9a2b1x7z --reason mistake",
		Long: "Revoke an award of points by its cause: at most what is left, unless --allow-negative says that the rest is to be owed.",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Participant, r.Award = args[0], args[1]
			return c.sendPoints(cmd.Context(), r, "revocations")
		},
	}
	cmd.Flags().StringVar(&r.Points, "points", "", "how `many` at most; all of the award if left out")
	cmd.Flags().BoolVar(&r.AllowNegative, "allow-negative", false, "take it all, even if more was spent than is left")
	r.why(cmd)
	return cmd
}
