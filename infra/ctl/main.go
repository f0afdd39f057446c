// Command leadline is for operators and newcomers: it sets up organizations, keys and quotas, shows and changes all that
// the API knows, pushes files of rows, and posts events the way a CRM does. All but the setting up goes over the HTTP API.
//
// Exit codes: 0 done, 1 failed, 2 used wrongly, 3 the API refused, 4 nothing answered, 130 interrupted.
package main

import (
	"context"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, system{
		args: os.Args[1:], stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv,
		terminal: term.IsTerminal(int(os.Stdout.Fd())), watched: term.IsTerminal(int(os.Stderr.Fd())),
		http: &http.Client{Timeout: 30 * time.Second}, now: time.Now, pause: pause,
		height: func() int { _, lines, _ := term.GetSize(int(os.Stderr.Fd())); return lines },
	})
	stop()
	os.Exit(code)
}

// pause waits, or gives up with ctx.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
