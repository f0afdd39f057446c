// Package dynamodb runs DynamoDB Local, AWS's own emulator, for the local stack, and puts a proxy in front of it that
// counts calls and injects the faults that DynamoDB Local never has: throttling, transaction conflicts, unprocessed
// items, writes whose answer is lost.
//
// DynamoDB Local comes from the npm package amplify-dynamodb-simulator, which `make setup` installs; it needs Java. It
// listens on all interfaces and takes every credential. What it lacks: UpdateContinuousBackups and tags, indexes over
// several attributes, and the removal of expired items (readers filter them anyway, as AWS may take days to remove
// them: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html).
package dynamodb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Options sets up DynamoDB Local.
type Options struct {
	// Emulator is the folder that holds DynamoDBLocal.jar; FindEmulator looks for it unless set.
	Emulator string
	// Data is the folder of the database file, made if missing. Empty keeps everything in memory.
	Data string
	// Port to listen on; 0 takes a free one.
	Port int
	// Java is the java command; "java" unless set.
	Java string
	// Quick starts in half the time and runs slower later, which suits tests.
	Quick bool
	// Log takes what DynamoDB Local prints; nil drops it.
	Log io.Writer
}

// Notice is to be shown to whoever starts DynamoDB Local for the first time.
const Notice = "DynamoDB Local is licensed by Amazon Web Services under the Amazon DynamoDB Local License Agreement: for internal " +
	"use by holders of an AWS account, not for redistribution. Read LICENSE.txt beside DynamoDBLocal.jar."

// Server is a running DynamoDB Local.
type Server struct {
	// Endpoint is its URL, such as http://127.0.0.1:8000.
	Endpoint string
	// FirstRun tells that there was no database in the data folder: show Notice.
	FirstRun bool

	cmd    *exec.Cmd
	lease  *os.File // the process lives no longer than this is open
	output *tail
	ended  chan struct{} // closed when the process has ended
	err    error         // how; to be read after ended
}

// databaseFile is what DynamoDB Local calls its file under -sharedDb.
const databaseFile = "shared-local-instance.db"

// script runs java and ends it when standard input closes, which is when the parent ends, however it ends.
const script = `exec 3<&0
"$@" </dev/null 3<&- &
java=$!
(read -r _ <&3; kill -9 $java) >/dev/null 2>&1 &
exec 3<&-
wait $java`

// Start runs DynamoDB Local and waits until it answers. The process ends with Stop, or with this process.
func Start(ctx context.Context, opts Options) (*Server, error) {
	if opts.Emulator == "" {
		folder, err := FindEmulator(".")
		if err != nil {
			return nil, err
		}
		opts.Emulator = folder
	}
	if opts.Java == "" {
		opts.Java = "java"
	}
	if err := checkJava(ctx, opts.Java); err != nil {
		return nil, err
	}
	s := &Server{FirstRun: true, output: &tail{to: opts.Log}, ended: make(chan struct{})}
	if opts.Data != "" {
		data, err := filepath.Abs(opts.Data)
		if err == nil {
			err = os.MkdirAll(data, 0o700)
		}
		if err != nil {
			return nil, fmt.Errorf("dynamodb: data folder: %w", err)
		}
		opts.Data = data
		_, err = os.Stat(filepath.Join(data, databaseFile))
		s.FirstRun = err != nil
	}
	port, err := freePort(opts.Port)
	if err != nil {
		return nil, err
	}
	s.Endpoint = "http://127.0.0.1:" + strconv.Itoa(port)
	if err := s.launch(opts, port); err != nil {
		return nil, err
	}
	if err := s.await(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Server) launch(opts Options, port int) error {
	args := []string{"-c", script, "dynamodb-local", opts.Java, "-Xmx1g"}
	if opts.Quick {
		args = append(args, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
	}
	args = append(args, "-Djava.library.path=DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar", "-sharedDb", "-disableTelemetry",
		"-port", strconv.Itoa(port))
	if opts.Data == "" {
		args = append(args, "-inMemory")
	} else {
		args = append(args, "-dbPath", opts.Data)
	}
	stdin, lease, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("dynamodb: %w", err)
	}
	defer stdin.Close()
	s.lease = lease
	s.cmd = exec.Command("/bin/sh", args...)
	s.cmd.Dir = opts.Emulator
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = stdin, s.output, s.output
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C in a terminal must not reach it before its time
	s.cmd.WaitDelay = time.Second
	if err := s.cmd.Start(); err != nil {
		return errors.Join(fmt.Errorf("dynamodb: %w", err), lease.Close())
	}
	go func() { // which also keeps s, and so the lease, from being collected while the process runs
		s.err = s.cmd.Wait()
		close(s.ended)
	}()
	return nil
}

// await waits until the process answers a call.
func (s *Server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		if s.answers(ctx) {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("dynamodb: DynamoDB Local ended (%v): %s", s.err, s.output)
		case <-ctx.Done():
			return fmt.Errorf("dynamodb: DynamoDB Local does not answer: %w: %s", ctx.Err(), s.output)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (s *Server) answers(ctx context.Context) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Endpoint, strings.NewReader("{}"))
	if err != nil {
		return false
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810.ListTables")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// Ended is closed when the process has ended, asked to or not.
func (s *Server) Ended() <-chan struct{} { return s.ended }

// Stop ends the process, by force after some seconds, and waits for that.
func (s *Server) Stop() error {
	defer s.lease.Close()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		// The group takes in java, which the shell started.
		if err := syscall.Kill(-s.cmd.Process.Pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("dynamodb: stop: %w", err)
		}
		select {
		case <-s.ended:
			return nil
		case <-time.After(5 * time.Second):
		}
	}
	return errors.New("dynamodb: DynamoDB Local does not stop")
}

// freePort checks that a port is free, or finds one that is.
func freePort(port int) (int, error) {
	l, err := net.Listen("tcp", ":"+strconv.Itoa(port))
	if err != nil {
		return 0, fmt.Errorf("dynamodb: port %d is taken: %w", port, err)
	}
	port = l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

// tail passes on what is written and remembers the end of it.
type tail struct {
	to io.Writer

	mu   sync.Mutex
	last []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, p...)
	t.last = t.last[max(0, len(t.last)-2000):]
	if t.to == nil {
		return len(p), nil
	}
	return t.to.Write(p)
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.last))
}
