package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"leadline/infra/local/eventsource"
	"leadline/infra/local/eventsource/pattern"
	"leadline/infra/local/lambda"
	"leadline/infra/local/schedule"
	"leadline/infra/local/sqs"
)

// mapping is an event source mapping at work.
type mapping interface {
	Run(ctx context.Context)
	Pause()
	Resume()
	Stats() eventsource.Stats
}

// source is a mapping with what it joins.
type source struct {
	mapping
	// function is the folder of the function, from what people call the queue or table.
	function, from string
	queue          *sqs.Queue                 // nil for a stream
	stream         *eventsource.StreamMapping // nil for a queue
}

// sourceMaker makes the event source mappings of a stack.
type sourceMaker struct {
	*stack
	o           options
	host        *lambda.Host
	emulators   *emulators
	queues      []queue
	tables      []table
	functions   []resource
	checkpoints *eventsource.Checkpoints
	report      func(error)
}

// sources makes the mappings that the template declares.
func (m sourceMaker) sources() ([]source, error) {
	found, err := m.Resources("AWS::Lambda::EventSourceMapping")
	if err != nil {
		return nil, err
	}
	var all []source
	for _, r := range found {
		var p mappingProperties
		if err := m.Decode(r, &p); err != nil {
			return nil, err
		}
		one, err := m.source(p)
		if err != nil {
			return nil, fmt.Errorf("resource %s: %w", r, err)
		}
		if p.Enabled != nil && !bool(*p.Enabled) || slices.Contains(m.o.disable, one.function) {
			one.Pause()
		}
		all = append(all, one)
	}
	for _, name := range m.o.disable {
		if !slices.ContainsFunc(all, func(s source) bool { return s.function == name }) {
			return nil, fmt.Errorf("--disable %s: no event source mapping feeds a function of this name", name)
		}
	}
	return all, nil
}

func (m sourceMaker) source(p mappingProperties) (source, error) {
	function, err := m.function(string(p.FunctionName))
	if err != nil {
		return source{}, err
	}
	if p.TumblingWindowInSeconds != 0 {
		return source{}, errors.New("the local runner does not play tumbling windows")
	}
	for _, q := range m.queues {
		if q.ARN() == string(p.EventSourceArn) {
			return m.queueSource(p, q, function)
		}
	}
	for _, t := range m.tables {
		if t.stream != "" && t.stream == string(p.EventSourceArn) {
			return m.streamSource(p, t, function)
		}
	}
	return source{}, fmt.Errorf("its event source %s is neither a queue nor a table's stream of this stack", p.EventSourceArn)
}

// function finds the function that a name, ARN or either with a qualifier means.
func (m sourceMaker) function(reference string) (resource, error) {
	if _, after, ok := strings.Cut(reference, ":function:"); ok {
		reference = after
	}
	name, _, _ := strings.Cut(reference, ":")
	i := slices.IndexFunc(m.functions, func(r resource) bool { return r.name == name })
	if i < 0 {
		return resource{}, fmt.Errorf("the stack declares no function %s", reference)
	}
	return m.functions[i], nil
}

func (m sourceMaker) queueSource(p mappingProperties, q queue, function resource) (source, error) {
	if len(p.FilterCriteria.Filters) > 0 {
		return source{}, errors.New("the local runner does not play the filter criteria of queues")
	}
	return source{function: m.folder(function), from: q.label, queue: q.Queue, mapping: &eventsource.QueueMapping{
		Queue: q.Queue, ARN: q.ARN(), Region: region, Function: string(p.FunctionName), Functions: m.host,
		BatchSize: int(p.BatchSize), Window: time.Duration(p.MaximumBatchingWindowInSeconds) * time.Second, Speed: m.o.speed,
		Concurrency: int(p.ScalingConfig.MaximumConcurrency), PartialBatch: p.partialBatch(), Chaos: m.emulators.faults, Report: m.report,
	}}, nil
}

