package main

import (
	"slices"
	"strings"
	"testing"
)

// TestChecksFindWhatIsBroken breaks a good template, one thing at a time: the check named must find it, and say what.
func TestChecksFindWhatIsBroken(t *testing.T) {
	folders, reads := []string{"receive", "ingest", "relay", "sweep", "deliver", "schedule", "fetch", "calculate", "settle", "nudge", "work", "api"}, map[string][]string{}
	stage := expectations()[2]
	good := synthesized(t, stage.stage, sendsMail())
	for name, id := range functionsOf(good, stage.stage) {
		variables, _ := good.get(id, "Environment", "Variables").(map[string]any)
		for variable := range variables {
			reads[name] = append(reads[name], variable)
		}
	}
	all := checks(stage, folders, reads)
	for name, check := range all {
		if found := check(good); len(found) > 0 {
			t.Fatalf("%s finds fault with a good template: %q", name, found)
		}
	}
	seen := map[string]bool{}
	for _, b := range breakages() {
		t.Run(b.check+"/"+b.what, func(t *testing.T) {
			broken := good.clone(t)
			b.do(broken)
			found := all[b.check](broken)
			if !slices.ContainsFunc(found, func(problem string) bool { return strings.Contains(problem, b.says) }) {
				t.Errorf("found %q, want something about %q", found, b.says)
			}
		})
		seen[b.check] = true
	}
	for name := range all {
		if !seen[name] {
			t.Errorf("nothing shows that the check %q can fail", name)
		}
	}
}

// breakage is one mistake in a template.
type breakage struct {
	check, what, says string
	do                func(template)
}

// set changes a property of a resource; nil removes it.
func set(name string, value any, path ...string) func(template) {
	return func(tpl template) {
		at := tpl[tpl.named(name)].Properties
		for _, key := range path[:len(path)-1] {
			at = at[key].(map[string]any)
		}
		if value == nil {
			delete(at, path[len(path)-1])
			return
		}
		at[path[len(path)-1]] = value
	}
}

// change changes the resource itself.
func change(name string, how func(*resource)) func(template) {
	return func(tpl template) {
		id := tpl.named(name)
		r := tpl[id]
		how(&r)
		tpl[id] = r
	}
}

// remove takes a resource out.
func remove(name string) func(template) {
	return func(tpl template) { delete(tpl, tpl.named(name)) }
}

// permit adds a statement to the inline policy of a role.
func permit(role string, statement map[string]any) func(template) {
	return func(tpl template) {
		document := dig(first(tpl.get(tpl.named(role), "Policies")), "PolicyDocument").(map[string]any)
		document["Statement"] = append(list(document["Statement"]), statement)
	}
}

// add puts a new resource in.
func add(name string, r resource) func(template) {
	return func(tpl template) {
		r.Metadata = map[string]any{"aws:cdk:path": "stack/" + name + "/Resource"}
		tpl["New"] = r
	}
}

func breakages() []breakage {
	return slices.Concat(brokenFunctions(), brokenFlow(), brokenStorage(), brokenRights(), brokenLedger(), brokenWatch())
}

