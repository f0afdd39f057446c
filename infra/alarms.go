package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// newPager makes the topic that alarms go to. It is encrypted with a key of its own, because CloudWatch may not use the
// one that AWS keeps for SNS: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
func newPager(stack awscdk.Stack, s settings) awssns.Topic {
	cloudWatch := awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)
	ofThisAccount := &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": stack.Account()}}

	key := awskms.NewKey(stack, jsii.String("PagerKey"), &awskms.KeyProps{
		Description:       jsii.String("Leadline " + s.stage.name + ": alarms on their way"),
		EnableKeyRotation: jsii.Bool(true),
		RemovalPolicy:     awscdk.RemovalPolicy_DESTROY, // it keeps nothing
	})
	key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("CloudWatch"),
		Principals: &[]awsiam.IPrincipal{cloudWatch},
		Actions:    jsii.Strings("kms:Decrypt", "kms:GenerateDataKey"),
		Resources:  jsii.Strings("*"), // in a key's own policy: this key
		Conditions: ofThisAccount,
	}), nil)
	topic := awssns.NewTopic(stack, jsii.String("Pager"), &awssns.TopicProps{
		DisplayName: jsii.String("Leadline " + s.stage.name),
		MasterKey:   key,
		EnforceSSL:  jsii.Bool(true),
	})
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("CloudWatch"),
		Principals: &[]awsiam.IPrincipal{cloudWatch},
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{topic.TopicArn()},
		Conditions: ofThisAccount,
	}))
	if s.alarmEmail != "" {
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(s.alarmEmail), nil))
	}
	return topic
}

// alarm describes an alarm: when a metric is at least so much.
type alarm struct {
	id     string
	metric awscloudwatch.IMetric
	// atLeast is compared with each of the last periods of the metric. enough of them must reach it; all, if 0.
	atLeast float64
	periods float64
	enough  float64
	// advice tells the person called what it means and what to do.
	advice string
}

// alarms adds alarms to a stack.
type alarms struct {
	pager awssns.ITopic
	made  []interfacesawscloudwatch.IAlarmRef
}

func (all *alarms) add(scope constructs.Construct, a alarm) awscloudwatch.Alarm {
	if a.enough == 0 {
		a.enough = a.periods
	}
	made := awscloudwatch.NewAlarm(scope, jsii.String(a.id), &awscloudwatch.AlarmProps{
		AlarmDescription:   jsii.String(a.advice),
		Metric:             a.metric,
		Threshold:          jsii.Number(a.atLeast),
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
		EvaluationPeriods:  jsii.Number(a.periods),
		DatapointsToAlarm:  jsii.Number(a.enough),
		TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING, // these metrics are silent when nothing happens
	})
	page := awscloudwatchactions.NewSnsAction(all.pager)
	made.AddAlarmAction(page)
	made.AddOkAction(page)
	all.made = append(all.made, made)
	return made
}

func metricOptions(statistic string, period awscdk.Duration) *awscloudwatch.MetricOptions {
	return &awscloudwatch.MetricOptions{Statistic: jsii.String(statistic), Period: period}
}

func minutes(n float64) awscdk.Duration { return awscdk.Duration_Minutes(jsii.Number(n)) }

// ofFunction watches a function and gives the alarms that roll its deployments back.
func (all *alarms) ofFunction(f deployed) (rollback []interfacesawscloudwatch.IAlarmRef) {
	rollback = append(rollback, all.add(f.scope, alarm{
		id: "Errors", metric: f.live.MetricErrors(metricOptions("Sum", minutes(5))), atLeast: f.errors, periods: 1,
		advice: f.name + " crashed, timed out or gave up. Read the lines of level ERROR in its log group. If it began with a " +
			"deployment, that is being rolled back; if not, look for an outage of what it calls. Webhooks and queues are " +
			"tried again meanwhile, nothing of theirs is lost.",
	}))
	if f.faults > 0 {
		rollback = append(rollback, all.ofFaults(f))
	} else {
		all.add(f.scope, alarm{
			id: "Faults", metric: f.faulty(minutes(60)), atLeast: 1, periods: 1,
			advice: f.name + " ran, but could not do all that it should. The lines of level ERROR in its log group say what failed " +
				"and how often. It tries again with its next pass; if the cause is not one that passes, remove it.",
		})
	}
	all.add(f.scope, alarm{
		id: "Throttles", metric: f.live.MetricThrottles(metricOptions("Sum", minutes(1))), atLeast: 1, periods: 5,
		advice: f.name + " was refused capacity for five minutes. Compare the account's concurrent executions with its limit; " +
			"ask AWS for a higher one, or find which function takes it all.",
	})
	if f.streamed {
		all.add(f.scope, alarm{
			id: "Lag", metric: f.lag(minutes(1)), atLeast: *minutes(10).ToMilliseconds(nil), periods: 5,
			advice: f.name + " is more than ten minutes behind its stream. See whether it fails (its log) or writes are " +
				"throttled. The stream keeps a day; the history that is lost after that, sweep repairs.",
		})
	}
	return rollback
}

// ofFaults watches what fails within invocations of a function. Lambda counts none of it as an error: a release that
// answers 503 to everything would look sound.
//
// A canary lasts five minutes, and the alarm must ring before they are over: it looks at single minutes. A single call or
// batch that meets an outage of a second falls into one minute, what is broken into the next as well: two of three must
// be bad. The third is also for the metric itself, which comes out of the log late and is filled with 0 until then:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
func (all *alarms) ofFaults(f deployed) awscloudwatch.Alarm {
	return all.add(f.scope, alarm{
		id: "Faults", metric: f.faulty(minutes(1)), atLeast: f.faults, periods: 3, enough: 2,
		advice: f.name + " runs, but what it is asked for fails for a fault of ours (internal) or of what it calls (unavailable). " +
			"Read the lines of level ERROR and WARN in its log group. If it began with a deployment, that is being rolled " +
			"back; if not, look for an outage of what it calls and for a permission or a setting that is missing. Webhooks, " +
			"queues and streams are tried again meanwhile.",
	})
}

