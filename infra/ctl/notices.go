package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

type (
	noticeState struct {
		ID      string       `json:"id"`
		At      time.Time    `json:"at"`
		Kind    string       `json:"kind"`
		Subject string       `json:"subject"`
		Text    string       `json:"text"`
		Table   *noticeTable `json:"table,omitempty"`
		ReadAt  *time.Time   `json:"read_at,omitempty"`
		Mail    *noticeMail  `json:"mail,omitempty"`
	}
	noticeTable struct {
		Columns []string   `json:"columns"`
		Rows    [][]string `json:"rows"`
	}
	noticeMail struct {
		State   string `json:"state"`
		Sent    int    `json:"sent"`
		Refused int    `json:"refused"`
		Problem string `json:"problem,omitempty"`
	}
)

func (c *command) noticesCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "notices", Short: "List what needs attention; show one; say that it was seen", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return show(cmd, c, limit, nil, shown[noticeState]{[]string{"WHEN (UTC)", "WHAT", "ABOUT", "ID", "MAIL", ""}, func(n noticeState) []cell {
				return []cell{text(instant(n.At)), n.kind(), text(n.Subject), text(n.ID), n.mailed(), text(n.Text)}
			}}, "notices")
		},
	}
	limitFlag(cmd, &limit)
	cmd.AddCommand(&cobra.Command{
		Use: "show NOTICE", Short: "Show a notice, with its table", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return fetch(cmd, c, nil, c.showNotice, "notices", args[0])
		},
	})
	cmd.AddCommand(c.verbCommands("NOTICE", func(cmd *cobra.Command, id, verb string) error {
		return c.quietly(cmd, "POST", "Noted.", "notices", id, verb)
	}, [2]string{"read", "Say that a notice was seen"})...)
	return cmd
}

// kind is bright until somebody has seen the notice.
func (n noticeState) kind() cell {
	if n.ReadAt != nil {
		return styled(dim, n.Kind)
	}
	return styled(yellow, n.Kind)
}

// mailed says in a word or two what became of its mail.
func (n noticeState) mailed() cell {
	switch {
	case n.Mail == nil:
		return text("-")
	case n.Mail.State == "sent":
		return styled(green, fmt.Sprintf("sent to %d", n.Mail.Sent))
	case n.Mail.State == "failed":
		return styled(red, n.Mail.State)
	}
	return text(n.Mail.State)
}

func (c *command) showNotice(n noticeState) {
	c.printf("%s  %s\n%s\n", c.paint.paint(bold, clean(n.Kind)), instant(n.At), clean(n.Text))
	if n.Table != nil {
		t := table{}
		for _, name := range n.Table.Columns {
			t.head = append(t.head, clean(name))
		}
		for _, cells := range n.Table.Rows {
			t.add(row(cells...)...)
		}
		c.printf("\n%s", t.format(c.paint, ""))
	}
	c.printf("\nAbout  %s\n", clean(n.Subject))
	if n.Mail != nil {
		c.printf("Mail   %s\n", n.mailed().text)
		if n.Mail.Problem != "" {
			c.printf("       %s\n", clean(n.Mail.Problem))
		}
	}
}
