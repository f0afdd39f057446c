package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

func (c *command) programsCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "programs", Short: "List commission plans and contests; make one of a template or a file, try it, publish it, ask why", Args: cobra.NoArgs,
		Long: "List commission plans and contests. A program has a draft, which is edited, and versions, which were published. Publishing builds an edition beside what is shown, which then takes its place.\n\n" +
			"Where a command takes a PROGRAM, that is its id or its name.",
		Example: "  leadline programs templates\n" +
			"  leadline programs from-template percent_of_won_deals --set rate=10% --publish --watch\n" +
			"  leadline standings",
		RunE: func(cmd *cobra.Command, _ []string) error { return show(cmd, c, limit, nil, programList(), "programs") },
	}
	limitFlag(cmd, &limit)
	cmd.AddCommand(
		c.ofProgram("show PROGRAM", "Show a program: its draft, the versions in force, and how far an edition is", "  leadline programs show prg_4f0c9a2b1x7z", cobra.ExactArgs(1),
			func(ctx context.Context, api *client, id string, _ []string) error {
				return fetchInto(ctx, c, api, nil, c.showProgram, "programs", id)
			}),
		c.createProgramCommand(), c.editProgramCommand(), c.checkProgramCommand(), c.publishProgramCommand(), c.previewProgramCommand(), c.watchProgramCommand(),
	)
	for _, verb := range [][2]string{
		{"refresh", "Reckon all of a program anew; what changes in records, people, rates and goals is followed without it"},
		{"archive", "Archive a program: it is reckoned no more, and what it showed stays. It cannot be taken back"},
	} {
		cmd.AddCommand(c.ofProgram(verb[0]+" PROGRAM", verb[1], "  leadline programs "+verb[0]+" prg_4f0c9a2b1x7z", cobra.ExactArgs(1),
			func(ctx context.Context, api *client, id string, _ []string) error {
				return submitInto(ctx, c, api, nil, c.showProgram, "programs", id, verb[0])
			}))
	}
	cmd.AddCommand(c.programVersionCommands()...)
	cmd.AddCommand(c.programProblemsCommand(), c.programWhyCommand(), c.programTemplatesCommand(), c.fromTemplateCommand(), c.programGoalsCommand(), &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of a definition, for an editor", Args: cobra.NoArgs, Example: "  leadline programs schema > program.schema.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return fetch(cmd, c, nil, func(schema json.RawMessage) { _ = c.printJSON(schema) }, "program-schema")
		},
	})
	return cmd
}

// ofProgram makes a command whose first argument names a program, by id or name.
func (c *command) ofProgram(use, short, example string, args cobra.PositionalArgs, do func(ctx context.Context, api *client, id string, rest []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Example: example, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		id, err := c.programID(cmd.Context(), api, args[0])
		if err != nil {
			return err
		}
		return do(cmd.Context(), api, id, args[1:])
	}}
}

// programID gives the id of the program that is meant by an id or a name.
func (c *command) programID(ctx context.Context, api *client, typed string) (string, error) {
	if strings.HasPrefix(typed, "prg_") {
		return typed, nil
	}
	all, err := list[programState](ctx, api, 0, nil, "programs")
	if err != nil {
		return "", err
	}
	return c.onlyProgram(all.Items, func(p programState) bool { return strings.EqualFold(p.Name, typed) },
		fmt.Sprintf("there is no program %q: `leadline programs` lists them", typed))
}

// liveProgram gives the program that is named, or the only one that is live.
func (c *command) liveProgram(ctx context.Context, api *client, args []string) (string, error) {
	if len(args) > 0 {
		return c.programID(ctx, api, args[0])
	}
	all, err := list[programState](ctx, api, 0, nil, "programs")
	if err != nil {
		return "", err
	}
	return c.onlyProgram(all.Items, func(p programState) bool { return p.Status == "live" }, "no program is live: `leadline programs publish` makes one so")
}

// onlyProgram gives the one that is wanted; none is an error with the text.
func (c *command) onlyProgram(all []programState, wanted func(programState) bool, none string) (string, error) {
	found := slices.DeleteFunc(all, func(p programState) bool { return !wanted(p) })
	switch len(found) {
	case 0:
		return "", usageError(none)
	case 1:
		return found[0].ID, nil
	}
	var named []string
	for _, p := range found {
		named = append(named, fmt.Sprintf("%s (%s)", p.ID, p.Name))
	}
	return "", usagef("say which program: %s", strings.Join(named, ", "))
}

// fetchInto shows what is at a path, as fetch does.
func fetchInto[T any](ctx context.Context, c *command, api *client, query url.Values, show func(T), parts ...string) error {
	var a kept[T]
	return showKept(c, &a, show, api.get(ctx, &a, query, parts...))
}

// submitInto posts in to a path and shows the answer, as submit does.
func submitInto[T any](ctx context.Context, c *command, api *client, in any, show func(T), parts ...string) error {
	var a kept[T]
	return showKept(c, &a, show, api.post(ctx, in, &a, parts...))
}

// showKept shows an answer, or prints it as JSON, unless err kept it from coming.
func showKept[T any](c *command, a *kept[T], show func(T), err error) error {
	if err != nil || c.asJSON {
		return c.orJSON(*a, err)
	}
	show(a.is)
	return nil
}

func programList() shown[programState] {
	return shown[programState]{[]string{"ID", "NAME", "STATUS", "VERSIONS", "IN FORCE", ""}, func(p programState) []cell {
		var notes []string
		if p.Building != nil {
			notes = append(notes, "builds "+inWords(p.Building.Versions[max(0, len(p.Building.Versions)-1):]))
		}
		if p.DraftFrom != "" {
			notes = append(notes, "has a draft, from "+p.DraftFrom)
		}
		shows := "-"
		if p.Live != nil {
			shows = inWords(p.Live.Versions)
		}
		return []cell{text(p.ID), text(p.Name), statusOfProgram(p.Status), text(strconv.Itoa(p.Versions)), text(shows), text(strings.Join(notes, "; "))}
	}}
}

