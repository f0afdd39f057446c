package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

// system is all that the command knows of the world around it.
type system struct {
	args           []string
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	// terminal says that stdout is one.
	terminal bool
	http     *http.Client
	now      func() time.Time
	pause    func(context.Context, time.Duration) error
}

// The exit codes.
const (
	exitDone = iota
	exitFailed
	exitUsage
	exitRefused
	exitUnreachable
)

// command is one invocation.
type command struct {
	system
	paint   painter
	runFile string
	asJSON  bool
}

// run does what the arguments say and gives the exit code. What fails is told in one line.
func run(ctx context.Context, s system) int {
	c := &command{system: s, paint: painter{on: s.terminal && s.getenv("NO_COLOR") == ""}}
	root := c.root()
	// What fails before a command starts was asked for in the wrong way.
	started := false
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := cmd.ValidateRequiredFlags(); err != nil {
			return err
		}
		started = true
		return nil
	}
	root.SetArgs(s.args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	_, _ = fmt.Fprintln(s.stderr, "leadline: "+clean(err.Error()))
	var refused *refusal
	var usage usageError
	switch {
	case !started, errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &refused):
		return exitRefused
	case errors.Is(err, errUnreachable):
		return exitUnreachable
	}
	return exitFailed
}

// usageError is an error of the person who typed the command.
type usageError string

func (e usageError) Error() string { return string(e) }

func usagef(format string, args ...any) error { return usageError(fmt.Sprintf(format, args...)) }

func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "leadline",
		Short: "Look after Leadline: connections, clients, schemas, records, history, quarantine, destinations, jobs",
		Long: "Look after Leadline: connections, clients, schemas, records, history, quarantine, destinations, jobs.\n\n" +
			"The API is found by LEADLINE_URL and LEADLINE_KEY, or in the file that `make run` writes.",
		SilenceUsage: true, SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetIn(c.stdin)
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	root.PersistentFlags().StringVar(&c.runFile, "run-file", defaultRunFile, "the `file` that make run writes")
	root.PersistentFlags().BoolVar(&c.asJSON, "json", false, "print what the API answers, as JSON")
	root.AddCommand(c.statusCommand(), c.connectionsCommand(), c.objectsCommand(), c.recordsCommand(), c.recordCommand(),
		c.historyCommand(), c.schemaCommand(), c.quarantineCommand(), c.clientsCommand(), c.pushCommand(), c.batchesCommand(),
		c.destinationsCommand(), c.deliveriesCommand(), c.jobsCommand(), c.noticesCommand(), c.auditCommand(), c.tailCommand(),
		c.sendCommand(), c.demoCommand(), c.invokeCommand(), c.bootstrapCommand(), c.keyCommand())
	return root
}

// printf writes to stdout; a closed pipe is nobody's error.
func (c *command) printf(format string, args ...any) { _, _ = fmt.Fprintf(c.stdout, format, args...) }
