// Command bench measures what Leadline costs and how fast it is, on this machine, and says which targets are met: calls
// counted between the real functions and emulators, at AWS's list prices; time and memory in process; the size and the start of
// each function; events a second through the local stack. `make bench` runs it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
