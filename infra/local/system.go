package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"leadline/infra/local/apigateway"
	"leadline/infra/local/chaos"
	"leadline/infra/local/eventsource"
	"leadline/infra/local/iam"
	"leadline/infra/local/lambda"
	"leadline/infra/local/process"
	"leadline/infra/local/schedule"
	"leadline/infra/local/ses"
)

// system is all that runs.
type system struct {
	o         options
	console   *console
	processes *process.Starter
	doors     doors
	faults    *faults
	emulators *emulators
	stack     *stack
	guard     *iam.Guard
	byLambda  map[string][]iam.Grant // see usedByLambda
	host      *lambda.Host
	queues    []queue
	sources   []source
	timer     schedule.Runner
	schedules []schedule.Schedule
	calls     map[string]*calls
	outputs   map[string]string
	sandbox   *sandbox // nil for none

	closers []func() error // in the order of opening
}

// opened notes what is to be closed at the end.
func (s *system) opened(close func() error) { s.closers = append(s.closers, close) }

// close ends everything, the last first.
func (s *system) close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// up brings everything up. What it opened is closed by close, whether it succeeds or not.
func (s *system) up(ctx context.Context) error {
	log, err := openLog(s.o, "runner")
	if err != nil {
		return err
	}
	s.console.log = log
	s.opened(log.Close)
	if s.doors, err = openDoors(s.o.port); err != nil {
		return err
	}
	s.opened(func() error { s.doors.close(); return nil })
	s.faults = &faults{}
	if s.o.chaos {
		s.faults.source = chaos.New(chaos.Default(s.o.chaosSeed))
	}
	if s.emulators, err = openEmulators(s.o, s.faults, s.arrived); err != nil {
		return err
	}
	s.opened(s.emulators.close)
	// One that was left behind by a runner that was killed would send scripts to where nobody is.
	if err := os.Remove(s.o.runFile); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("run file: %w", err)
	}
	if err := s.foundations(ctx); err != nil {
		return err
	}
	if err := s.provision(ctx); err != nil {
		return err
	}
	if err := s.serve(); err != nil {
		return err
	}
	if err := s.start(); err != nil {
		return err
	}
	return s.startSandbox(ctx)
}

// foundations starts DynamoDB Local and synthesizes the stack, at the same time.
func (s *system) foundations(ctx context.Context) error {
	started := make(chan error, 1)
	go func() { started <- s.startDynamoDB(ctx) }()
	err := s.readStack(ctx)
	return errors.Join(err, <-started)
}

func (s *system) startDynamoDB(ctx context.Context) error {
	done := s.console.step("DynamoDB Local", "")
	log, err := openLog(s.o, "dynamodb")
	if err != nil {
		return err
	}
	s.opened(log.Close)
	if err := s.emulators.startDynamoDB(ctx, s.o, s.doors.emulator, log); err != nil {
		return err
	}
	done("%s", s.emulators.local.Endpoint)
	return nil
}

func (s *system) readStack(ctx context.Context) error {
	done := s.console.step("stack", "synthesizing the stack; the first time this compiles the AWS CDK, which takes a minute")
	if s.o.template != "" {
		data, err := os.ReadFile(s.o.template)
		if err != nil {
			return err
		}
		if s.stack, err = newStack(data, "leadline-"+s.o.stage); err != nil {
			return err
		}
		done("%s", s.o.template)
		return nil
	}
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	data, cached, err := synthesizer{root: root, cache: s.o.cache, stage: s.o.stage, mailFrom: s.o.mailFrom, processes: s.processes}.template(ctx)
	if err != nil {
		return err
	}
	if s.stack, err = newStack(data, "leadline-"+s.o.stage); err != nil {
		return err
	}
	how := "synthesized"
	if cached {
		how = "as synthesized before"
	}
	done("stage %s, %s", s.o.stage, how)
	return nil
}

