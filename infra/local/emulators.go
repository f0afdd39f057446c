package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"leadline/infra/local/chaos"
	"leadline/infra/local/dynamodb"
	"leadline/infra/local/kms"
	"leadline/infra/local/s3"
	"leadline/infra/local/ses"
	"leadline/infra/local/sqs"
)

// doors are the listeners of all services. They are opened first, so that a taken port is noticed before anything runs.
type doors struct {
	gateway, services, s3, dynamodb net.Listener
	// emulator is the port of DynamoDB Local itself; 0 for any.
	emulator int
}

// openDoors listens on a port and the ones after it, or on free ones if it is 0; on the loopback interface only.
func openDoors(port int) (doors, error) {
	var d doors
	for i, door := range []struct {
		listener *net.Listener
		what     string
	}{
		{&d.gateway, "the public URL"}, {&d.services, "SQS, KMS, SES and Lambda"}, {&d.s3, "S3"}, {&d.dynamodb, "DynamoDB"},
	} {
		at := 0
		if port != 0 {
			at = port + i
		}
		l, err := net.Listen("tcp4", "127.0.0.1:"+strconv.Itoa(at))
		if err != nil {
			d.close()
			return doors{}, taken(at, door.what, err)
		}
		*door.listener = l
	}
	if port != 0 {
		d.emulator = port + 4
		l, err := net.Listen("tcp", ":"+strconv.Itoa(d.emulator))
		if err != nil {
			d.close()
			return doors{}, taken(d.emulator, "DynamoDB Local", err)
		}
		_ = l.Close()
	}
	return d, nil
}

func taken(port int, what string, err error) error {
	return fmt.Errorf("port %d (%s) cannot be used: %w\nIs Leadline running already? Choose other ports with `make run PORT=9000`, --port or %sPORT; 0 takes free ones",
		port, what, err, envPrefix)
}

func (d doors) close() {
	for _, l := range []net.Listener{d.gateway, d.services, d.s3, d.dynamodb} {
		if l != nil {
			_ = l.Close()
		}
	}
}

func address(l net.Listener) string { return "http://" + l.Addr().String() }

// emulators are the AWS services that hold data.
type emulators struct {
	queues *sqs.Queues
	keys   *kms.Keys
	blobs  *s3.Store
	mails  *ses.Service
	local  *dynamodb.Server
	proxy  *dynamodb.Proxy
	faults *faults
	// client and streams talk to DynamoDB Local itself: no call of theirs meets a fault or is counted.
	client  *sdk.Client
	streams *dynamodbstreams.Client
}

// openEmulators opens what lies in the data folder. arrived hears of each mail.
func openEmulators(o options, f *faults, arrived func(ses.Mail)) (*emulators, error) {
	if err := os.MkdirAll(o.data, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	e := &emulators{faults: f}
	var queueFaults sqs.Faults
	if f.source != nil {
		queueFaults = f
	}
	var err error
	if e.queues, err = sqs.Open(sqs.Options{
		File: filepath.Join(o.data, "sqs.db"), Region: region, Account: account, Speed: o.speed, Faults: queueFaults,
	}); err != nil {
		return nil, dataInUse(err)
	}
	if e.keys, err = kms.Open(kms.Options{File: filepath.Join(o.data, "kms.json"), Region: region, Account: account}); err == nil {
		e.blobs, err = s3.Open(s3.Options{File: filepath.Join(o.data, "s3.db"), Secret: secretKey})
	}
	if err == nil {
		e.mails, err = ses.Open(ses.Options{Folder: filepath.Join(o.data, "mail"), Region: region, Arrived: arrived})
	}
	if err != nil {
		return nil, errors.Join(dataInUse(err), e.close())
	}
	return e, nil
}

func dataInUse(err error) error {
	if strings.Contains(err.Error(), "in use") {
		return fmt.Errorf("%w: Leadline is running over this data already; stop it, or choose another folder with --data", err)
	}
	return err
}

// startDynamoDB starts DynamoDB Local.
func (e *emulators) startDynamoDB(ctx context.Context, o options, port int, log io.Writer) error {
	server, err := dynamodb.Start(ctx, dynamodb.Options{Data: filepath.Join(o.data, "dynamodb"), Port: port, Log: log})
	if err != nil {
		return err
	}
	e.local = server
	var callFaults dynamodb.Faults
	if e.faults.source != nil {
		callFaults = e.faults
	}
	e.proxy = dynamodb.NewProxy(server.Endpoint, callFaults)
	own := credentials.NewStaticCredentialsProvider(accessKey, secretKey, "")
	e.client = sdk.New(sdk.Options{
		Region: region, BaseEndpoint: &server.Endpoint, Credentials: own, DisableValidateResponseChecksum: true,
	})
	e.streams = dynamodbstreams.New(dynamodbstreams.Options{Region: region, BaseEndpoint: &server.Endpoint, Credentials: own})
	return nil
}

func (e *emulators) close() error {
	var errs []error
	if e.local != nil {
		errs = append(errs, e.local.Stop())
	}
	if e.blobs != nil {
		errs = append(errs, e.blobs.Close())
	}
	if e.queues != nil {
		errs = append(errs, e.queues.Close())
	}
	return errors.Join(errs...)
}

// The credentials of everything here but the functions, whose access keys tell who calls. Nobody checks signatures but S3, those of
// presigned URLs.
const (
	accessKey = "local"
	secretKey = "local"
)

// faults asks chaos for its decisions once the system is up: the control plane and the seeding are spared.
type faults struct {
	source *chaos.Source

	mu sync.Mutex
	on bool
}

func (f *faults) begin() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.on = true
}

// active gives the source; nil, which decides against every fault, before begin.
func (f *faults) active() *chaos.Source {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.on {
		return nil
	}
	return f.source
}

func (f *faults) Duplicate(queue string, receives int) bool {
	return f.active().Duplicate(queue, receives)
}

func (f *faults) Redeliver(queue string, receives int) (time.Duration, bool) {
	return f.active().Redeliver(queue, receives)
}

func (f *faults) Pick(queue string, n int) int { return f.active().Pick(queue, n) }

func (f *faults) Kill(function string, try int) (time.Duration, bool) {
	return f.active().Kill(function, try)
}

func (f *faults) Call(operation string, attempt int) chaos.Fault {
	return f.active().Call(operation, attempt)
}

// calls counts requests by operation and passes them on.
type calls struct {
	to http.Handler
	// operation names what a request asks for.
	operation func(*http.Request) string

	mu     sync.Mutex
	counts map[string]int64
}

func newCalls(to http.Handler, operation func(*http.Request) string) *calls {
	return &calls{to: to, operation: operation, counts: map[string]int64{}}
}

func (c *calls) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	name := c.operation(r)
	c.mu.Lock()
	c.counts[name]++
	c.mu.Unlock()
	c.to.ServeHTTP(rw, r)
}

func (c *calls) snapshot() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]int64, len(c.counts))
	for name, n := range c.counts {
		all[name] = n
	}
	return all
}

// byTarget names the operation of a call in AWS's JSON protocols.
func byTarget(r *http.Request) string {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return operation
}

// sendEmail names the operation of a call to SES, which has one here.
func sendEmail(*http.Request) string { return "SendEmail" }

// byMethod names the operation of a call to S3, as far as counting needs it.
func byMethod(r *http.Request) string {
	switch r.Method {
	case http.MethodGet:
		return "GetObject"
	case http.MethodPut:
		return "PutObject"
	case http.MethodHead:
		return "HeadObject"
	case http.MethodDelete:
		return "DeleteObject"
	}
	return r.Method
}
