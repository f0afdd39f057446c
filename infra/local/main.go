// Command local brings Leadline up on one machine: it reads the synthesized template of the stack, starts emulators of
// the AWS services and makes in them what the template declares, and runs the functions' own binaries, started by HTTP
// requests, queues, streams and schedules as in AWS. `make run` runs it; `local -help` lists its flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	_ "time/tzdata" // schedules name time zones, and a slim system has none

	"leadline/infra/local/dynamodb"
	"leadline/infra/local/process"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second Ctrl-C ends the runner at once. The kernel takes its children along.
	context.AfterFunc(ctx, stop)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "\nLeadline could not be brought up:", err)
		os.Exit(1)
	}
}

// run brings the system up and keeps it up until ctx ends.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) (err error) {
	o, err := parseOptions(args, getenv, stderr)
	if err != nil {
		return err
	}
	c := newConsole(stdout, o)
	s := &system{o: o, console: c, processes: process.NewStarter()}
	defer s.processes.Close()
	defer func() {
		closed := s.close()
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			err = nil // that is how it ends
		}
		err = errors.Join(err, closed)
	}()
	c.print("\n%s on this machine, stage %s\n", c.bold("Leadline"), o.stage)
	if err := s.up(ctx); err != nil {
		return err
	}
	d, err := s.seed(ctx)
	if err != nil {
		return err
	}
	if err := s.writeRunFile(d); err != nil {
		return err
	}
	s.welcome(d)
	s.faults.begin()
	c.always("READY")
	s.tellOfImport(d)

	select {
	case <-ctx.Done():
		c.print("\nStopping ...")
		return nil
	case <-s.emulators.local.Ended():
		return fmt.Errorf("DynamoDB Local ended by itself; %s says why", filepath.Join(o.logs, "dynamodb.log"))
	}
}

// welcome prints where everything is and what to try.
func (s *system) welcome(d *demo) {
	c := s.console
	if s.emulators.local.FirstRun {
		c.print("\n%s", c.dim(dynamodb.Notice))
	}
	c.print("")
	c.print("  %s  %s", c.bold("API     "), s.baseURL()+"/v1")
	if d != nil {
		c.print("  %s  %s", c.bold("Key     "), d.AdminKey)
		c.print("  %s  %s", c.bold("Webhook "), d.Close.WebhookURL)
		c.print("  %s  %s %s", c.bold("Client  "), d.Client.ID, d.Client.Secret)
	}
	if s.sandbox != nil {
		c.print("  %s  %s, API key %s", c.bold("CRM     "), s.sandbox.URL, s.sandbox.APIKey)
	}
	c.print("  %s  %s", c.bold("Logs    "), s.o.logs)
	c.print("  %s  %s", c.bold("Run file"), s.o.runFile)
	if s.o.chaos {
		c.print("  %s  seed %d", c.bold("Chaos   "), s.o.chaosSeed)
	}
	for _, one := range s.sources {
		if one.Stats().Paused {
			c.print("  %s  %s gets nothing from %s: curl -X POST '%s/_local/resume?function=%s'",
				c.bold("Paused  "), one.function, one.from, address(s.doors.services), one.function)
		}
	}
	if d != nil {
		c.print("\nTry, in another terminal:\n")
		c.print("  make demo")
		if d.CRM != nil && s.sandbox != nil {
			c.print("  %s --run-file %s import --watch %s", s.o.ctl, s.o.runFile, d.CRM.Connection)
			c.print("  curl %s/change -d '%s'", s.sandbox.Control, `{"action": "win", "object": "opportunity", "count": 3}`)
		}
		c.print("  curl -H 'Authorization: Bearer %s' %s/v1/connections/%s/objects/lead/records", d.AdminKey, s.baseURL(), d.Close.Connection)
		c.print("  curl -H 'Authorization: Bearer %s' %s/v1/quarantine", d.AdminKey, s.baseURL())
		c.print("  curl -u %s:%s -H 'Content-Type: application/json' %s/v1/push -d '%s'", d.Client.ID, d.Client.Secret, s.baseURL(),
			`{"objectname": "orders", "data": [{"id": "1", "action": "create", "total": 12.5}]}`)
	}
	c.print("")
}