// ofQueues watches the queues.
func (all *alarms) ofQueues(q queues) {
	oldest := func(id string, queue awssqs.Queue, limit awscdk.Duration, advice string) {
		all.add(queue, alarm{
			id: id, metric: queue.MetricApproximateAgeOfOldestMessage(metricOptions("Maximum", minutes(1))),
			atLeast: *limit.ToSeconds(nil), periods: 5, advice: advice,
		})
	}
	oldest("Age", q.inbox, minutes(5), "Events wait more than five minutes to be applied. See whether ingest fails (its errors, "+
		"its log), is throttled, or whether more comes in than it is allowed to work on at once (ingestConcurrency).")
	// Retries wait here for up to 15 minutes, and their age counts from when they were sent.
	oldest("Age", q.deliver, minutes(30), "Events for destinations wait half an hour longer than they should. See whether deliver fails "+
		"(its errors, its log), is throttled, or is held up by destinations that answer slowly (deliverConcurrency).")
	// What waits for a provider's limit is sent for up to 15 minutes later; what failed comes back after twelve.
	oldest("Age", q.fetch, minutes(45), "What is to be read of providers does not go on for three quarters of an hour. See whether fetch "+
		"fails (its errors, its log), is throttled, or whether more runs go on than it may work on at once (fetchConcurrency).")
	// What failed comes back after six minutes.
	oldest("Age", q.calculate, minutes(20), "What changed does not show in standings for twenty minutes. See whether calculate fails (its "+
		"errors, its log), is throttled, or whether there is more than it may work on at once (calculateConcurrency).")
	oldest("Age", q.settle, minutes(20), "Settlements and payouts that somebody began do not go on for twenty minutes. See whether settle "+
		"fails (its errors, its log), is throttled, or whether there is more than it may work on at once (settleConcurrency).")
	// What quiet hours put off does not wait here.
	oldest("Age", q.nudge, minutes(30), "People are not told of their standing for half an hour. See whether nudge fails (its errors, its "+
		"log), is throttled, or whether there is more than it may work on at once (nudgeConcurrency).")
	// A step that failed comes back after half an hour.
	oldest("Age", q.jobs, minutes(60), "Jobs that somebody asked for do not go on for an hour. See whether work fails (its errors, its "+
		"log), is throttled, or whether there are more than it may work on at once (workConcurrency).")

	dead := func(queue awssqs.Queue, what, remedy string) {
		all.add(queue, alarm{
			id: "Visible", metric: queue.MetricApproximateNumberOfMessagesVisible(metricOptions("Maximum", minutes(1))),
			atLeast: 1, periods: 1, advice: what + " " + remedy,
		})
		oldest("Age", queue, awscdk.Duration_Days(jsii.Number(10)), "Messages here are deleted at an age of 14 days, and some are "+
			"10 days old. "+remedy)
	}
	dead(q.inboxDead, "ingest failed at a message five times.",
		"Find its id in the log of ingest (level ERROR), remove the cause, then start a redrive of this queue to the inbox.")
	dead(q.deliverDead, "deliver failed at a message five times, for a reason that is not the destination's.",
		"Find its id in the log of deliver (level ERROR), remove the cause, then start a redrive of this queue to DeliverQueue.")
	dead(q.fetchDead, "fetch failed at a message ten times; what it names is not read.",
		"The message names organization, connection and run, the log of fetch the error. Remove the cause, then start a redrive of this queue to FetchQueue.")
	dead(q.calculateDead, "calculate failed at a message five times; what it names is not in anybody's standing.",
		"The message names organization and program, the log of calculate the error. Remove the cause, then start a redrive of this queue to CalculateQueue.")
	dead(q.settleDead, "settle failed at a message five times; the settlement or batch of payments that it names stands still.",
		"The message names organization and what is settled, the log of settle the error. Remove the cause, then start a redrive of this queue to "+
			"SettleQueue: what was posted already is not posted again.")
	dead(q.nudgeDead, "nudge failed at a message five times; people were not told what it names, or miss points or a badge.",
		"The message names the organization, the log of nudge the error. Remove the cause, then start a redrive of this queue to NudgeQueue.")
	dead(q.jobsDead, "work failed at a step of a job five times; the job stands still.",
		"The message names organization and job, the log of work the error. Remove the cause, then start a redrive of this queue to Jobs.")
	dead(q.relayDead, "relay gave up on changes of records; their history is incomplete.",
		"The message names shard and sequence numbers, the log of relay the error. Remove the cause; sweep repairs the history "+
			"within hours, or at once if invoked with {\"restart\": true}. Then delete the message.")
}

// ofHTTP watches the API.
func (all *alarms) ofHTTP(scope constructs.Construct, api awsapigatewayv2.HttpApi) {
	all.add(scope, alarm{
		id: "HttpServerErrors", metric: api.MetricServerError(metricOptions("Sum", minutes(5))), atLeast: 5, periods: 1,
		advice: "Callers get answers of 5xx. The access log tells which route, the log of its function why. CRMs send their " +
			"events again for hours (Close for three days), users of the API do not.",
	})
}
