package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leadline/infra/local/dynamodb/dynamodbtest"
	"leadline/infra/local/eventsource"
	"leadline/infra/local/lambda"
	"leadline/infra/local/lambda/lambdatest"
)

// parts of templates, each a resource.
const (
	partFunction = `"F": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "leadline-dev-f", "Runtime": "provided.al2023"}}`
	partQueue    = `"Q": {"Type": "AWS::SQS::Queue"}`
	partAPI      = `"A": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"ProtocolType": "HTTP"}}`
)

func partMapping(properties string) string {
	return `"M": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {` + properties + `}}`
}

func partRoute(integration, route string) string {
	return `"I": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {` + integration + `}},
		"R": {"Type": "AWS::ApiGatewayV2::Route", "Properties": {"RouteKey": "GET /x", ` + route + `}}`
}

const proxy = `"IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "2.0", "IntegrationUri": {"Fn::GetAtt": ["F", "Arn"]}`

// play makes what a template declares, except tables, as system does.
func play(t *testing.T, parts ...string) error {
	t.Helper()
	s, err := newStack([]byte(`{"Resources": {`+strings.Join(parts, ",")+`}}`), "leadline-dev")
	if err != nil {
		return err
	}
	o := options{data: t.TempDir(), logs: t.TempDir(), functions: t.TempDir(), speed: 1}
	if err := os.Mkdir(filepath.Join(o.functions, "f"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(probeBinary, filepath.Join(o.functions, "f", "bootstrap")); err != nil {
		t.Fatal(err)
	}
	e, err := openEmulators(o, &faults{}, nil)
	if err != nil {
		return err
	}
	t.Cleanup(func() { _ = e.close() })
	if _, _, err := s.survey(); err != nil {
		return err
	}
	if _, _, err := s.makeStores(e); err != nil {
		return err
	}
	queues, err := s.makeQueues(e.queues, "http://127.0.0.1:1")
	if err != nil {
		return err
	}
	id, err := s.bindHTTP("http://127.0.0.1:2")
	if err != nil {
		return err
	}
	functions, err := s.bindFunctions()
	if err != nil {
		return err
	}
	host := lambdatest.Host(t, lambda.Options{})
	if _, err := s.addFunctions(host, functions, nil, o, id, "http://127.0.0.1:2"); err != nil {
		return err
	}
	checkpoints, err := eventsource.OpenCheckpoints("")
	if err != nil {
		return err
	}
	maker := sourceMaker{stack: s, o: o, host: host, emulators: e, queues: queues, functions: functions, checkpoints: checkpoints,
		tables: []table{{resource: resource{name: "T"}, stream: "arn:aws:dynamodb:ddblocal:000000000000:table/T/stream/1"}}}
	if _, err := maker.sources(); err != nil {
		return err
	}
	if _, err := s.schedules(); err != nil {
		return err
	}
	_, err = s.routes()
	return err
}

func TestPlays(t *testing.T) {
	for name, parts := range map[string][]string{
		"a queue":  {partFunction, partQueue, partMapping(`"FunctionName": {"Ref": "F"}, "EventSourceArn": {"Fn::GetAtt": ["Q", "Arn"]}, "BatchSize": "7"`)},
		"a stream": {partFunction, partMapping(`"FunctionName": {"Ref": "F"}, "EventSourceArn": "arn:aws:dynamodb:ddblocal:000000000000:table/T/stream/1", "StartingPosition": "LATEST"`)},
		"a route":  {partFunction, partAPI, partRoute(proxy, `"Target": {"Fn::Sub": "integrations/${I}"}`)},
		"a rule": {partFunction, `"S": {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "cron(0 3 * * ? *)", "State": "ENABLED",
			"Targets": [{"Id": "1", "Arn": {"Fn::GetAtt": ["F", "Arn"]}}]}}`},
		"a dead-letter queue of a dead-letter queue, declared first": {`"A": {"Type": "AWS::SQS::Queue", "Properties": {"RedrivePolicy":
			{"deadLetterTargetArn": {"Fn::GetAtt": ["B", "Arn"]}, "maxReceiveCount": 2}}}, "B": {"Type": "AWS::SQS::Queue", "Properties": {"RedrivePolicy":
			{"deadLetterTargetArn": {"Fn::GetAtt": ["C", "Arn"]}, "maxReceiveCount": 2}}}, "C": {"Type": "AWS::SQS::Queue"}`},
		"a reference to what is unknown, in a property that is not needed": {`"F": {"Type": "AWS::Lambda::Function", "Properties":
			{"FunctionName": "leadline-dev-f", "Runtime": "provided.al2023", "Layers": [{"Ref": "Strange"}]}}, "Strange": {"Type": "AWS::Strange::Thing"}`},
	} {
		t.Run(name, func(t *testing.T) {
			if err := play(t, parts...); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNamesWhatItCannotPlay(t *testing.T) {
	onQueue := `"FunctionName": {"Ref": "F"}, "EventSourceArn": {"Fn::GetAtt": ["Q", "Arn"]}`
	onStream := `"FunctionName": {"Ref": "F"}, "EventSourceArn": "arn:aws:dynamodb:ddblocal:000000000000:table/T/stream/1"`
	for name, tc := range map[string]struct {
		parts []string
		want  []string // all of these stand in the error
	}{
		"a reference to what is unknown": {
			[]string{`"F": {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "provided.al2023", "Environment": {"Variables": {"X": {"Ref": "Strange"}}}}},
				"Strange": {"Type": "AWS::Strange::Thing"}`},
			[]string{"F (AWS::Lambda::Function)", "Environment.Variables.X", "Strange", "AWS::Strange::Thing"},
		},
		"a runtime":             {[]string{`"F": {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "python3.13"}}`}, []string{"F", "python3.13"}},
		"a source":              {[]string{partFunction, partMapping(`"FunctionName": {"Ref": "F"}, "EventSourceArn": "arn:aws:kinesis:x"`)}, []string{"M", "arn:aws:kinesis:x"}},
		"a function":            {[]string{partQueue, partMapping(`"FunctionName": "nobody", "EventSourceArn": {"Fn::GetAtt": ["Q", "Arn"]}`)}, []string{"M", "nobody"}},
		"a filter on a queue":   {[]string{partFunction, partQueue, partMapping(onQueue + `, "FilterCriteria": {"Filters": [{"Pattern": "{\"body\":[\"x\"]}"}]}`)}, []string{"M", "filter"}},
		"a filter's condition":  {[]string{partFunction, partMapping(onStream + `, "StartingPosition": "LATEST", "FilterCriteria": {"Filters": [{"Pattern": "{\"a\":[{\"wildcard\":\"x\"}]}"}]}`)}, []string{"M", "wildcard"}},
		"a starting position":   {[]string{partFunction, partMapping(onStream + `, "StartingPosition": "AT_TIMESTAMP"`)}, []string{"M", "AT_TIMESTAMP"}},
		"a tumbling window":     {[]string{partFunction, partMapping(onStream + `, "TumblingWindowInSeconds": 5`)}, []string{"M", "tumbling"}},
		"a failure destination": {[]string{partFunction, partMapping(onStream + `, "StartingPosition": "LATEST", "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sns:x"}}`)}, []string{"M", "arn:aws:sns:x"}},
		"two APIs":              {[]string{partAPI, strings.Replace(partAPI, `"A"`, `"B"`, 1)}, []string{"2 HTTP APIs"}},
		"an authorizer":         {[]string{partFunction, partAPI, partRoute(proxy, `"AuthorizationType": "JWT"`)}, []string{"R", "JWT"}},
		"a target":              {[]string{partFunction, partAPI, partRoute(proxy, `"Target": "integrations/none"`)}, []string{"R", "integrations/none"}},
		"a payload format":      {[]string{partFunction, partAPI, partRoute(strings.Replace(proxy, "2.0", "1.0", 1), `"Target": {"Fn::Sub": "integrations/${I}"}`)}, []string{"I", "2.0"}},
		"a schedule":            {[]string{partFunction, `"S": {"Type": "AWS::Scheduler::Schedule", "Properties": {"ScheduleExpression": "rate(1 week)", "Target": {"Arn": {"Ref": "F"}}}}`}, []string{"S", "week"}},
		"a time zone":           {[]string{partFunction, `"S": {"Type": "AWS::Scheduler::Schedule", "Properties": {"ScheduleExpression": "rate(1 day)", "ScheduleExpressionTimezone": "Mars/Olympus"}}`}, []string{"S", "Mars/Olympus"}},
		"a rule without time":   {[]string{`"S": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["x"]}}}`}, []string{"S", "schedule"}},
		"dead-letter queues in a circle": {[]string{`"A": {"Type": "AWS::SQS::Queue", "Properties": {"RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["B", "Arn"]}, "maxReceiveCount": 2}}},
			"B": {"Type": "AWS::SQS::Queue", "Properties": {"RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["A", "Arn"]}, "maxReceiveCount": 2}}}`}, []string{"circle"}},
		"a FIFO queue": {[]string{`"Q": {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": true}}`}, []string{"Q", "standard queues only"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := play(t, tc.parts...)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not name %q", err, want)
				}
			}
		})
	}
}

func TestTables(t *testing.T) {
	client := dynamodbtest.Client(dynamodbtest.Start(t))
	name := fmt.Sprintf("%s-%d", t.Name(), time.Now().UnixNano()) // the emulator may be shared
	table := func(sort, index, stream string) string {
		return fmt.Sprintf(`{"Resources": {"Things": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": %q,
			"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": %q, "KeyType": "RANGE"}],
			"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": %q, "AttributeType": "S"}]%s%s}}}}`,
			name, sort, sort, index, stream)
	}
	const (
		index  = `, "GlobalSecondaryIndexes": [{"IndexName": "i", "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}], "Projection": {"ProjectionType": "KEYS_ONLY"}}]`
		stream = `, "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"}`
	)
	for _, step := range []struct {
		template string
		want     string // stands in the error
	}{
		{table("sk", "", ""), ""},
		{table("sk", "", ""), ""},     // it is there already
		{table("sk", "", stream), ""}, // and gets a stream
		{table("other", "", stream), "make clean"},
		{table("sk", index, stream), "make clean"},
	} {
		s, err := newStack([]byte(step.template), "leadline-dev")
		if err != nil {
			t.Fatal(err)
		}
		made, err := s.makeTables(context.Background(), client)
		switch {
		case step.want == "" && err != nil:
			t.Fatal(err)
		case step.want != "" && (err == nil || !strings.Contains(err.Error(), step.want)):
			t.Errorf("got %v, want it to say %q", err, step.want)
		case step.want == "" && (made[0].stream != "") != strings.Contains(step.template, "StreamViewType"):
			t.Errorf("stream %q", made[0].stream)
		}
	}
}

func TestTypesAreListedOnce(t *testing.T) {
	for kind := range maps.Keys(passive()) {
		for _, other := range played() {
			if kind == other {
				t.Errorf("%s is played and played as nothing", kind)
			}
		}
	}
}
