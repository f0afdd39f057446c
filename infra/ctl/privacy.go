package main

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// somebody is whom an export or an erasure is about.
type somebody struct {
	Emails  []string        `json:"emails,omitempty"`
	Phones  []string        `json:"phones,omitempty"`
	Records []recordAddress `json:"records,omitempty"`
}

type recordAddress struct {
	Connection string `json:"connection"`
	Object     string `json:"object"`
	ID         string `json:"id"`
}

func (c *command) privacyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "privacy", Short: "Export or erase everything that is kept of a person", Args: cobra.NoArgs}
	var output string
	var wait, yes bool
	export := c.personCommand("export", "Export everything that is kept of a person",
		"Records with their history, payloads, quarantine entries, deliveries, accounts, as a file that is kept for 7 days.",
		func(cmd *cobra.Command, whom somebody) error {
			if output != "" && !wait {
				return usagef("--output needs --wait: the file is there when the job ends")
			}
			return c.startJob(cmd.Context(), wait, whom, output, "privacy", "exports")
		})
	outputFlag(export, &output)
	erase := c.personCommand("erase", "Erase everything that is kept of a person, for good",
		"For good, wherever an export finds something. Erase the person in the CRM first: what it sends anew is taken as new.",
		func(cmd *cobra.Command, whom somebody) error {
			if !yes {
				if err := c.confirm("This erases, for good, everything that is kept of " + whom.String()); err != nil {
					return err
				}
			}
			return c.startJob(cmd.Context(), wait, whom, "", "privacy", "erasures")
		})
	erase.Flags().BoolVar(&yes, "yes", false, "do not ask")
	for _, sub := range []*cobra.Command{export, erase} {
		sub.Flags().BoolVar(&wait, "wait", true, "wait until it is done")
	}
	cmd.AddCommand(export, erase)
	return cmd
}

func (c *command) personCommand(use, short, long string, do func(*cobra.Command, somebody) error) *cobra.Command {
	var whom somebody
	var records []string
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		Long:    short + ".\n\n" + long + "\n\nThe person is named by e-mail addresses, phone numbers and records; each flag may be given several times.",
		Example: fmt.Sprintf("  leadline privacy %s --email jane@example.com --record conn_4f0c9a2b1x7z/contact/cont_1", use),
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, r := range records {
				parts := strings.SplitN(r, "/", 3)
				if len(parts) != 3 || parts[0] == "" || parts[1] == "" || parts[2] == "" {
					return usagef("a record is written as CONNECTION/OBJECT/ID")
				}
				whom.Records = append(whom.Records, recordAddress{parts[0], parts[1], parts[2]})
			}
			return do(cmd, whom)
		},
	}
	cmd.Flags().StringArrayVar(&whom.Emails, "email", nil, "everything that holds this address, without regard to case")
	cmd.Flags().StringArrayVar(&whom.Phones, "phone", nil, "everything that holds this number, with its country code, however it is written")
	cmd.Flags().StringArrayVar(&records, "record", nil, "this record: CONNECTION/OBJECT/ID")
	cmd.MarkFlagsOneRequired("email", "phone", "record")
	return cmd
}

// String names the person as the flags did.
func (s somebody) String() string {
	names := append(append([]string{}, s.Emails...), s.Phones...)
	for _, r := range s.Records {
		names = append(names, r.Connection+"/"+r.Object+"/"+r.ID)
	}
	return strings.Join(names, ", ")
}

// confirm asks a person to type a word.
func (c *command) confirm(question string) error {
	const word = "erase"
	_, _ = fmt.Fprintf(c.stderr, "%s.\nType %s to go on: ", clean(question), word)
	answer, err := bufio.NewReader(c.stdin).ReadString('\n')
	if strings.TrimSpace(answer) == word {
		return nil
	}
	if err != nil || !c.watched {
		_, _ = fmt.Fprintln(c.stderr)
	}
	return usagef("not confirmed: nothing was done (--yes does not ask)")
}
