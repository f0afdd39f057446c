package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// system is all that the command knows of the world around it.
type system struct {
	args           []string
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	// terminal says that stdout is one, watched that stderr is.
	terminal, watched bool
	// height gives how many lines stderr has where it is a terminal; nil or 0 where that is not known.
	height func() int
	http   *http.Client
	now    func() time.Time
	pause  func(context.Context, time.Duration) error
}

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitRefused     = 3
	exitUnreachable = 4
	exitInterrupted = 130 // as shells say it of SIGINT
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
	s.stdin = interruptible{ctx, s.stdin}
	c := &command{system: s, paint: painter{on: s.terminal && s.getenv("NO_COLOR") == ""}}
	root := c.root()
	// What fails before a command starts was asked for in the wrong way.
	started := false
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := errors.Join(cmd.ValidateRequiredFlags(), cmd.ValidateFlagGroups()); err != nil {
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
	if ctx.Err() != nil {
		err = interrupted(err)
	}
	c.warn(err)
	var refused *refusal
	var usage usageError
	switch {
	case ctx.Err() != nil:
		return exitInterrupted
	case !started, errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &refused):
		return exitRefused
	case errors.Is(err, errUnreachable):
		return exitUnreachable
	}
	return exitFailed
}

// warn tells of an error in one line on stderr.
func (c *command) warn(err error) {
	_, _ = fmt.Fprintln(c.stderr, "leadline: "+clean(err.Error()))
}

// usageError is an error of the person who typed the command.
type usageError string

func (e usageError) Error() string { return string(e) }

func usagef(format string, args ...any) error { return usageError(fmt.Sprintf(format, args...)) }

// halfway is an error in the middle of something, with what was done before it and how to go on.
type halfway struct {
	err  error
	done string
}

func (e *halfway) Error() string { return strings.TrimSuffix(e.err.Error(), ".") + ". " + e.done }
func (e *halfway) Unwrap() error { return e.err }

// interrupted gives what to say when Ctrl-C ended a command.
func interrupted(err error) error {
	var h *halfway
	if errors.As(err, &h) {
		return errors.New("interrupted. " + h.done)
	}
	return errors.New("interrupted")
}

// interruptible is a reader that gives up with ctx, though what it reads from may block for ever.
type interruptible struct {
	ctx context.Context
	io.Reader
}

func (r interruptible) Read(p []byte) (int, error) {
	type read struct {
		text []byte
		err  error
	}
	done := make(chan read, 1)
	go func() {
		text := make([]byte, min(len(p), 32<<10)) // p is the caller's again once this gave up
		n, err := r.Reader.Read(text)
		done <- read{text[:n], err}
	}()
	select {
	case <-r.ctx.Done():
		return 0, r.ctx.Err()
	case got := <-done:
		return copy(p, got.text), got.err
	}
}

// The groups of commands.
const (
	groupLook    = "look"
	groupViews   = "views"
	groupPay     = "pay"
	groupClients = "clients"
	groupSend    = "send"
	groupOffice  = "office"
	groupTry     = "try"
	groupFound   = "found"
)

func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "leadline",
		Short: "Look after Leadline",
		Long: "Look after Leadline: connections, client software, schemas, records, incentive programs, quarantine, destinations, people.\n\n" +
			"The API is found by LEADLINE_URL and LEADLINE_KEY, or in the file that `make run` writes.\n\n" +
			"Exit codes: 0 done, 1 failed, 2 used wrongly, 3 the API refused, 4 nothing answered, 130 interrupted.",
		SilenceUsage: true, SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetIn(c.stdin)
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	root.PersistentFlags().StringVar(&c.runFile, "run-file", defaultRunFile, "the `file` that make run writes")
	root.PersistentFlags().BoolVar(&c.asJSON, "json", false, "print what the API answers, as JSON")
	for _, g := range []struct {
		id, title string
		commands  []*cobra.Command
	}{
		{groupLook, "What came in:", []*cobra.Command{c.statusCommand(), c.tailCommand(), c.connectCommand(), c.connectionsCommand(), c.importCommand(), c.reconcileCommand(), c.runsCommand(), c.syncsCommand(), c.objectsCommand(),
			c.recordsCommand(), c.recordCommand(), c.historyCommand(), c.quarantineCommand()}},
		{groupViews, "What is made of it:", []*cobra.Command{c.linksCommand(), c.viewsCommand(), c.variablesCommand()}},
		{groupPay, "What it pays:", []*cobra.Command{c.programsCommand(), c.standingsCommand(), c.statementCommand(), c.estimateCommand(), c.ratesCommand(), c.settlementsCommand(), c.adjustmentsCommand(), c.approvalsCommand(), c.taxCommand(), c.ledgerCommand(), c.reportCommand(), c.payersCommand(), c.payoutsCommand(), c.payeesCommand(), c.disputesCommand(), c.nudgesCommand(), c.inboxCommand(), c.pointsCommand(), c.gameCommand()}},
		{groupClients, "Client software and its rows:", []*cobra.Command{c.clientsCommand(), c.onboardingCommand(), c.schemaCommand(), c.pushCommand(), c.batchesCommand()}},
		{groupSend, "What is sent on:", []*cobra.Command{c.destinationsCommand(), c.deliveriesCommand()}},
		{groupOffice, "The organization:", []*cobra.Command{c.membersCommand(), c.peopleCommand(), c.keysCommand(), c.auditCommand(), c.noticesCommand(), c.jobsCommand(), c.privacyCommand()}},
		{groupTry, "Trying it out:", []*cobra.Command{c.demoCommand(), c.receiverCommand(), c.sendCommand(), c.invokeCommand()}},
		{groupFound, "For the operator of an installation, with AWS credentials instead of an API key:", []*cobra.Command{
			c.bootstrapCommand(), c.keyCommand(), c.quotaCommand()}},
	} {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, cmd := range g.commands {
			cmd.GroupID = g.id
			root.AddCommand(cmd)
		}
	}
	return root
}

// printf writes to stdout; a closed pipe is nobody's error.
func (c *command) printf(format string, args ...any) { _, _ = fmt.Fprintf(c.stdout, format, args...) }
