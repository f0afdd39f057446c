package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A check reads a template and says what is wrong with it. Checks are pure, so that broken_test.go can show that each of
// them finds what it looks for.

// problems collects what is wrong.
type problems []string

func (p *problems) add(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }

// checkFunctions wants one function for each folder, built for what it runs on.
func checkFunctions(tpl template, stage string, folders []string) (wrong problems) {
	functions := functionsOf(tpl, stage)
	for _, folder := range folders {
		if functions[folder] == "" {
			wrong.add("functions/%s is no function of the stack", folder)
		}
	}
	for name, id := range functions {
		if !slices.Contains(folders, name) {
			wrong.add("the function %s of the stack has no folder", name)
		}
		if got := tpl.text(id, "Architectures"); got != "arm64" {
			wrong.add("%s runs on %q, want arm64", name, got)
		}
		if got := tpl.text(id, "Runtime") + " " + tpl.text(id, "Handler"); got != "provided.al2023 bootstrap" {
			wrong.add("%s is run by %q", name, got)
		}
	}
	return wrong
}

// checkBatches wants partial batch responses from all that Lambda feeds in batches.
func checkBatches(tpl template) (wrong problems) {
	mappings := tpl.of("AWS::Lambda::EventSourceMapping")
	if len(mappings) == 0 {
		wrong.add("no event source mapping at all")
	}
	for _, id := range mappings {
		if tpl.text(id, "FunctionResponseTypes") != "ReportBatchItemFailures" {
			wrong.add("%s does not report single failures: one bad item would repeat its whole batch", tpl.name(id))
		}
	}
	return wrong
}

// deadLetterQueues names the queues to which something sends what failed.
func deadLetterQueues(tpl template) map[string]bool {
	dead := map[string]bool{}
	for _, id := range tpl.of("AWS::SQS::Queue") {
		dead[tpl.text(id, "RedrivePolicy", "deadLetterTargetArn")] = true
	}
	for _, id := range tpl.of("AWS::Lambda::EventSourceMapping") {
		dead[tpl.text(id, "DestinationConfig", "OnFailure", "Destination")] = true
	}
	return dead
}

// receivesOf gives how often a queue gives out a message before it is dead.
func receivesOf(queue string) float64 {
	if queue == "FetchQueue" { // its consumer may be killed in mid-page again and again, and goes on behind the last one
		return 10
	}
	return 5
}

// checkQueues wants a dead-letter queue behind each queue that is none, two weeks to look at what failed, encryption at
// rest and on the way, and time enough for the consumer.
func checkQueues(tpl template) (wrong problems) {
	dead := deadLetterQueues(tpl)
	secure := map[string]bool{}
	for _, id := range tpl.of("AWS::SQS::QueuePolicy") {
		if refusesPlainHTTP(tpl.get(id, "PolicyDocument"), "sqs:*") {
			secure[tpl.text(id, "Queues")] = true
		}
	}
	for _, id := range tpl.of("AWS::SQS::Queue") {
		name := tpl.name(id)
		switch receives := number(tpl.get(id, "RedrivePolicy", "maxReceiveCount")); {
		case dead[name] && receives != 0:
			wrong.add("%s is a dead-letter queue with a dead-letter queue", name)
		case !dead[name] && receives != receivesOf(name):
			wrong.add("%s gives a message up after %g receives, want %g and then a dead-letter queue", name, receives, receivesOf(name))
		}
		if days := number(tpl.get(id, "MessageRetentionPeriod")) / 86400; days != 14 {
			wrong.add("%s keeps messages for %g days, want 14", name, days)
		}
		if size := number(tpl.get(id, "MaximumMessageSize")); size != maxMessageBytes {
			wrong.add("%s takes messages of %g bytes, want %d", name, size, maxMessageBytes)
		}
		if tpl.get(id, "SqsManagedSseEnabled") != true {
			wrong.add("%s is not encrypted", name)
		}
		if !secure[name] {
			wrong.add("%s can be reached without TLS", name)
		}
	}
	for _, id := range tpl.of("AWS::Lambda::EventSourceMapping") {
		queue := tpl.named(tpl.text(id, "EventSourceArn"))
		if tpl[queue].Type != "AWS::SQS::Queue" {
			continue
		}
		f := invoked(tpl, tpl.text(id, "FunctionName"))
		timeout, visibility := number(tpl.get(f, "Timeout")), number(tpl.get(queue, "VisibilityTimeout"))
		if f == "" || visibility < 6*timeout {
			wrong.add("%s hides a message for %g s, want at least six times the %g s of its consumer", tpl.name(queue), visibility, timeout)
		}
	}
	return wrong
}