func brokenFunctions() []breakage {
	return []breakage{
		{"functions", "a function is missing", "functions/relay is no function", remove("Relay/Function")},
		{"functions", "a function has no folder", "the function audit", add("Audit", resource{Type: "AWS::Lambda::Function",
			Properties: map[string]any{"FunctionName": "leadline-prod-audit"}})},
		{"functions", "another processor", "want arm64", set("Api/Function", []any{"x86_64"}, "Architectures")},
		{"functions", "another runtime", "nodejs", set("Api/Function", "nodejs24.x", "Runtime")},

		{"environment", "a variable nobody reads", "is given EXTRA", set("Api/Function", "1", "Environment", "Variables", "EXTRA")},
		{"environment", "a variable is missing", "reads TABLE_INTAKE", set("Ingest/Function", nil, "Environment", "Variables", "TABLE_INTAKE")},
		{"environment", "deliveries to the machine itself", "deliver may call the machine", set("Deliver/Function", "true", "Environment", "Variables", "OUTBOUND_ALLOW_LOOPBACK")},
		{"environment", "reads from the machine itself", "fetch may call the machine", set("Fetch/Function", "true", "Environment", "Variables", "OUTBOUND_ALLOW_LOOPBACK")},
		{"environment", "nowhere to send what is to be read", "api reads QUEUE_FETCH", set("Api/Function", nil, "Environment", "Variables", "QUEUE_FETCH")},
		{"environment", "no ledger to post to", "settle reads TABLE_LEDGER", set("Settle/Function", nil, "Environment", "Variables", "TABLE_LEDGER")},
		{"environment", "a secret in place of an address", "literal MAIL_FROM", set("Deliver/Function", "5b2f9c7e1a", "Environment", "Variables", "MAIL_FROM")},
		{"environment", "a secret", "literal KEY_SECRETS", set("Api/Function", "5b2f9c7e1a", "Environment", "Variables", "KEY_SECRETS")},

		{"logs", "kept for another time", "Relay/Logs keeps lines for 3653 days", set("Relay/Logs", 3653.0, "RetentionInDays")},
		{"logs", "not declared", "Relay/Function does not write", set("Relay/Function", nil, "LoggingConfig")},
		{"logs", "text", "does not write JSON", set("Relay/Function", "Text", "LoggingConfig", "LogFormat")},
		{"logs", "levels disagree", "at another level", set("Relay/Function", "ERROR", "LoggingConfig", "ApplicationLogLevel")},

		{"rollout", "no group", "has no alias that is rolled out", change("Sweep/Live", func(r *resource) { r.UpdatePolicy = nil })},
		{"rollout", "at once in production", "AllAtOnce, want", set("Api/Rollout", "CodeDeployDefault.LambdaAllAtOnce", "DeploymentConfigName")},
		{"rollout", "another function's alarm", "its own errors", func(tpl template) {
			set("Api/Rollout", tpl.get(tpl.named("Sweep/Rollout"), "AlarmConfiguration"), "AlarmConfiguration")(tpl)
		}},
		{"rollout", "an alarm on the version that nothing invokes", "its own errors", func(tpl template) {
			set("Api/Errors", []any{map[string]any{"Name": "FunctionName", "Value": map[string]any{"Ref": tpl.named("Api/Function")}}}, "Dimensions")(tpl)
		}},
		{"rollout", "no alarm on the faults of what runs each minute", "Schedule/Function is not rolled back by the alarm on its own faults", func(tpl template) {
			alarms := list(tpl.get(tpl.named("Schedule/Rollout"), "AlarmConfiguration", "Alarms"))
			set("Schedule/Rollout", alarms[:1], "AlarmConfiguration", "Alarms")(tpl)
		}},
		{"rollout", "no alarm on faults", "Api/Function is not rolled back by the alarm on its own faults", func(tpl template) {
			alarms := list(tpl.get(tpl.named("Api/Rollout"), "AlarmConfiguration", "Alarms"))
			set("Api/Rollout", alarms[:1], "AlarmConfiguration", "Alarms")(tpl)
		}},
		{"rollout", "no rollback", "not rolled back by an alarm", set("Api/Rollout", nil, "AutoRollbackConfiguration")},
	}
}

