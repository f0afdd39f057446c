package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// expectation is in what the stages differ.
type expectation struct {
	stage         string
	logDays       float64
	keep, protect bool
	rollout       string
	// How many invocations of ingest, deliver, work, fetch, calculate, settle and nudge their queues may cause at once.
	ingest, deliver, work, fetch, calculate, settle, nudge float64
	// productionCRM says that it may log in to providers themselves.
	productionCRM string
}

func expectations() []expectation {
	return []expectation{
		{"dev", 7, false, false, "CodeDeployDefault.LambdaAllAtOnce", 10, 5, 2, 10, 20, 20, 5, "false"},
		{"test", 14, true, false, "CodeDeployDefault.LambdaAllAtOnce", 10, 5, 2, 10, 20, 20, 5, "false"},
		{"prod", 90, true, true, "CodeDeployDefault.LambdaCanary10Percent5Minutes", 50, 20, 5, 10, 20, 20, 5, "true"},
	}
}

// checks are all that is wanted of a template of a stage, by name.
func checks(stage expectation, folders []string, reads map[string][]string) map[string]func(template) problems {
	return map[string]func(template) problems{
		"functions":   func(tpl template) problems { return checkFunctions(tpl, stage.stage, folders) },
		"environment": func(tpl template) problems { return checkEnvironment(tpl, stage.stage, reads) },
		"rollout":     func(tpl template) problems { return checkRollout(tpl, stage.stage, stage.rollout) },
		"removal":     func(tpl template) problems { return checkRemoval(tpl, stage.keep, stage.protect) },
		"logs":        func(tpl template) problems { return checkLogs(tpl, stage.logDays) },
		"batches":     checkBatches,
		"queues":      checkQueues,
		"triggers":    checkTriggers,
		"alarms":      func(tpl template) problems { return checkAlarms(tpl, stage.stage) },
		"storage":     checkStorage,
		"access log":  checkAccessLog,
		"wildcards":   checkWildcards,
		"roles":       checkRoles,
		"permissions": checkPermissions,
		"ledger":      checkLedger,
	}
}

func TestStack(t *testing.T) {
	folders, reads := functionFolders(t), environmentRead(t)
	templates := map[string]template{}
	for _, stage := range expectations() {
		tpl := synthesized(t, stage.stage, sendsMail())
		templates[stage.stage] = tpl
		for name, check := range checks(stage, folders, reads) {
			t.Run(stage.stage+"/"+name, func(t *testing.T) {
				for _, problem := range check(tpl) {
					t.Error(problem)
				}
			})
		}
		t.Run(stage.stage+"/event sources", func(t *testing.T) { testEventSources(t, tpl, stage) })
		t.Run(stage.stage+"/settings of functions", func(t *testing.T) { testFunctionSettings(t, tpl, stage) })
	}
	for _, pair := range [][2]string{{"dev", "test"}, {"dev", "prod"}, {"test", "prod"}} {
		t.Run(pair[0]+" and "+pair[1]+" share nothing", func(t *testing.T) {
			for _, problem := range checkApart(templates[pair[0]], templates[pair[1]]) {
				t.Error(problem)
			}
			if len(physicalNames(templates[pair[0]])) < 5 {
				t.Error("found hardly any names: the check does not look where they are")
			}
		})
	}
}