// refusesPlainHTTP tells whether a resource's policy denies the actions to whoever comes without TLS.
func refusesPlainHTTP(document any, action string) bool {
	return slices.ContainsFunc(list(dig(document, "Statement")), func(s any) bool {
		return dig(s, "Effect") == "Deny" && dig(s, "Action") == action &&
			dig(s, "Condition", "Bool", "aws:SecureTransport") == "false"
	})
}

// invoked gives the function behind what a trigger names, or an empty text if that is not its alias.
func invoked(tpl template, target string) string {
	for _, id := range tpl.of("AWS::Lambda::Alias") {
		f, alias := tpl.text(id, "FunctionName"), tpl.text(id, "Name")
		// Its ARN; its ARN made from the function's; its name made from its ARN.
		if target == tpl.name(id) || target == f+":"+alias || target == tpl.name(id)+":"+alias {
			return tpl.named(f)
		}
	}
	return ""
}

// checkTriggers wants everything that starts a function to start its alias, so that a rollout governs it.
func checkTriggers(tpl template) (wrong problems) {
	started := map[string]bool{}
	for typ, path := range map[string][]string{
		"AWS::Lambda::EventSourceMapping": {"FunctionName"},
		"AWS::Scheduler::Schedule":        {"Target", "Arn"},
		"AWS::ApiGatewayV2::Integration":  {"IntegrationUri"},
		"AWS::Lambda::Permission":         {"FunctionName"},
	} {
		for _, id := range tpl.of(typ) {
			f := invoked(tpl, tpl.text(id, path...))
			if f == "" {
				wrong.add("%s starts %s, which is no alias", tpl.name(id), tpl.text(id, path...))
			}
			started[f] = true
			if typ == "AWS::Lambda::Permission" && tpl.text(id, "SourceArn") == "" {
				wrong.add("%s lets the whole service in, not one route", tpl.name(id))
			}
		}
	}
	for _, id := range tpl.of("AWS::Lambda::Function") {
		if !started[id] {
			wrong.add("nothing starts %s", tpl.name(id))
		}
	}
	return wrong
}

