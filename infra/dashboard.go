package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/jsii-runtime-go"
)

// newDashboard shows the flow from left to right and top to bottom: what rings, what comes in, what waits, what works,
// what is stored.
func newDashboard(stack awscdk.Stack, r resources, functions []deployed, all *alarms) {
	api := r.http
	sum, highest, p99 := metricOptions("Sum", minutes(5)), metricOptions("Maximum", minutes(5)), metricOptions("p99", minutes(5))
	each := func(metric func(deployed) awscloudwatch.IMetric) []awscloudwatch.IMetric {
		var metrics []awscloudwatch.IMetric
		for _, f := range functions {
			metrics = append(metrics, metric(f))
		}
		return metrics
	}
	labelled := func(label, statistic string) *awscloudwatch.MetricOptions {
		options := metricOptions(statistic, minutes(5))
		options.Label = jsii.String(label)
		return options
	}
	var lag []awscloudwatch.IMetric
	for _, f := range functions {
		if f.streamed {
			lag = append(lag, f.lag(minutes(5)))
		}
	}
	var faulty []awscloudwatch.IMetric
	for _, f := range functions {
		faulty = append(faulty, f.faulty(minutes(5)))
	}
	var throttled []awscloudwatch.IMetric
	for _, table := range r.tables.all() {
		for _, kind := range []string{"Read", "Write"} {
			throttled = append(throttled, table.Metric(jsii.String(kind+"ThrottleEvents"),
				labelled(*table.Node().Id()+", "+strings.ToLower(kind), "Sum")))
		}
	}

	dashboard := awscloudwatch.NewDashboard(stack, jsii.String("Dashboard"), &awscloudwatch.DashboardProps{
		DashboardName:   jsii.String("leadline-" + r.stage.name),
		DefaultInterval: awscdk.Duration_Hours(jsii.Number(12)),
	})
	dashboard.AddWidgets(awscloudwatch.NewAlarmStatusWidget(&awscloudwatch.AlarmStatusWidgetProps{
		Title: jsii.String("Alarms"), Alarms: &all.made, Width: jsii.Number(24), Height: jsii.Number(4),
	}))
	dashboard.AddWidgets(
		graph("Requests", api.MetricCount(sum), api.MetricClientError(sum), api.MetricServerError(sum)),
		graph("Latency of requests, ms", api.MetricLatency(p99), api.MetricIntegrationLatency(p99)),
		graph("Inbox", r.inbox.MetricApproximateNumberOfMessagesVisible(highest), r.inbox.MetricNumberOfMessagesDeleted(sum)),
	)
	dashboard.AddWidgets(
		graph("Oldest event in the inbox, s", r.inbox.MetricApproximateAgeOfOldestMessage(highest)),
		graph("Dead letters", r.inboxDead.MetricApproximateNumberOfMessagesVisible(labelled("inbox", "Maximum")),
			r.deliverDead.MetricApproximateNumberOfMessagesVisible(labelled("deliver", "Maximum")),
			r.fetchDead.MetricApproximateNumberOfMessagesVisible(labelled("fetch", "Maximum")),
			r.calculateDead.MetricApproximateNumberOfMessagesVisible(labelled("calculate", "Maximum")),
			r.settleDead.MetricApproximateNumberOfMessagesVisible(labelled("settle", "Maximum")),
			r.nudgeDead.MetricApproximateNumberOfMessagesVisible(labelled("nudge", "Maximum")),
			r.jobsDead.MetricApproximateNumberOfMessagesVisible(labelled("jobs", "Maximum")),
			r.relayDead.MetricApproximateNumberOfMessagesVisible(labelled("relay", "Maximum"))),
		graph("Lag behind the stream of records, ms", lag...),
	)
	dashboard.AddWidgets(
		graph("Deliveries to destinations", r.deliver.MetricApproximateNumberOfMessagesVisible(highest),
			r.deliver.MetricApproximateNumberOfMessagesDelayed(highest), r.deliver.MetricNumberOfMessagesDeleted(sum)),
		graph("Reads of providers", r.fetch.MetricApproximateNumberOfMessagesVisible(highest),
			r.fetch.MetricApproximateNumberOfMessagesDelayed(highest), r.fetch.MetricNumberOfMessagesDeleted(sum)),
		graph("Jobs", r.jobs.MetricApproximateNumberOfMessagesVisible(highest), r.jobs.MetricNumberOfMessagesDeleted(sum)),
	)
	addSettling(dashboard, r, labelled)
	dashboard.AddWidgets(
		graph("Invocations", each(func(f deployed) awscloudwatch.IMetric { return f.live.MetricInvocations(labelled(f.name, "Sum")) })...),
		graph("Errors", each(func(f deployed) awscloudwatch.IMetric { return f.live.MetricErrors(labelled(f.name, "Sum")) })...),
		graph("Duration, ms, p99", each(func(f deployed) awscloudwatch.IMetric { return f.live.MetricDuration(labelled(f.name, "p99")) })...),
	)
	dashboard.AddWidgets(
		graph("Throttled calls of tables", throttled...),
		graph("Failures within invocations", faulty...),
		graph("Throttled invocations", each(func(f deployed) awscloudwatch.IMetric { return f.live.MetricThrottles(labelled(f.name, "Sum")) })...),
	)
}

// addSettling adds how far reckoning, settling and paying are behind.
func addSettling(dashboard awscloudwatch.Dashboard, r resources, labelled func(label, statistic string) *awscloudwatch.MetricOptions) {
	sum, highest := metricOptions("Sum", minutes(5)), metricOptions("Maximum", minutes(5))
	dashboard.AddWidgets(
		graph("Calculations", r.calculate.MetricApproximateNumberOfMessagesVisible(highest), r.calculate.MetricNumberOfMessagesDeleted(sum)),
		graph("Oldest calculation, settlement and nudge, s", r.calculate.MetricApproximateAgeOfOldestMessage(labelled("calculate", "Maximum")),
			r.settle.MetricApproximateAgeOfOldestMessage(labelled("settle", "Maximum")),
			r.nudge.MetricApproximateAgeOfOldestMessage(labelled("nudge", "Maximum"))),
		graph("Oldest delivery, read and step of a job, s", r.deliver.MetricApproximateAgeOfOldestMessage(labelled("deliver", "Maximum")),
			r.fetch.MetricApproximateAgeOfOldestMessage(labelled("fetch", "Maximum")),
			r.jobs.MetricApproximateAgeOfOldestMessage(labelled("jobs", "Maximum"))),
	)
	dashboard.AddWidgets(
		graph("Settlements and payouts", r.settle.MetricApproximateNumberOfMessagesVisible(highest), r.settle.MetricNumberOfMessagesDeleted(sum)),
		graph("Nudges", r.nudge.MetricApproximateNumberOfMessagesVisible(highest), r.nudge.MetricNumberOfMessagesDeleted(sum)),
	)
}

func graph(title string, metrics ...awscloudwatch.IMetric) awscloudwatch.IWidget {
	return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{
		Title: jsii.String(title), Left: &metrics, Width: jsii.Number(8), Height: jsii.Number(6),
	})
}