func brokenFlow() []breakage {
	return []breakage{
		{"batches", "a queue's", "Ingest/Inbox does not report", set("Ingest/Inbox", nil, "FunctionResponseTypes")},
		{"batches", "a stream's", "Relay/Records does not report", set("Relay/Records", []any{}, "FunctionResponseTypes")},
		{"batches", "none at all", "no event source mapping", func(tpl template) {
			remove("Ingest/Inbox")(tpl)
			remove("Relay/Records")(tpl)
			remove("Deliver/Deliveries")(tpl)
			remove("Fetch/Fetch")(tpl)
			remove("Calculate/Calculations")(tpl)
			remove("Settle/Settlements")(tpl)
			remove("Nudge/Nudges")(tpl)
			remove("Work/Jobs")(tpl)
		}},

		{"queues", "nothing behind the inbox", "Inbox gives a message up after 0 receives", set("Inbox", nil, "RedrivePolicy")},
		{"queues", "too little time for a step of a job", "Jobs hides a message for 360 s", set("Jobs", 360.0, "VisibilityTimeout")},
		{"queues", "nothing behind a new queue", "Later gives a message up", add("Later", resource{Type: "AWS::SQS::Queue"})},
		{"queues", "too few receives for a function that is killed", "FetchQueue gives a message up after 5 receives, want 10", func(tpl template) {
			tpl.get(tpl.named("FetchQueue"), "RedrivePolicy").(map[string]any)["maxReceiveCount"] = 5.0
		}},
		{"queues", "too little time for a part of a settlement", "SettleQueue hides a message for 60 s", set("SettleQueue", 60.0, "VisibilityTimeout")},
		{"queues", "nothing behind the nudges", "NudgeQueue gives a message up after 0 receives", set("NudgeQueue", nil, "RedrivePolicy")},
		{"queues", "too little time for a page", "FetchQueue hides a message for 360 s", set("FetchQueue", 360.0, "VisibilityTimeout")},
		{"queues", "the stream drops what fails", "RelayDead gives a message up", set("Relay/Records", nil, "DestinationConfig")},
		{"queues", "hidden too short", "Inbox hides a message for 359 s", set("Inbox", 359.0, "VisibilityTimeout")},
		{"queues", "consumer too slow", "61 s of its consumer", set("Ingest/Function", 61.0, "Timeout")},
		{"queues", "forgets early", "InboxDead keeps messages for 4 days", set("InboxDead", 345600.0, "MessageRetentionPeriod")},
		{"queues", "takes other sizes", "Inbox takes messages of 1.048576e+06", set("Inbox", 1048576.0, "MaximumMessageSize")},
		{"queues", "not encrypted", "RelayDead is not encrypted", set("RelayDead", nil, "SqsManagedSseEnabled")},
		{"queues", "without TLS", "Inbox can be reached without TLS", remove("Inbox/Policy")},

		{"triggers", "a mapping past the alias", "Ingest/Inbox starts Ingest/Function", func(tpl template) {
			set("Ingest/Inbox", map[string]any{"Ref": tpl.named("Ingest/Function")}, "FunctionName")(tpl)
		}},
		{"triggers", "a schedule past the alias", "Sweep/Schedule starts Sweep/Function", func(tpl template) {
			set("Sweep/Schedule", map[string]any{"Fn::GetAtt": []any{tpl.named("Sweep/Function"), "Arn"}}, "Target", "Arn")(tpl)
		}},
		{"triggers", "any API may push", "not one route", set("Http/POST--v1--push/Receive-Permission", nil, "SourceArn")},
		{"triggers", "nothing starts a function", "nothing starts Sweep/Function", remove("Sweep/Schedule")},
		{"triggers", "any API may call", "not one route", set("Http/POST--hooks--{token}/Receive-Permission", nil, "SourceArn")},

		{"access log", "none", "has no access log", set("HttpStage", nil, "AccessLogSettings")},
		{"access log", "prints the path", "prints $context.path", set("HttpStage", "$context.requestId $context.path", "AccessLogSettings", "Format")},
		{"access log", "prints no status", "lacks status", set("HttpStage", "$context.requestId", "AccessLogSettings", "Format")},
		{"access log", "no limit", "has no limit", set("HttpStage", nil, "DefaultRouteSettings")},
	}
}

