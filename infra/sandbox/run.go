package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"leadline/infra/sandbox/play"
	"leadline/infra/sandbox/server"
	"leadline/infra/sandbox/spec"
)

// run serves until ctx ends. It prints one line when it is ready.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parseOptions(args, stderr)
	if err != nil {
		return err
	}
	if o.validate {
		dir, err := spec.Find(o.specs)
		if err != nil {
			return err
		}
		if o.Checker, err = spec.Open(dir); err != nil {
			return err
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(o.port)))
	if err != nil {
		return err
	}
	s := server.New(o.Options)
	httpServer := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	var group sync.WaitGroup
	work, stop := context.WithCancel(ctx)
	group.Go(func() { s.Run(work) })
	if o.play > 0 {
		group.Go(func() { play.New(s, o.Seed).Run(work, o.play) })
	}
	_, _ = fmt.Fprintf(stdout, "sandbox ready http://%s organization %s\n", listener.Addr(), s.OrganizationID()) // who reads it may be gone
	context.AfterFunc(ctx, func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if httpServer.Shutdown(end) != nil {
			_ = httpServer.Close()
		}
	})
	err = httpServer.Serve(listener)
	stop()
	group.Wait()
	if errors.Is(err, http.ErrServerClosed) && ctx.Err() != nil {
		return nil
	}
	return err
}
