package main

import (
	"strings"

	"github.com/spf13/cobra"
)

func (c *command) programTemplatesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "templates", Short: "List what programs are made of with a few answers, and what each asks", Args: cobra.NoArgs, Example: "  leadline programs templates",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return fetch(cmd, c, nil, func(all page[programTemplate]) {
				for i, t := range all.Items {
					if i > 0 {
						c.printf("\n")
					}
					c.showTemplate(t)
				}
			}, "program-templates")
		},
	}
}

func (c *command) showTemplate(t programTemplate) {
	c.printf("%s  %s (%s, for %s)\n  %s\n", c.paint.paint(bold, clean(t.Name)), clean(t.Title), clean(t.Kind), clean(t.Connector), clean(t.Description))
	questions := table{head: []string{"ANSWER", "IS", "WITHOUT ONE", "ASKS"}}
	for _, q := range t.Questions {
		is := q.Type
		if len(q.Choices) > 0 {
			is = strings.Join(q.Choices, ", ")
		}
		questions.add(text(q.Name), text(is), text(strings.TrimSpace(q.Default+" "+q.Unit)), text(strings.TrimSpace(q.Title+" "+q.Help)))
	}
	c.printf("%s", questions.format(c.paint, "  "))
}

// templateFlags are what can be said of a program that is made of a template.
type templateFlags struct {
	connection, name, currency, zone, from string
	answers                                []string
	publish, watch                         bool
}

func (c *command) fromTemplateCommand() *cobra.Command {
	var f templateFlags
	cmd := &cobra.Command{
		Use: "from-template TEMPLATE", Short: "Make a program of a template; with --publish it runs at once", Args: cobra.ExactArgs(1),
		Long: "Make a program of a template and the answers to what it asks: `leadline programs templates` lists both. What is not answered has its default.\n\n" +
			"Without --connection it is the one that logs in at its provider, if there is but one.",
		Example: "  leadline programs from-template percent_of_won_deals --set rate=10% --publish --watch",
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := f.body()
			if err != nil {
				return err
			}
			api, err := c.client()
			if err != nil {
				return err
			}
			var given []string
			if f.connection != "" {
				given = []string{f.connection}
			}
			if body["connection"], err = c.reader(cmd.Context(), api, given); err != nil {
				return err
			}
			var a kept[programState]
			if err := api.post(cmd.Context(), body, &a, "program-templates", args[0]); err != nil {
				return err
			}
			return c.published(cmd.Context(), api, a, f.watch)
		},
	}
	cmd.Flags().StringVar(&f.connection, "connection", "", "whose records count")
	cmd.Flags().StringArrayVar(&f.answers, "set", nil, "an `answer`, as rate=10%; again for each")
	cmd.Flags().StringVar(&f.name, "name", "", "what people call it; the title of the template without it")
	cmd.Flags().StringVar(&f.currency, "currency", "", "what is paid in, as EUR; USD without it")
	cmd.Flags().StringVar(&f.zone, "zone", "", "by whose days records are dated, as Europe/Berlin; UTC without it")
	fromFlag(cmd, &f.from, "the first of the present period")
	cmd.Flags().BoolVar(&f.publish, "publish", false, "publish it at once")
	watchFlag(cmd, &f.watch)
	return cmd
}

// body makes what the API takes, but for the connection.
func (f templateFlags) body() (map[string]any, error) {
	if f.watch && !f.publish {
		return nil, usagef("--watch is for --publish: a draft is not built")
	}
	body := map[string]any{}
	answers := map[string]string{}
	for _, one := range f.answers {
		name, value, found := strings.Cut(one, "=")
		if name = strings.TrimSpace(name); !found || name == "" {
			return nil, usagef("--set: %q is no answer such as rate=10%%", one)
		}
		answers[name] = strings.TrimSpace(value)
	}
	if len(answers) > 0 {
		body["answers"] = answers
	}
	for name, value := range map[string]string{"name": f.name, "currency": strings.ToUpper(f.currency), "zone": f.zone, "from": f.from} {
		if value != "" {
			body[name] = value
		}
	}
	if f.publish {
		body["publish"] = true
	}
	return body, nil
}