// testEventSources holds what starts the functions, to the last setting.
func testEventSources(t *testing.T, tpl template, stage expectation) {
	filter := `{"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"org_"}]}}},"eventName":["INSERT","MODIFY"]}`
	batches := func(queue, function string, size, concurrency float64) map[string]any {
		properties := map[string]any{
			"EventSourceArn": queue, "FunctionName": function + "/Live:live", "BatchSize": size,
			"FunctionResponseTypes": "ReportBatchItemFailures", "ScalingConfig": `{"MaximumConcurrency":` + strconv.Itoa(int(concurrency)) + `}`,
		}
		if size > 1 {
			properties["MaximumBatchingWindowInSeconds"] = 1.0
		}
		return properties
	}
	scheduled := func(rate, purpose string) map[string]any {
		return map[string]any{
			"ScheduleExpression": rate, "State": "ENABLED", "ScheduleExpressionTimezone": "Etc/UTC", "FlexibleTimeWindow": "OFF", "Description": purpose,
		}
	}
	want := map[string]map[string]any{
		"Ingest/Inbox":           batches("Inbox", "Ingest", 10, stage.ingest),
		"Deliver/Deliveries":     batches("DeliverQueue", "Deliver", 10, stage.deliver),
		"Work/Jobs":              batches("Jobs", "Work", 1, stage.work),
		"Fetch/Fetch":            batches("FetchQueue", "Fetch", 1, stage.fetch),
		"Calculate/Calculations": without(batches("CalculateQueue", "Calculate", 10, stage.calculate), "MaximumBatchingWindowInSeconds"),
		"Settle/Settlements":     without(batches("SettleQueue", "Settle", 10, stage.settle), "MaximumBatchingWindowInSeconds"),
		"Nudge/Nudges":           batches("NudgeQueue", "Nudge", 10, stage.nudge),
		"Relay/Records": {
			"EventSourceArn": "Records.StreamArn", "FunctionName": "Relay/Live:live", "BatchSize": 100.0, "StartingPosition": "TRIM_HORIZON",
			"FunctionResponseTypes": "ReportBatchItemFailures", "BisectBatchOnFunctionError": true, "MaximumRetryAttempts": 10.0,
			"MaximumRecordAgeInSeconds": 86400.0, "ParallelizationFactor": 2.0,
			"DestinationConfig": `{"OnFailure":{"Destination":{"Fn::GetAtt":["` + tpl.named("RelayDead") + `","Arn"]}}}`,
			"FilterCriteria":    `{"Filters":[{"Pattern":` + strconv.Quote(filter) + `}]}`,
		},
		"Sweep/Schedule":    scheduled("rate(15 minutes)", "Repairs the history that relay missed"),
		"Schedule/Schedule": scheduled("rate(1 minute)", "Sends what is due to its queue"),
	}
	got := map[string]map[string]any{}
	for _, typ := range []string{"AWS::Lambda::EventSourceMapping", "AWS::Scheduler::Schedule"} {
		for _, id := range tpl.of(typ) {
			properties := map[string]any{}
			for name, value := range tpl[id].Properties {
				switch value.(type) {
				case bool, float64:
					properties[name] = value
				default:
					properties[name] = tpl.render(value)
				}
			}
			if typ == "AWS::Scheduler::Schedule" {
				delete(properties, "Target") // checkTriggers and checkRoles look at it
				properties["FlexibleTimeWindow"] = tpl.get(id, "FlexibleTimeWindow", "Mode")
			}
			got[tpl.name(id)] = properties
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event sources (-want +got):\n%s", diff)
	}
	if got := tpl.text(tpl.named("Records"), "StreamSpecification", "StreamViewType"); got != "NEW_AND_OLD_IMAGES" {
		t.Errorf("the stream of Records shows %q", got)
	}
	var routes []string
	for _, id := range tpl.of("AWS::ApiGatewayV2::Route") {
		integration := tpl.named(strings.TrimPrefix(tpl.text(id, "Target"), "integrations/"))
		routes = append(routes, tpl.text(id, "RouteKey")+" -> "+tpl.text(integration, "IntegrationUri")+" "+tpl.text(integration, "PayloadFormatVersion"))
	}
	slices.Sort(routes)
	if diff := cmp.Diff([]string{
		"ANY /v1/{proxy+} -> Api/Function:live 2.0", "POST /hooks/{token} -> Receive/Function:live 2.0", "POST /v1/push -> Receive/Function:live 2.0",
	}, routes); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}

// testFunctionSettings holds the sizes of functions and the values of their environment.
func testFunctionSettings(t *testing.T, tpl template, stage expectation) {
	sizes := map[string][2]float64{ // seconds, MB
		"receive": {10, 256}, "ingest": {60, 512}, "relay": {60, 256}, "sweep": {300, 256}, "api": {15, 256},
		"deliver": {60, 256}, "schedule": {55, 256}, "fetch": {120, 512}, "calculate": {60, 1024}, "work": {300, 1024},
		"settle": {60, 1024}, "nudge": {60, 512},
	}
	values := map[string]string{
		"STAGE": stage.stage, "LOG_LEVEL": map[bool]string{true: "DEBUG", false: "INFO"}[stage.stage == "dev"],
		"TABLE_RECORDS": "Records", "TABLE_HISTORY": "History", "TABLE_INTAKE": "Intake", "TABLE_TENANCY": "Tenancy", "TABLE_WORK": "WorkTable", "TABLE_LEDGER": "Ledger",
		"QUEUE_INBOX": "Inbox", "QUEUE_DELIVER": "DeliverQueue", "QUEUE_JOBS": "Jobs", "QUEUE_FETCH": "FetchQueue", "QUEUE_CALCULATE": "CalculateQueue",
		"QUEUE_SETTLE": "SettleQueue", "QUEUE_NUDGE": "NudgeQueue", "BUCKET_PAYLOADS": "Payloads", "KEY_SECRETS": "Secrets", "BASE_URL": "Http.ApiEndpoint",
		"SIGNATURE_TOLERANCE_SECONDS": "300", "HOOK_CACHE_SECONDS": "60", "KEY_CACHE_SECONDS": "60", "BODY_MAX_BYTES": "4194304",
		"CLIENT_CACHE_SECONDS": "60", "SCHEMA_CACHE_SECONDS": "60", "DESTINATION_CACHE_SECONDS": "10", "PUSH_MAX_BYTES": "4194304",
		"OUTBOUND_ALLOW_LOOPBACK": "false", "ALLOW_PRODUCTION_CRM": stage.productionCRM, "JOB_MAX_RECEIVES": "4", "DELIVER_MAX_RECEIVES": "5",
		"MAIL_FROM": "leadline@example.com", "MESSAGE_MAX_BYTES": "262144", "CLOCK_GUARD_SECONDS": "300", "SWEEP_GRACE_SECONDS": "900", "SWEEP_INTERVAL_SECONDS": "21600",
	}
	for name, id := range functionsOf(tpl, stage.stage) {
		if got := [2]float64{number(tpl.get(id, "Timeout")), number(tpl.get(id, "MemorySize"))}; got != sizes[name] {
			t.Errorf("%s has %v s and MB, want %v", name, got, sizes[name])
		}
		variables, _ := tpl.get(id, "Environment", "Variables").(map[string]any)
		for variable := range variables {
			if got := tpl.text(id, "Environment", "Variables", variable); got != values[variable] {
				t.Errorf("%s is given %s=%s, want %s", name, variable, got, values[variable])
			}
		}
	}
}

// functionFolders lists functions/.
func functionFolders(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join("..", "functions"))
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, e.Name())
		}
	}
	return folders
}

