package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"leadline/infra/local/apigateway"
	"leadline/infra/local/dynamodb"
	"leadline/infra/local/kms"
	"leadline/infra/local/lambda"
	"leadline/infra/local/process"
	"leadline/infra/local/s3"
	"leadline/infra/local/sqs"
)

// lab is the stack on this machine with a door before each service, in which everything happens one after the other: what
// starts a function is done by hand.
type lab struct {
	*wiring
	ledger      *ledger
	processes   *process.Starter
	environment map[string]string
	functions   map[string]lambda.Function
	hosts       map[string]*lambda.Host
	queueStore  *sqs.Queues
	server      *dynamodb.Server
	db          *sdk.Client
	streams     *dynamodbstreams.Client
	// records is the ARN of the stream of the record table.
	records string
	// baseURL is the HTTP API, queuesAt SQS, sink the destination of track events.
	baseURL, queuesAt, sink string

	closers []func() error
}

// openLab starts everything but the functions, which start with their first invocation.
func openLab(ctx context.Context, o options) (l *lab, err error) {
	l = &lab{ledger: &ledger{}, processes: process.NewStarter(), hosts: map[string]*lambda.Host{}}
	l.closers = append(l.closers, func() error { l.processes.Close(); return nil })
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	text, err := synthesized(ctx, ".", filepath.Join(".local", "bench"))
	if err != nil {
		return l, err
	}
	if l.server, err = dynamodb.Start(ctx, dynamodb.Options{}); err != nil {
		return l, err
	}
	l.closers = append(l.closers, l.server.Stop)
	keys, err := kms.Open(kms.Options{Region: region, Account: account})
	if err != nil {
		return l, err
	}
	blobs, err := s3.Open(s3.Options{})
	if err != nil {
		return l, err
	}
	l.closers = append(l.closers, blobs.Close)
	if l.queueStore, err = sqs.Open(sqs.Options{Region: region, Account: account}); err != nil {
		return l, err
	}
	l.closers = append(l.closers, l.queueStore.Close)

	dynamoAt, err := l.serve(dynamoDoor(l.ledger, l.server.Endpoint))
	if err != nil {
		return l, err
	}
	s3At, err := l.serve(s3Door(l.ledger, blobs))
	if err != nil {
		return l, err
	}
	if l.queuesAt, err = l.serve(services(sqsDoor(l.ledger, l.queueStore), kmsDoor(l.ledger, keys))); err != nil {
		return l, err
	}
	if l.sink, err = l.serve(sinkDoor(l.ledger)); err != nil {
		return l, err
	}
	l.environment = map[string]string{
		"AWS_ENDPOINT_URL_SQS": l.queuesAt, "AWS_ENDPOINT_URL_KMS": l.queuesAt, "AWS_ENDPOINT_URL_S3": s3At,
		"AWS_ENDPOINT_URL_DYNAMODB": dynamoAt, "AWS_ACCESS_KEY_ID": secret, "AWS_SECRET_ACCESS_KEY": secret,
	}
	front, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return l, err
	}
	l.baseURL = "http://" + front.Addr().String()
	if l.wiring, err = wire(text, l.baseURL, l.queuesAt, keys.Ensure); err != nil {
		return l, err
	}
	if l.functions, err = l.wiring.functions(o.functions); err != nil {
		return l, err
	}
	for _, name := range sortedKeys(l.functions) {
		if _, err := os.Stat(l.functions[name].Binary); err != nil {
			return l, fmt.Errorf("function %s is not built: run `make build`", name)
		}
	}
	own := credentials.NewStaticCredentialsProvider(secret, secret, "")
	l.db = sdk.New(sdk.Options{Region: region, BaseEndpoint: &l.server.Endpoint, Credentials: own, DisableValidateResponseChecksum: true})
	l.streams = dynamodbstreams.New(dynamodbstreams.Options{Region: region, BaseEndpoint: &l.server.Endpoint, Credentials: own})
	if err := l.provision(ctx, blobs); err != nil {
		return l, err
	}
	return l, l.openFront(front)
}

// services puts SQS and KMS behind one address.
func services(sqs, kms http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("X-Amz-Target"), "TrentService.") {
			kms.ServeHTTP(w, r)
			return
		}
		sqs.ServeHTTP(w, r)
	})
}