func brokenStorage() []breakage {
	return []breakage{
		{"storage", "no recovery", "History has billing", set("History", nil, "PointInTimeRecoverySpecification")},
		{"storage", "table not encrypted", "Intake has billing", set("Intake", nil, "SSESpecification")},
		{"storage", "another ttl", "Intake has billing", set("Intake", "expires", "TimeToLiveSpecification", "AttributeName")},
		{"storage", "provisioned", "Records has billing", set("Records", "PROVISIONED", "BillingMode")},
		{"storage", "no recovery of the ledger", "Ledger has billing", set("Ledger", nil, "PointInTimeRecoverySpecification")},
		{"storage", "statements forgotten", "under 7 prefixes", func(tpl template) {
			set("Payloads", append(list(tpl.get(tpl.named("Payloads"), "LifecycleConfiguration", "Rules")),
				map[string]any{"ExpirationInDays": 2600.0, "Id": "ExpireSettled", "Prefix": "settled/", "Status": "Enabled"}), "LifecycleConfiguration", "Rules")(tpl)
		}},
		{"storage", "public bucket", "BlockPublicPolicy", set("Payloads", false, "PublicAccessBlockConfiguration", "BlockPublicPolicy")},
		{"storage", "bucket not encrypted", "Payloads is not encrypted", set("Payloads", nil, "BucketEncryption")},
		{"storage", "bucket without TLS", "without TLS", remove("Payloads/Policy")},
		{"storage", "inbox kept for ever", "does not clean up inbox/", set("Payloads", nil, "LifecycleConfiguration")},
		{"storage", "broken uploads kept for ever", "broken uploads", set("Payloads", nil, "LifecycleConfiguration")},
		{"storage", "deliveries forgotten too soon", "outbound/ after 35 days", func(tpl template) { lifecycle(tpl, "ExpireOutbound")["ExpirationInDays"] = 1.0 }},
		{"storage", "exports not forgotten", "exports/ after 7 days", func(tpl template) { lifecycle(tpl, "ExpireExports")["Status"] = "Disabled" }},
		{"storage", "payloads forgotten", "uploads/ after 7 days", func(tpl template) { lifecycle(tpl, "ExpireUploads")["Prefix"] = "archive/" }},
		{"storage", "runs forgotten while somebody pauses them", "runs/ after 60 days", func(tpl template) { lifecycle(tpl, "ExpireRuns")["ExpirationInDays"] = 7.0 }},
		{"storage", "payloads forgotten, too", "under 7 prefixes", func(tpl template) {
			set("Payloads", append(list(tpl.get(tpl.named("Payloads"), "LifecycleConfiguration", "Rules")),
				map[string]any{"ExpirationInDays": 400.0, "Id": "ExpireArchive", "Prefix": "archive/", "Status": "Enabled"}), "LifecycleConfiguration", "Rules")(tpl)
		}},
		{"storage", "key not rotated", "Secrets is not rotated", set("Secrets", false, "EnableKeyRotation")},
		{"storage", "topic not encrypted", "Pager is not encrypted", set("Pager", nil, "KmsMasterKeyId")},

		{"removal", "a table goes with the stack", "Records has the deletion policy", change("Records", func(r *resource) { r.DeletionPolicy = "Delete" })},
		{"removal", "the key goes with the stack", "Secrets has the deletion policy", change("Secrets", func(r *resource) { r.DeletionPolicy = "Delete" })},
		{"removal", "a table can be deleted", "Tenancy has deletion protection", set("Tenancy", false, "DeletionProtectionEnabled")},
		{"removal", "the ledger can be deleted", "Ledger has deletion protection", set("Ledger", false, "DeletionProtectionEnabled")},
		{"removal", "the ledger goes with the stack", "Ledger has the deletion policy", change("Ledger", func(r *resource) { r.DeletionPolicy = "Delete" })},
	}
}

// lifecycle gives a rule of the bucket by its id.
func lifecycle(tpl template, id string) map[string]any {
	for _, rule := range list(tpl.get(tpl.named("Payloads"), "LifecycleConfiguration", "Rules")) {
		if dig(rule, "Id") == id {
			return rule.(map[string]any)
		}
	}
	return nil
}