// checkStorage wants data encrypted, recoverable and closed to the world.
func checkStorage(tpl template) (wrong problems) {
	for _, id := range tpl.of("AWS::DynamoDB::Table") {
		got, _ := json.Marshal([]any{
			tpl.get(id, "BillingMode"), tpl.get(id, "SSESpecification", "SSEEnabled"), tpl.get(id, "TimeToLiveSpecification"),
			tpl.get(id, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"),
			dig(first(tpl.get(id, "KeySchema")), "AttributeName"),
		})
		if want := `["PAY_PER_REQUEST",true,{"AttributeName":"ttl","Enabled":true},true,"pk"]`; string(got) != want {
			wrong.add("%s has billing, encryption, ttl, recovery and key %s, want %s", tpl.name(id), got, want)
		}
	}
	for _, id := range tpl.of("AWS::S3::Bucket") {
		name := tpl.name(id)
		for _, closed := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
			if tpl.get(id, "PublicAccessBlockConfiguration", closed) != true {
				wrong.add("%s is not closed to the public: %s", name, closed)
			}
		}
		if tpl.text(id, "BucketEncryption") == "" {
			wrong.add("%s is not encrypted", name)
		}
		rules := tpl.text(id, "LifecycleConfiguration", "Rules")
		if !strings.Contains(rules, "AbortIncompleteMultipartUpload") {
			wrong.add("%s does not clean up broken uploads: %s", name, rules)
		}
		for prefix, days := range map[string]int{"inbox/": 30, "uploads/": 7, "outbound/": 35, "exports/": 7, "previews/": 7, "runs/": 60} {
			rule := fmt.Sprintf(`{"ExpirationInDays":%d,"Id":"Expire%s%s","Prefix":%q,"Status":"Enabled"}`,
				days, strings.ToUpper(prefix[:1]), prefix[1:len(prefix)-1], prefix)
			if !strings.Contains(rules, rule) {
				wrong.add("%s does not clean up %s after %d days: %s", name, prefix, days, rules)
			}
		}
		if kept := strings.Count(rules, `"Prefix"`); kept != 6 {
			wrong.add("%s forgets under %d prefixes, want 6: archive/, fields/, inputs/, settled/, payouts/ and ledger/ are kept", name, kept)
		}
		if policy := tpl.named(name + "/Policy"); policy == "" || !refusesPlainHTTP(tpl.get(policy, "PolicyDocument"), "s3:*") {
			wrong.add("%s can be reached without TLS", name)
		}
	}
	for _, id := range tpl.of("AWS::KMS::Key") {
		if tpl.get(id, "EnableKeyRotation") != true {
			wrong.add("the key %s is not rotated", tpl.name(id))
		}
	}
	for _, id := range tpl.of("AWS::SNS::Topic") {
		if tpl.text(id, "KmsMasterKeyId") == "" {
			wrong.add("%s is not encrypted", tpl.name(id))
		}
	}
	return wrong
}

// checkRemoval wants data to outlive its stack as the stage says: all of it, or only the bucket.
func checkRemoval(tpl template, keep, protect bool) (wrong problems) {
	policy := map[bool]string{true: "Retain", false: "Delete"}
	want := map[string]string{
		"AWS::DynamoDB::Table": policy[keep],
		"AWS::SQS::Queue":      policy[keep],
		"AWS::Logs::LogGroup":  policy[keep],
		"AWS::S3::Bucket":      "Retain",
	}
	for typ, policy := range want {
		for _, id := range tpl.of(typ) {
			if got := tpl[id].DeletionPolicy; got != policy {
				wrong.add("%s has the deletion policy %q, want %s", tpl.name(id), got, policy)
			}
		}
	}
	if got := tpl[tpl.named("Secrets")].DeletionPolicy; got != policy[keep] {
		wrong.add("Secrets has the deletion policy %q, want %s", got, policy[keep])
	}
	for _, id := range tpl.of("AWS::DynamoDB::Table") {
		if got := tpl.get(id, "DeletionProtectionEnabled"); got != protect {
			wrong.add("%s has deletion protection %v, want %v", tpl.name(id), got, protect)
		}
	}
	return wrong
}

// checkLogs wants all logs to be declared, to end, and to be written as JSON.
func checkLogs(tpl template, days float64) (wrong problems) {
	for _, id := range tpl.of("AWS::Logs::LogGroup") {
		if got := number(tpl.get(id, "RetentionInDays")); got != days {
			wrong.add("%s keeps lines for %g days, want %g", tpl.name(id), got, days)
		}
	}
	for _, id := range tpl.of("AWS::Lambda::Function") {
		group := tpl.named(tpl.text(id, "LoggingConfig", "LogGroup"))
		if tpl[group].Type != "AWS::Logs::LogGroup" || tpl.text(id, "LoggingConfig", "LogFormat") != "JSON" {
			wrong.add("%s does not write JSON to a log group of the stack", tpl.name(id))
		}
		if got := tpl.text(id, "LoggingConfig", "ApplicationLogLevel"); got != tpl.text(id, "Environment", "Variables", "LOG_LEVEL") {
			wrong.add("%s writes at another level than Lambda lets through: %s", tpl.name(id), got)
		}
	}
	return wrong
}