func (m sourceMaker) streamSource(p mappingProperties, t table, function resource) (source, error) {
	var patterns []string
	for _, f := range p.FilterCriteria.Filters {
		patterns = append(patterns, f.Pattern)
	}
	filter, err := pattern.Parse(patterns...)
	if err != nil {
		return source{}, err
	}
	if p.StartingPosition != "TRIM_HORIZON" && p.StartingPosition != "LATEST" {
		return source{}, fmt.Errorf("its starting position is %q", p.StartingPosition)
	}
	_, label, _ := strings.Cut(t.stream, "/stream/")
	stream := &eventsource.StreamMapping{
		Streams: m.emulators.streams, ARN: t.stream, EventARN: arn("dynamodb", "table/"+t.name+"/stream/"+label), Region: region,
		Function: string(p.FunctionName), FunctionARN: arn("lambda", "function:"+function.name), Functions: m.host,
		Checkpoints: m.checkpoints, Latest: p.StartingPosition == "LATEST", BatchSize: int(p.BatchSize),
		Window: m.o.sooner(time.Duration(p.MaximumBatchingWindowInSeconds) * time.Second), Lanes: int(p.ParallelizationFactor),
		Bisect: bool(p.BisectBatchOnFunctionError), MaxRetries: -1, PartialBatch: p.partialBatch(), Filter: filter,
		Poll: 100 * time.Millisecond, Chaos: m.emulators.faults, Report: m.report,
		Backoff: func(attempts int) time.Duration {
			return m.o.sooner(min(100*time.Millisecond<<min(attempts-1, 10), 10*time.Second))
		},
	}
	if n := p.MaximumRetryAttempts; n != nil {
		stream.MaxRetries = int(*n)
	}
	if n := p.MaximumRecordAgeInSeconds; n != nil && *n > 0 {
		stream.MaxAge = time.Duration(*n) * time.Second
	}
	if destination := string(p.DestinationConfig.OnFailure.Destination); destination != "" {
		dead, err := m.emulators.queues.ByARN(destination)
		if err != nil {
			return source{}, fmt.Errorf("its destination on failure %s: %w", destination, err)
		}
		stream.Discarded = func(message []byte) error {
			_, err := dead.Send(sqs.Outgoing{Body: string(message)})
			return err
		}
	}
	return source{function: m.folder(function), from: t.label, stream: stream, mapping: stream}, nil
}

// sooner shortens a time of queues and retries as --queue-speed says.
func (o options) sooner(d time.Duration) time.Duration {
	return time.Duration(float64(d) / o.speed)
}

// runSources runs mappings until ctx ends, and waits for what is under way then.
func runSources(ctx context.Context, all []source) (wait func()) {
	var running sync.WaitGroup
	for _, s := range all {
		running.Go(func() { s.Run(ctx) })
	}
	return running.Wait
}

// schedules makes the schedules of the Scheduler and the schedule rules of EventBridge.
func (s *stack) schedules() ([]schedule.Schedule, error) {
	found, err := s.each("AWS::Scheduler::Schedule", "Name")
	if err != nil {
		return nil, err
	}
	var all []schedule.Schedule
	for _, r := range found {
		var p scheduleProperties
		if err := s.Decode(r.Resource, &p); err != nil {
			return nil, err
		}
		s.Bind(r.LogicalID, r.name, map[string]string{"Arn": arn("scheduler", "schedule/default/"+r.name)})
		zone, err := time.LoadLocation(p.ScheduleExpressionTimezone)
		if err != nil {
			return nil, fmt.Errorf("resource %s: %w", r, err)
		}
		when, err := schedule.Parse(p.ScheduleExpression, zone)
		if err != nil {
			return nil, fmt.Errorf("resource %s: %w", r, err)
		}
		if p.State != "DISABLED" {
			all = append(all, schedule.Schedule{
				Name: r.label, ARN: arn("scheduler", "schedule/default/"+r.name), Function: string(p.Target.Arn), When: when, Input: string(p.Target.Input),
			})
		}
	}
	rules, err := s.rules()
	return append(all, rules...), err
}

func (s *stack) rules() ([]schedule.Schedule, error) {
	found, err := s.each("AWS::Events::Rule", "Name")
	if err != nil {
		return nil, err
	}
	var all []schedule.Schedule
	for _, r := range found {
		var p ruleProperties
		if err := s.Decode(r.Resource, &p); err != nil {
			return nil, err
		}
		s.Bind(r.LogicalID, r.name, map[string]string{"Arn": arn("events", "rule/"+r.name)})
		if p.ScheduleExpression == "" {
			return nil, fmt.Errorf("resource %s: the local runner plays rules with a schedule only", r)
		}
		when, err := schedule.Parse(p.ScheduleExpression, time.UTC)
		if err != nil {
			return nil, fmt.Errorf("resource %s: %w", r, err)
		}
		for _, t := range p.Targets {
			if p.State == "DISABLED" {
				continue
			}
			name := r.label
			if len(p.Targets) > 1 {
				name += "/" + string(t.ID)
			}
			all = append(all, schedule.Schedule{
				Name: name, ARN: arn("events", "rule/"+r.name), Function: string(t.Arn), When: when, Input: string(t.Input), Rule: true,
			})
		}
	}
	return all, nil
}