func brokenRights() []breakage {
	allow := func(actions, resources any) map[string]any {
		return map[string]any{"Effect": "Allow", "Action": actions, "Resource": resources}
	}
	return []breakage{
		{"wildcards", "all actions", "Api/Role: s3:*", permit("Api/Role", allow("s3:*", "arn:aws:s3:::x"))},
		{"wildcards", "all resources", "logs:PutLogEvents on *", permit("Api/Role", allow([]any{"logs:PutLogEvents"}, []any{"*"}))},
		{"wildcards", "all but some", "NotAction on *", permit("Api/Role", map[string]any{"Effect": "Allow", "NotAction": "s3:GetObject", "Resource": "*"})},
		{"wildcards", "a prefix that is none", "s3:GetObject on Payloads/*", func(tpl template) {
			permit("Api/Role", allow("s3:GetObject", map[string]any{"Fn::Join": []any{"", []any{
				map[string]any{"Fn::GetAtt": []any{tpl.named("Payloads"), "Arn"}}, "/*"}}}))(tpl)
		}},
		{"wildcards", "everybody", "Gate: sqs:SendMessage", add("Gate", resource{Type: "AWS::SQS::QueuePolicy", Properties: map[string]any{
			"PolicyDocument": map[string]any{"Statement": map[string]any{"Effect": "Allow", "Principal": map[string]any{"AWS": "*"},
				"Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:::x"}}}})},
		{"wildcards", "an excuse too many", "exports/* is excused and does not occur", remove("Api/Role")},
		{"wildcards", "another excuse too many", "excused and does not occur", remove("PagerKey")},

		{"permissions", "an action more", "dynamodb:DeleteItem", func(tpl template) {
			permit("Ingest/Role", allow("dynamodb:DeleteItem", map[string]any{"Fn::GetAtt": []any{tpl.named("Records"), "Arn"}}))(tpl)
		}},
		{"permissions", "a reader of providers that deletes records", "dynamodb:DeleteItem", func(tpl template) {
			permit("Fetch/Role", allow("dynamodb:DeleteItem", map[string]any{"Fn::GetAtt": []any{tpl.named("Records"), "Arn"}}))(tpl)
		}},
		{"permissions", "mail from another address", "ses:SendEmail", permit("Deliver/Role", map[string]any{
			"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "arn:aws:ses:us-east-1:123456789012:identity/example.net"})},
		{"permissions", "mail by another function", "ses:SendEmail", permit("Api/Role", map[string]any{
			"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "arn:aws:ses:us-east-1:123456789012:identity/example.com"})},
		{"permissions", "none left", "Sweep/Role", set("Sweep/Role", nil, "Policies")},
		{"permissions", "a role more", "Audit/Role", add("Audit/Role", resource{Type: "AWS::IAM::Role"})},

		{"roles", "a policy beside", "Extra grants something", add("Extra", resource{Type: "AWS::IAM::Policy"})},
		{"roles", "a policy of AWS", "AdministratorAccess", set("Api/Role", []any{"arn:aws:iam::aws:policy/AdministratorAccess"}, "ManagedPolicyArns")},
		{"roles", "anybody may take it", "can be taken by", set("Api/Role", []any{map[string]any{"Effect": "Allow",
			"Principal": map[string]any{"AWS": "*"}, "Action": "sts:AssumeRole"}}, "AssumeRolePolicyDocument", "Statement")},
		{"roles", "shared", "share a role", func(tpl template) {
			set("Api/Function", tpl.get(tpl.named("Receive/Function"), "Role"), "Role")(tpl)
		}},
	}
}

// brokenLedger lets somebody delete in the ledger, one way after another.
func brokenLedger() []breakage {
	inLedger := func(role string, actions any) func(template) {
		return func(tpl template) {
			permit(role, map[string]any{"Effect": "Allow", "Action": actions, "Resource": map[string]any{"Fn::GetAtt": []any{tpl.named("Ledger"), "Arn"}}})(tpl)
		}
	}
	return []breakage{
		{"ledger", "no such table", "no table Ledger", remove("Ledger")},
		{"ledger", "a function that deletes", "Settle/Role may dynamodb:DeleteItem", inLedger("Settle/Role", "dynamodb:DeleteItem")},
		{"ledger", "a function that deletes in batches", "Work/Role may dynamodb:BatchWriteItem", inLedger("Work/Role", []any{"dynamodb:GetItem", "dynamodb:BatchWriteItem"})},
		{"ledger", "a function that deletes by statements", "Api/Role may dynamodb:PartiQLDelete", inLedger("Api/Role", "dynamodb:PartiQLDelete")},
		{"ledger", "a function that lets rows expire", "Nudge/Role may dynamodb:UpdateTimeToLive", inLedger("Nudge/Role", "dynamodb:UpdateTimeToLive")},
		{"ledger", "all that there is", "Api/Role may dynamodb:*", inLedger("Api/Role", "dynamodb:*")},
		{"ledger", "a role that everything deletes by", "Extra may dynamodb:DeleteItem", func(tpl template) {
			add("Extra", resource{Type: "AWS::IAM::Role", Properties: map[string]any{"Policies": []any{map[string]any{"PolicyDocument": map[string]any{"Statement": map[string]any{
				"Effect": "Allow", "Action": "dynamodb:DeleteItem", "Resource": map[string]any{"Fn::GetAtt": []any{tpl.named("Ledger"), "Arn"}}}}}}}})(tpl)
		}},
		{"ledger", "nobody posts", "nobody may post", func(tpl template) {
			for _, role := range []string{"Api/Role", "Settle/Role", "Nudge/Role"} {
				set(role, nil, "Policies")(tpl)
			}
		}},
		{"permissions", "calculate that posts", "Calculate/Role may dynamodb:PutItem on Ledger", inLedger("Calculate/Role", "dynamodb:PutItem")},
	}
}

func brokenWatch() []breakage {
	return []breakage{
		{"alarms", "calls nobody", "Inbox/Age: AlarmActions", set("Inbox/Age", nil, "AlarmActions")},
		{"alarms", "does not call off", "Inbox/Age: OKActions", set("Inbox/Age", []any{}, "OKActions")},
		{"alarms", "says nothing", "Inbox/Age does not tell", set("Inbox/Age", "Inbox is old", "AlarmDescription")},
		{"alarms", "switched off", "Api/Errors is switched off", set("Api/Errors", false, "ActionsEnabled")},
		{"alarms", "errors", "watches Errors of Relay/Function", remove("Relay/Errors")},
		{"alarms", "faults", "watches faults of Relay/Function", remove("Relay/Faults")},
		{"alarms", "faults of what a schedule starts", "watches faults of Sweep/Function", remove("Sweep/Faults")},
		{"alarms", "faults of another stage", "watches faults of Api/Function", func(tpl template) {
			metric := dig(list(tpl.get(tpl.named("Api/Faults"), "Metrics"))[1], "MetricStat", "Metric").(map[string]any)
			metric["Namespace"] = "Leadline/dev"
		}},
		{"alarms", "faults seen too late", "watches faults of Api/Function", set("Api/Faults", 15.0, "EvaluationPeriods")},
		{"alarms", "faults of what runs each minute", "watches faults of Schedule/Function", remove("Schedule/Faults")},
		{"alarms", "deliveries that wait", "watches ApproximateAgeOfOldestMessage of DeliverQueue", remove("DeliverQueue/Age")},
		{"alarms", "reads that wait", "watches ApproximateAgeOfOldestMessage of FetchQueue", remove("FetchQueue/Age")},
		{"alarms", "dead reads", "ApproximateNumberOfMessagesVisible of FetchDead", remove("FetchDead/Visible")},
		{"alarms", "calculations that wait", "watches ApproximateAgeOfOldestMessage of CalculateQueue", remove("CalculateQueue/Age")},
		{"alarms", "dead calculations", "ApproximateNumberOfMessagesVisible of CalculateDead", remove("CalculateDead/Visible")},
		{"alarms", "settlements that wait", "watches ApproximateAgeOfOldestMessage of SettleQueue", remove("SettleQueue/Age")},
		{"alarms", "dead settlements", "ApproximateNumberOfMessagesVisible of SettleDead", remove("SettleDead/Visible")},
		{"alarms", "faults of settle", "watches faults of Settle/Function", remove("Settle/Faults")},
		{"alarms", "nudges that wait", "watches ApproximateAgeOfOldestMessage of NudgeQueue", remove("NudgeQueue/Age")},
		{"alarms", "dead nudges", "ApproximateNumberOfMessagesVisible of NudgeDead", remove("NudgeDead/Visible")},
		{"alarms", "dead steps of jobs", "ApproximateNumberOfMessagesVisible of JobsDead", remove("JobsDead/Visible")},
		{"alarms", "throttles", "watches Throttles of Api/Function", remove("Api/Throttles")},
		{"alarms", "lag", "watches IteratorAge of Relay/Function", remove("Relay/Lag")},
		{"alarms", "age", "watches ApproximateAgeOfOldestMessage of Inbox", remove("Inbox/Age")},
		{"alarms", "dead letters", "ApproximateNumberOfMessagesVisible of RelayDead", remove("RelayDead/Visible")},
		{"alarms", "API", "watches 5xx of Http", remove("HttpServerErrors")},
	}
}

// TestStagesThatShare shows that the check for shared names finds them, and references to another stack.
func TestStagesThatShare(t *testing.T) {
	one, other := template{}, template{}
	add("Bucket", resource{Type: "AWS::S3::Bucket", Properties: map[string]any{"BucketName": "payloads"}})(one)
	add("Bucket", resource{Type: "AWS::S3::Bucket", Properties: map[string]any{"BucketName": "payloads"}})(other)
	if found := checkApart(one, other); len(found) != 1 || !strings.Contains(found[0], "payloads") {
		t.Errorf("a shared name: found %q", found)
	}
	add("Bucket", resource{Type: "AWS::S3::Bucket", Properties: map[string]any{"BucketName": map[string]any{"Fn::ImportValue": "x"}}})(other)
	if found := checkApart(one, other); len(found) != 1 || !strings.Contains(found[0], "leans on another stack") {
		t.Errorf("an import: found %q", found)
	}
}