// environmentRead gives what each function reads from its environment: the env tags in the Go files of its folder.
func environmentRead(t *testing.T) map[string][]string {
	t.Helper()
	reads := map[string][]string{}
	for _, folder := range functionFolders(t) {
		files, err := filepath.Glob(filepath.Join("..", "functions", folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			names, err := envTags(path, source)
			if err != nil {
				t.Fatal(err)
			}
			reads[folder] = append(reads[folder], names...)
		}
	}
	return reads
}

// envTags gives the names in the env tags of all structs of a Go file.
func envTags(path string, source []byte) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var names []string
	ast.Inspect(file, func(n ast.Node) bool {
		field, ok := n.(*ast.Field)
		if !ok || field.Tag == nil {
			return true
		}
		tag, err := strconv.Unquote(field.Tag.Value)
		if err != nil {
			return true
		}
		if name, _, _ := strings.Cut(reflect.StructTag(tag).Get("env"), ","); name != "" {
			names = append(names, name)
		}
		return true
	})
	return names, nil
}

func TestEnvTags(t *testing.T) {
	names, err := envTags("x.go", []byte("package x\ntype C struct {\n A, B int `json:\"a\" env:\"A_B,notEmpty\"`\n C struct { D string `env:\"D\"` }\n E int `json:\"e\"`\n}\n"))
	if err != nil || !slices.Equal(names, []string{"A_B", "D"}) {
		t.Errorf("got %q, %v", names, err)
	}
}

func TestAlarmEmail(t *testing.T) {
	if got := synthesized(t, "dev", nil).of("AWS::SNS::Subscription"); len(got) != 0 {
		t.Errorf("without an address %q is subscribed", got)
	}
	tpl := synthesized(t, "dev", map[string]any{"alarm-email": "oncall@example.com"})
	subscriptions := tpl.of("AWS::SNS::Subscription")
	if len(subscriptions) != 1 || tpl.text(subscriptions[0], "Endpoint") != "oncall@example.com" || tpl.text(subscriptions[0], "TopicArn") != "Pager" {
		t.Errorf("with an address: %q", subscriptions)
	}
}