// provision makes what the template declares, in the order of references.
func (s *system) provision(ctx context.Context) error {
	done := s.console.step("resources", "")
	nothing, unknown, err := s.stack.survey()
	if err != nil {
		return err
	}
	if len(nothing) > 0 {
		s.console.detail("played as nothing: %s", strings.Join(nothing, ", "))
	}
	if len(unknown) > 0 {
		s.console.warn("the local runner does not know %s: nothing is made of it", strings.Join(unknown, ", "))
	}
	buckets, keys, err := s.stack.makeStores(s.emulators)
	if err != nil {
		return err
	}
	if s.queues, err = s.stack.makeQueues(s.emulators.queues, address(s.doors.services)); err != nil {
		return err
	}
	apiID, err := s.stack.bindHTTP(s.baseURL())
	if err != nil {
		return err
	}
	functions, err := s.stack.bindFunctions()
	if err != nil {
		return err
	}
	tables, err := s.stack.makeTables(ctx, s.emulators.client)
	if err != nil {
		return err
	}
	done("%s", strings.Join([]string{count(len(tables), "table"), count(len(s.queues), "queue"), count(len(buckets), "bucket"), count(len(keys), "key")}, ", "))

	done = s.console.step("functions", "")
	if s.host, err = lambda.NewHost(lambda.Options{
		Region: region, AccountID: account, Environment: s.environment(s.doors.dynamodb), Processes: s.processes, MaxProcesses: s.o.processes,
		AsyncDelay: func(attempt int) time.Duration { return s.o.sooner(time.Duration(attempt) * time.Minute) },
	}); err != nil {
		return err
	}
	s.opened(s.host.Close)
	accessKeys, err := s.guardFunctions(functions)
	if err != nil {
		return err
	}
	logs, err := s.stack.addFunctions(s.host, functions, accessKeys, s.o, apiID, s.baseURL())
	for _, log := range logs {
		s.opened(log.Close)
	}
	if err != nil {
		return err
	}
	var names []string
	for _, f := range functions {
		names = append(names, s.stack.folder(f))
	}
	done("%s", strings.Join(names, " "))
	return s.connect(functions, tables, apiID)
}

// guardFunctions sees to it that functions may do what their roles allow and nothing else. It gives their access keys.
func (s *system) guardFunctions(functions []resource) (keys map[string]string, err error) {
	s.guard = iam.NewGuard(iam.Options{Region: region, Account: account, Report: func(line string) {
		s.console.warn("%s; infra/functions.go says what functions may do", line)
	}})
	if s.byLambda, err = s.stack.usedByLambda(functions); err != nil {
		return nil, err
	}
	return s.stack.admit(s.guard, functions)
}

// connect makes what starts functions.
func (s *system) connect(functions []resource, tables []table, apiID string) error {
	checkpoints, err := eventsource.OpenCheckpoints(filepath.Join(s.o.data, "streams.json"))
	if err != nil {
		return err
	}
	maker := sourceMaker{
		stack: s.stack, o: s.o, host: s.host, emulators: s.emulators, queues: s.queues, tables: tables, functions: functions,
		checkpoints: checkpoints, report: func(err error) { s.console.warn("%v", err) },
	}
	if s.sources, err = maker.sources(); err != nil {
		return err
	}
	if s.schedules, err = s.stack.schedules(); err != nil {
		return err
	}
	for _, one := range s.schedules {
		if _, err := maker.function(one.Function); err != nil {
			return fmt.Errorf("schedule %s: %w", one.Name, err)
		}
	}
	s.timer = schedule.Runner{
		Region: region, AccountID: account, Start: s.host.InvokeAsync,
		Failed: func(_ schedule.Schedule, err error) { s.console.warn("%v", err) },
	}
	routes, err := s.stack.routes()
	if err != nil {
		return err
	}
	access, err := openLog(s.o, "http")
	if err != nil {
		return err
	}
	s.opened(access.Close)
	var public []apigateway.Route
	for _, r := range routes {
		if _, err := maker.function(r.function); err != nil {
			return fmt.Errorf("route %s: %w", r.key, err)
		}
		public = append(public, apigateway.Route{Key: r.key, Function: r.function, Timeout: time.Duration(r.milliseconds) * time.Millisecond})
	}
	gateway, err := apigateway.New(apigateway.Options{Functions: s.host, Routes: public, AccountID: account, APIID: apiID, Log: access})
	if err != nil {
		return err
	}
	s.listen(s.doors.gateway, gateway)
	s.outputs = s.stack.outputs()
	return nil
}