// provision makes queues, the bucket and the tables.
func (l *lab) provision(ctx context.Context, blobs *s3.Store) error {
	for _, name := range l.queues {
		if _, err := l.queueStore.Create(name, map[string]string{"VisibilityTimeout": "600"}, nil); err != nil {
			return err
		}
	}
	for _, name := range l.buckets {
		if err := blobs.EnsureBucket(name); err != nil {
			return err
		}
	}
	for _, called := range sortedKeys(l.tables) {
		name := l.tables[called]
		in := &sdk.CreateTableInput{TableName: &name, BillingMode: types.BillingModePayPerRequest,
			KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange}},
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}, {AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeS}},
		}
		if l.wiring.streams[called] {
			in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages}
		}
		made, err := l.db.CreateTable(ctx, in)
		if err != nil {
			return fmt.Errorf("table %s: %w", called, err)
		}
		if called == "Records" {
			l.records = aws.ToString(made.TableDescription.LatestStreamArn)
		}
	}
	return nil
}

// openFront opens the HTTP API.
func (l *lab) openFront(front net.Listener) error {
	gateway, err := apigateway.New(apigateway.Options{Functions: l, AccountID: account, APIID: l.api, Routes: []apigateway.Route{
		{Key: "POST /hooks/{token}", Function: "receive"}, {Key: "POST /v1/push", Function: "receive"}, {Key: "ANY /v1/{proxy+}", Function: "api"},
	}})
	if err != nil {
		return err
	}
	l.serveAt(front, gatewayDoor(l.ledger, gateway, func(route string) int { return accessLine(l.accessLog, route) }))
	return nil
}

// serve opens a door and gives its address.
func (l *lab) serve(handler http.Handler) (string, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	l.serveAt(listener, handler)
	return "http://" + listener.Addr().String(), nil
}

func (l *lab) serveAt(listener net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // ends with close
	l.closers = append(l.closers, server.Close)
}

// close ends everything, the last first.
func (l *lab) close() error {
	_, err := l.stopFunctions()
	errs := []error{err}
	for i := len(l.closers) - 1; i >= 0; i-- {
		errs = append(errs, l.closers[i]())
	}
	l.closers = nil
	return errors.Join(errs...)
}

// Invoke runs a function, starting it if it does not run. It implements what the emulators of triggers need.
func (l *lab) Invoke(ctx context.Context, name string, in lambda.Invocation) (lambda.Result, error) {
	host, ok := l.hosts[name]
	if !ok {
		f, ok := l.functions[name]
		if !ok {
			return lambda.Result{}, fmt.Errorf("the stack has no function %s", name)
		}
		f.Log = logWriter{l.ledger, name}
		var err error
		if host, err = lambda.NewHost(lambda.Options{Region: region, AccountID: account, Environment: l.environment, Processes: l.processes, MaxProcesses: 1}); err != nil {
			return lambda.Result{}, err
		}
		if err := host.Add(f); err != nil {
			return lambda.Result{}, err
		}
		l.hosts[name] = host
	}
	l.ledger.begin(name)
	defer l.ledger.end()
	if name == "relay" {
		l.ledger.note(func(b *bill) {
			b.add(call{part: forHistory, service: "DynamoDB stream", operation: "read by Lambda", usage: usage{dynamoStream: 1}})
		})
	}
	result, err := host.Invoke(ctx, name, in)
	if err == nil && result.FunctionError != "" {
		err = fmt.Errorf("%s failed: %s", name, bytes.TrimSpace(result.Payload))
	}
	return result, err
}

// stopFunctions ends the functions and tells how much processor time each took since it was started.
func (l *lab) stopFunctions() (map[string]time.Duration, error) {
	took := map[string]time.Duration{}
	var errs []error
	for _, name := range sortedKeys(l.hosts) {
		before := childrenTime()
		errs = append(errs, l.hosts[name].Close())
		took[name] = childrenTime() - before
		delete(l.hosts, name)
	}
	return took, errors.Join(errs...)
}

// childrenTime is the processor time of all processes that were started here and have ended.
func childrenTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
