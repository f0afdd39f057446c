// Command serve runs DynamoDB Local in memory: on its own until it is interrupted, or for the time of another command,
// which finds the endpoint in LEADLINE_TEST_DYNAMODB.
//
//	go run ./infra/local/dynamodb/serve -port 8000
//	go run ./infra/local/dynamodb/serve -- go test ./...
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"leadline/infra/local/dynamodb"
	"leadline/infra/local/dynamodb/dynamodbtest"
)

func main() {
	port := flag.Int("port", 0, "port to listen on; 0 takes a free one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := run(ctx, *port, flag.Args())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// run serves for the time of command, or until ctx ends if there is none, and gives the exit code.
func run(ctx context.Context, port int, command []string) (code int, err error) {
	server, err := dynamodb.Start(ctx, dynamodb.Options{Port: port, Quick: true})
	if err != nil {
		return 1, err
	}
	defer func() {
		if stopErr := server.Stop(); stopErr != nil {
			code, err = 1, errors.Join(err, stopErr)
		}
	}()
	if len(command) == 0 {
		fmt.Println(server.Endpoint)
		select {
		case <-ctx.Done():
			return 0, nil
		case <-server.Ended():
			return 1, errors.New("DynamoDB Local ended by itself")
		}
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Env = append(os.Environ(), dynamodbtest.Env+"="+server.Endpoint)
	var exit *exec.ExitError
	if err := cmd.Run(); errors.As(err, &exit) && exit.Exited() {
		return exit.ExitCode(), nil
	} else if err != nil {
		return 1, err
	}
	return 0, nil
}