// serve opens the doors of the AWS services.
func (s *system) serve() error {
	s.calls = map[string]*calls{
		"sqs": newCalls(s.emulators.queues, byTarget), "kms": newCalls(s.emulators.keys, byTarget), "s3": newCalls(s.emulators.blobs, byMethod),
		"ses": newCalls(s.emulators.mails, sendEmail),
	}
	s.listen(s.doors.services, s.services())
	s.listen(s.doors.s3, s.guard.S3(s.calls["s3"]))
	s.listen(s.doors.dynamodb, s.guard.DynamoDB(s.emulators.proxy))
	return nil
}

// arrived tells that a mail was sent, and where it can be read.
func (s *system) arrived(m ses.Mail) {
	s.console.print("  %s mail to %s: %s %s", s.console.bold("✉"), strings.Join(m.To, ", "), m.Subject,
		s.console.dim(address(s.doors.services)+mailbox+"/"+m.ID))
}

// services puts SQS, KMS, SES, Lambda and the control of the runner behind one door.
func (s *system) services() http.Handler {
	control, sqs, kms, mails := s.control(), s.guard.SQS(s.calls["sqs"]), s.guard.KMS(s.calls["kms"]), s.guard.SES(s.calls["ses"])
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		target := r.Header.Get("X-Amz-Target")
		switch {
		case strings.HasPrefix(target, "AmazonSQS."):
			sqs.ServeHTTP(rw, r)
		case strings.HasPrefix(target, "TrentService."):
			kms.ServeHTTP(rw, r)
		case strings.HasPrefix(r.URL.Path, "/v2/email/"):
			mails.ServeHTTP(rw, r)
		case strings.HasPrefix(r.URL.Path, "/2015-03-31/"):
			s.host.ServeHTTP(rw, r)
		default:
			control.ServeHTTP(rw, r)
		}
	})
}

// listen serves a door until close.
func (s *system) listen(l net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := server.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			s.console.warn("%s: %v", l.Addr(), err)
		}
	}()
	s.opened(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil { // somebody holds on to a connection
			return server.Close()
		}
		return nil
	})
}

// start sets the event sources and schedules going.
func (s *system) start() error {
	ctx, cancel := context.WithCancel(context.Background())
	wait := runSources(ctx, s.sources)
	go s.timer.Run(ctx, s.schedules)
	s.opened(func() error {
		cancel()
		ended := make(chan struct{})
		go func() {
			wait()
			close(ended)
		}()
		select {
		case <-ended:
			return nil
		case <-time.After(3 * time.Second): // give batches under way that long to end; then they are cut off
			err := s.host.Close()
			<-ended
			return err
		}
	})
	return nil
}

func (s *system) baseURL() string { return address(s.doors.gateway) }

// environment is what AWS SDKs need to know to talk to the services here. Functions talk to DynamoDB through the proxy,
// others to DynamoDB Local itself.
func (s *system) environment(dynamodb net.Listener) map[string]string {
	env := map[string]string{
		"AWS_ENDPOINT_URL_SQS": address(s.doors.services), "AWS_ENDPOINT_URL_KMS": address(s.doors.services),
		"AWS_ENDPOINT_URL_LAMBDA": address(s.doors.services), "AWS_ENDPOINT_URL_SESV2": address(s.doors.services), "AWS_ENDPOINT_URL_S3": address(s.doors.s3),
		"AWS_ENDPOINT_URL_DYNAMODB": s.emulators.local.Endpoint, "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": s.emulators.local.Endpoint,
		"AWS_ACCESS_KEY_ID": accessKey, "AWS_SECRET_ACCESS_KEY": secretKey,
	}
	if dynamodb != nil {
		env["AWS_ENDPOINT_URL_DYNAMODB"], env["AWS_ENDPOINT_URL_DYNAMODB_STREAMS"] = address(dynamodb), address(dynamodb)
	}
	return env
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