// checkAccessLog wants requests to be logged and limited, and nothing of a request that could hold the token of a
// webhook's URL.
func checkAccessLog(tpl template) (wrong problems) {
	harmless := []string{"requestTime", "requestId", "routeKey", "status", "responseLatency", "integrationLatency", "integrationStatus"}
	for _, id := range tpl.of("AWS::ApiGatewayV2::Stage") {
		if tpl[tpl.named(tpl.text(id, "AccessLogSettings", "DestinationArn"))].Type != "AWS::Logs::LogGroup" {
			wrong.add("%s has no access log", tpl.name(id))
		}
		format := tpl.text(id, "AccessLogSettings", "Format")
		for _, variable := range regexp.MustCompile(`\$context\.[A-Za-z.]+`).FindAllString(format, -1) {
			if !slices.Contains(harmless, strings.TrimPrefix(variable, "$context.")) {
				wrong.add("the access log prints %s", variable)
			}
		}
		for _, needed := range []string{"requestId", "routeKey", "status", "responseLatency"} {
			if !strings.Contains(format, "$context."+needed) {
				wrong.add("the access log lacks %s", needed)
			}
		}
		if number(tpl.get(id, "DefaultRouteSettings", "ThrottlingRateLimit")) == 0 {
			wrong.add("%s has no limit", tpl.name(id))
		}
	}
	return wrong
}

// checkEnvironment wants the stack to set exactly what the functions read, and no secret: a literal value is the stage, a
// log level, a switch, a number or the address that mail comes from; everything else refers to a resource. No switch of the
// stack lets requests go to where only the local runner may send them.
func checkEnvironment(tpl template, stage string, reads map[string][]string) (wrong problems) {
	harmless := regexp.MustCompile(`^(` + stage + `|DEBUG|INFO|true|false|[0-9]+)$`)
	address := regexp.MustCompile(`^([a-z]+@[a-z.]+)?$`)
	for name, id := range functionsOf(tpl, stage) {
		variables, _ := tpl.get(id, "Environment", "Variables").(map[string]any)
		for variable, value := range variables {
			if !slices.Contains(reads[name], variable) {
				wrong.add("%s is given %s and does not read it", name, variable)
			}
			if variable == "OUTBOUND_ALLOW_LOOPBACK" && value != "false" {
				wrong.add("%s may call the machine that it runs on: %s is %v", name, variable, value)
			}
			if text, literal := value.(string); literal && !harmless.MatchString(text) && (variable != "MAIL_FROM" || !address.MatchString(text)) {
				wrong.add("%s is given a literal %s: secrets have no place in a template", name, variable)
			}
		}
		for _, variable := range reads[name] {
			if variables[variable] == nil {
				wrong.add("%s reads %s and is not given it", name, variable)
			}
		}
	}
	return wrong
}

// checkApart wants two stages to share no name, and neither to lean on another stack.
func checkApart(one, other template) (wrong problems) {
	taken := physicalNames(one)
	for name, where := range physicalNames(other) {
		if taken[name] != "" {
			wrong.add("two stages both name a resource %q: %s", name, where)
		}
	}
	for id, r := range other {
		if text, _ := json.Marshal(r); strings.Contains(string(text), "Fn::ImportValue") {
			wrong.add("%s leans on another stack", other.name(id))
		}
	}
	return wrong
}

// physicalNames lists the names that a template itself gives to resources, as far as they must be unique in an account.
func physicalNames(tpl template) map[string]string {
	within := []string{ // unique only within another resource, or the name of something that AWS made
		"AWS::Lambda::Alias.Name", "AWS::ApiGatewayV2::Stage.StageName",
		"AWS::CodeDeploy::DeploymentGroup.DeploymentConfigName", "AWS::CloudWatch::Alarm.MetricName",
		"AWS::SNS::Topic.DisplayName",
	}
	names := map[string]string{}
	for id, r := range tpl {
		for property, value := range r.Properties {
			literal, ok := value.(string)
			if ok && strings.HasSuffix(property, "Name") && !slices.Contains(within, r.Type+"."+property) {
				names[literal] = tpl.name(id) + "." + property
			}
		}
	}
	return names
}