// TestFetching holds what the context says of reading from providers.
func TestFetching(t *testing.T) {
	for _, test := range []struct{ stage, concurrency, production, wantConcurrency, wantProduction string }{
		{"dev", "", "", "10", "false"}, {"dev", "25", "true", "25", "true"}, {"test", "", "false", "10", "false"},
		{"prod", "2", "", "2", "true"}, {"prod", "1000", "false", "1000", "true"},
	} {
		tpl := synthesized(t, test.stage, map[string]any{"fetch-concurrency": test.concurrency, "allow-production-crm": test.production})
		if got := strconv.Itoa(int(number(tpl.get(tpl.named("Fetch/Fetch"), "ScalingConfig", "MaximumConcurrency")))); got != test.wantConcurrency {
			t.Errorf("%+v: at once run %s", test, got)
		}
		if got := tpl.text(tpl.named("Api/Function"), "Environment", "Variables", "ALLOW_PRODUCTION_CRM"); got != test.wantProduction {
			t.Errorf("%+v: providers themselves: %s", test, got)
		}
	}
	for _, args := range [][]string{{"--fetch-concurrency", "1"}, {"--fetch-concurrency", "1001"}, {"--fetch-concurrency", "ten"}, {"--allow-production-crm", "yes"}} {
		err := run(append([]string{"--stage", "dev", "--placeholder", "--out", t.TempDir()}, args...), io.Discard)
		if err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(args[0], "--")+" is") {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// sendsMail is the context of a stage that sends mail.
func sendsMail() map[string]any { return map[string]any{"mail-from": "leadline@example.com"} }

// TestMailFrom holds what the address of mail makes of a stage, and what is none.
func TestMailFrom(t *testing.T) {
	sendEmail := func(tpl template) (all []grant) {
		for _, g := range grants(tpl) {
			if strings.HasPrefix(strings.ToLower(g.action), "ses:") {
				all = append(all, g)
			}
		}
		return all
	}
	without := synthesized(t, "dev", nil)
	if got := sendEmail(without); len(got) != 0 {
		t.Errorf("without an address: %v", got)
	}
	variables, _ := without.get(without.named("Deliver/Function"), "Environment", "Variables").(map[string]any)
	if from, set := variables["MAIL_FROM"]; !set || from != "" {
		t.Errorf("without an address MAIL_FROM is %v, set: %v", from, set)
	}
	for _, test := range []struct{ from, identity, want string }{
		{"leadline@Mail.example.com", "", "mail.example.com"}, {"leadline@mail.example.com", "leadline@mail.example.com", "leadline@mail.example.com"},
		{"leadline@mail.example.com", "example.com", "example.com"},
	} {
		s, err := newSender(test.from, test.identity)
		if err != nil || s.from != test.from || s.identity != test.want {
			t.Errorf("%+v: %+v, %v", test, s, err)
		}
	}
	for _, test := range [][2]string{
		{"Leadline <leadline@example.com>", ""}, {"leadline", ""}, {"a@example.com, b@example.com", ""}, {"lé@example.com", ""}, {"*@example.com", ""}, {"${x}@example.com", ""}, {"", "example.com"},
		{"leadline@example.com", "example.net"}, {"leadline@example.com", "other@example.com"}, {"leadline@example.com", "ample.com"}, {"leadline@example.com", "*"},
	} {
		if s, err := newSender(test[0], test[1]); err == nil {
			t.Errorf("%q is taken as %+v", test, s)
		}
	}
	if err := run([]string{"--stage", "dev", "--placeholder", "--mail-from", "nobody", "--out", t.TempDir()}, io.Discard); err == nil || !strings.Contains(err.Error(), "mail-from") {
		t.Errorf("an address that is none: %v", err)
	}
}

// TestCloudWatchMayPage holds the two policies without which every alarm would be silent: of the topic and of its key.
func TestCloudWatchMayPage(t *testing.T) {
	tpl := synthesized(t, "prod", nil)
	want := []grant{
		{"Pager/Policy", "cloudwatch.amazonaws.com", "sns:Publish", "Pager"},
		{"PagerKey", "cloudwatch.amazonaws.com", "kms:Decrypt", "*"},
		{"PagerKey", "cloudwatch.amazonaws.com", "kms:GenerateDataKey", "*"},
	}
	found := grants(tpl)
	for _, g := range want {
		if !slices.Contains(found, g) {
			t.Errorf("missing: %v", g)
		}
	}
	if got := tpl.text(tpl.named("Pager"), "KmsMasterKeyId"); got != "PagerKey" {
		t.Errorf("the topic is encrypted with %q", got)
	}
}

// without gives properties but for one.
func without(properties map[string]any, name string) map[string]any {
	delete(properties, name)
	return properties
}
