package main

import (
	"fmt"
	"slices"
	"strings"

	"leadline/shared/fault"
	"leadline/shared/telemetry"
)

// checkRollout wants an alias and a gradual rollout for each function, rolled back by alarms on that function's errors and
// faults.
func checkRollout(tpl template, stage, config string) (wrong problems) {
	groups := map[string]string{} // by the alias that a group rolls out
	for _, id := range tpl.of("AWS::Lambda::Alias") {
		update, _ := tpl[id].UpdatePolicy["CodeDeployLambdaAliasUpdate"].(map[string]any)
		groups[tpl.text(id, "FunctionName")] = tpl.named(tpl.render(update["DeploymentGroupName"]))
		if tpl.text(id, "Name") != "live" {
			wrong.add("the alias %s is not called live", tpl.name(id))
		}
	}
	for short, id := range functionsOf(tpl, stage) {
		name, group := tpl.name(id), groups[tpl.name(id)]
		if group == "" {
			wrong.add("%s has no alias that is rolled out", name)
			continue
		}
		if got := tpl.text(group, "DeploymentConfigName"); got != config {
			wrong.add("%s is rolled out by %s, want %s", name, got, config)
		}
		if !strings.Contains(tpl.text(group, "AutoRollbackConfiguration", "Events"), "DEPLOYMENT_STOP_ON_ALARM") {
			wrong.add("%s is not rolled back by an alarm", name)
		}
		alarms := list(tpl.get(group, "AlarmConfiguration", "Alarms"))
		backBy := func(what string, matches func(alarm string) bool) {
			if !slices.ContainsFunc(alarms, func(a any) bool { return matches(tpl.named(tpl.render(dig(a, "Name")))) }) {
				wrong.add("%s is not rolled back by the alarm on its own %s", name, what)
			}
		}
		backBy("errors", func(alarm string) bool {
			return tpl.text(alarm, "MetricName") == "Errors" && watches(tpl, alarm, name+":live")
		})
		if !seldom(tpl, id) {
			backBy("faults", func(alarm string) bool { return watchesFaults(tpl, alarm, stage, short, 60) })
		}
	}
	return wrong
}

// seldom tells whether a schedule starts a function less than once a minute: then a run falls into a rollout by chance
// only.
func seldom(tpl template, function string) bool {
	return slices.ContainsFunc(tpl.of("AWS::Scheduler::Schedule"), func(id string) bool {
		return invoked(tpl, tpl.text(id, "Target", "Arn")) == function && tpl.text(id, "ScheduleExpression") != "rate(1 minute)"
	})
}

// watchesFaults tells whether an alarm adds up what a function prints of failures within its invocations, by so many
// seconds: of minutes it can ring within the five of a canary.
func watchesFaults(tpl template, alarm, stage, function string, seconds int) bool {
	var expression string
	var counted []string
	for _, m := range list(tpl.get(alarm, "Metrics")) {
		if text, ok := dig(m, "Expression").(string); ok {
			expression = text
			continue
		}
		dimension := first(dig(m, "MetricStat", "Metric", "Dimensions"))
		counted = append(counted, fmt.Sprintf("%v %v %v=%v %v %v %v", dig(m, "MetricStat", "Metric", "Namespace"), dig(m, "MetricStat", "Metric", "MetricName"),
			dig(dimension, "Name"), dig(dimension, "Value"), dig(m, "MetricStat", "Stat"), dig(m, "MetricStat", "Period"), dig(m, "Id")))
	}
	slices.Sort(counted)
	var want []string
	for _, kind := range []fault.Kind{fault.Internal, fault.Unavailable} {
		want = append(want, fmt.Sprintf("%s Fault_%s %s=%s Sum %d %s_%s", telemetry.Namespace(stage), kind, telemetry.KeyFunction, function, seconds, function, kind))
	}
	return slices.Equal(counted, want) && expression == strings.ReplaceAll("FILL(f_internal, 0) + FILL(f_unavailable, 0)", "f_", function+"_") &&
		number(tpl.get(alarm, "EvaluationPeriods")) <= 3 && tpl.text(alarm, "ComparisonOperator") == "GreaterThanOrEqualToThreshold"
}

func first(v any) any {
	if l := list(v); len(l) > 0 {
		return l[0]
	}
	return nil
}

// watches tells whether an alarm's metric is of something: one of its dimensions says so.
func watches(tpl template, alarm, what string) bool {
	return slices.ContainsFunc(list(tpl.get(alarm, "Dimensions")), func(d any) bool {
		return strings.TrimSuffix(tpl.render(dig(d, "Value")), ".QueueName") == what
	})
}

// checkAlarms wants the alarms without which a failure would go unseen, each with somebody to call and something to say.
func checkAlarms(tpl template, stage string) (wrong problems) {
	topics := tpl.of("AWS::SNS::Topic")
	for _, id := range tpl.of("AWS::CloudWatch::Alarm") {
		for _, property := range []string{"AlarmActions", "OKActions"} {
			if action := tpl.named(tpl.text(id, property)); !slices.Contains(topics, action) {
				wrong.add("%s: %s is %q, which is no topic", tpl.name(id), property, tpl.text(id, property))
			}
		}
		if words := strings.Fields(tpl.text(id, "AlarmDescription")); len(words) < 12 {
			wrong.add("%s does not tell the person called what to do: %q", tpl.name(id), strings.Join(words, " "))
		}
		if tpl.get(id, "ActionsEnabled") == false {
			wrong.add("%s is switched off", tpl.name(id))
		}
	}
	want := func(metric, what string) {
		if !slices.ContainsFunc(tpl.of("AWS::CloudWatch::Alarm"), func(id string) bool {
			return tpl.text(id, "MetricName") == metric && watches(tpl, id, what)
		}) {
			wrong.add("no alarm watches %s of %s", metric, what)
		}
	}
	for _, id := range tpl.of("AWS::Lambda::Function") {
		want("Errors", tpl.name(id))
		want("Throttles", tpl.name(id))
	}
	for name, id := range functionsOf(tpl, stage) {
		seconds := 60
		if seldom(tpl, id) {
			seconds = 3600
		}
		if !slices.ContainsFunc(tpl.of("AWS::CloudWatch::Alarm"), func(alarm string) bool {
			return watchesFaults(tpl, alarm, stage, name, seconds)
		}) {
			wrong.add("no alarm watches faults of %s", tpl.name(id))
		}
	}
	dead := deadLetterQueues(tpl)
	for _, id := range tpl.of("AWS::SQS::Queue") {
		want("ApproximateAgeOfOldestMessage", tpl.name(id))
		if dead[tpl.name(id)] {
			want("ApproximateNumberOfMessagesVisible", tpl.name(id))
		}
	}
	for _, id := range tpl.of("AWS::Lambda::EventSourceMapping") {
		if strings.HasSuffix(tpl.text(id, "EventSourceArn"), ".StreamArn") {
			want("IteratorAge", tpl.name(invoked(tpl, tpl.text(id, "FunctionName"))))
		}
	}
	for _, id := range tpl.of("AWS::ApiGatewayV2::Api") {
		want("5xx", tpl.name(id))
	}
	return wrong
}
