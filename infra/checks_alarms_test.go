package main

import (
	"slices"
	"strings"
)

// checkRollout wants an alias and a gradual rollout for each function, rolled back by an alarm on that function's errors.
func checkRollout(tpl template, config string) (wrong problems) {
	groups := map[string]string{} // by the alias that a group rolls out
	for _, id := range tpl.of("AWS::Lambda::Alias") {
		update, _ := tpl[id].UpdatePolicy["CodeDeployLambdaAliasUpdate"].(map[string]any)
		groups[tpl.text(id, "FunctionName")] = tpl.named(tpl.render(update["DeploymentGroupName"]))
		if tpl.text(id, "Name") != "live" {
			wrong.add("the alias %s is not called live", tpl.name(id))
		}
	}
	for _, id := range tpl.of("AWS::Lambda::Function") {
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
		alarm := tpl.named(tpl.render(dig(first(tpl.get(group, "AlarmConfiguration", "Alarms")), "Name")))
		if tpl.text(alarm, "MetricName") != "Errors" || !watches(tpl, alarm, name+":live") {
			wrong.add("%s is not rolled back by the alarm on its own errors", name)
		}
	}
	return wrong
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
func checkAlarms(tpl template) (wrong problems) {
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