func statusOfProgram(status string) cell {
	switch status {
	case "live":
		return styled(green, status)
	case "building":
		return styled(yellow, status)
	case "archived":
		return styled(dim, status)
	}
	return text(status)
}

func (c *command) showProgram(p programState) {
	programList().print(c, p)
	for _, e := range []struct {
		what string
		is   *programEdition
	}{{"Shown", p.Live}, {"Being built", p.Building}} {
		if e.is == nil {
			continue
		}
		var reads []string
		for _, r := range e.is.Reads {
			reads = append(reads, r.String())
		}
		c.printf("\n%s: %s, by %s\n", e.what, clean(inWords(e.is.Versions)), clean(e.is.ID))
		if len(reads) > 0 {
			c.printf("  reads %s\n", clean(strings.Join(reads, ", ")))
		}
		if e.is.Run != nil {
			c.printf("  %s\n", runLine(c.paint, *e.is.Run, c.now()))
		}
	}
	if p.DraftFrom != "" {
		c.printf("\nThe draft is to be in force from %s: `leadline programs check %s` says what it means, `leadline programs preview %[2]s` whom it affects.\n", clean(p.DraftFrom), clean(p.ID))
	}
	c.showProblems(p.Problems)
}

// showProblems shows what is wrong with a definition, place by place.
func (c *command) showProblems(problems []programProblem) {
	if len(problems) == 0 {
		return
	}
	t := table{head: []string{"", "PLACE", "PROBLEM"}}
	for _, p := range problems {
		severity := styled(yellow, p.Severity)
		if p.Severity == "error" {
			severity.style = red
		}
		t.add(severity, text(orElse(p.Path, "(all of it)")), text(p.Message))
	}
	c.printf("\n%s", t.format(c.paint, ""))
}

func versionList() shown[programVersion] {
	return shown[programVersion]{[]string{"VERSION", "TITLE", "PUBLISHED FROM", "IN FORCE"}, func(v programVersion) []cell {
		var days []string
		for _, f := range v.InForce {
			days = append(days, span(f.From, f.Until))
		}
		inForce := styled(green, strings.Join(days, ", "))
		if len(days) == 0 {
			inForce = styled(dim, "replaced")
		}
		return []cell{text(strconv.Itoa(v.Number)), text(v.Title), text(v.From), inForce}
	}}
}

// programVersionCommands list versions, and show one in words or as the definition that it is.
func (c *command) programVersionCommands() []*cobra.Command {
	var limit int
	versions := c.ofProgram("versions PROGRAM", "List what was published, newest first, with the days on which it is in force", "  leadline programs versions prg_4f0c9a2b1x7z", cobra.ExactArgs(1),
		func(ctx context.Context, api *client, id string, _ []string) error {
			return showList(ctx, c, api, limit, versionList(), "programs", id, "versions")
		})
	limitFlag(versions, &limit)
	inText := c.ofProgram("text PROGRAM [VERSION]", "Print a plan in words, as it is drawn from its definition: the last version, or if nothing was published the draft",
		"  leadline programs text prg_4f0c9a2b1x7z 2", cobra.RangeArgs(1, 2), func(ctx context.Context, api *client, id string, rest []string) error {
			number, err := c.lastVersion(ctx, api, id, rest)
			switch {
			case err != nil:
				return err
			case number == "":
				return submitInto(ctx, c, api, nil, func(k programCheck) { c.printf("%s", cleanLines(k.Text)) }, "programs", id, "check")
			}
			return fetchInto(ctx, c, api, nil, func(v programVersion) { c.printf("%s", cleanLines(v.Text)) }, "programs", id, "versions", number)
		})
	definition := c.ofProgram("definition PROGRAM [VERSION]", "Print a definition as JSON, to be changed and given to `programs edit`: the draft, or if there is none the last version",
		"  leadline programs definition prg_4f0c9a2b1x7z > plan.json", cobra.RangeArgs(1, 2), func(ctx context.Context, api *client, id string, rest []string) error {
			if len(rest) == 0 {
				var p programState
				if err := api.get(ctx, &p, nil, "programs", id); err != nil {
					return err
				}
				if p.Draft != nil {
					return c.printJSON(p.Draft)
				}
				rest = []string{strconv.Itoa(p.Versions)}
			}
			var v programVersion
			if err := api.get(ctx, &v, nil, "programs", id, "versions", rest[0]); err != nil {
				return err
			}
			return c.printJSON(v.Definition)
		})
	return []*cobra.Command{versions, inText, definition}
}

// lastVersion gives the number that was typed, or that of the last version; empty if nothing was published.
func (c *command) lastVersion(ctx context.Context, api *client, id string, typed []string) (string, error) {
	if len(typed) > 0 {
		return typed[0], nil
	}
	var p programState
	if err := api.get(ctx, &p, nil, "programs", id); err != nil || p.Versions == 0 {
		return "", err
	}
	return strconv.Itoa(p.Versions), nil
}

// putInto sends in with PUT over the revision that an ETag names and shows the answer.
func putInto[T any](ctx context.Context, c *command, api *client, etag string, in any, show func(T), parts ...string) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r := request{method: http.MethodPut, path: parts, body: body}
	if etag != "" {
		r.header = http.Header{"If-Match": {etag}}
	}
	var a kept[T]
	_, err = api.call(ctx, r, &a)
	return showKept(c, &a, show, err)
}
