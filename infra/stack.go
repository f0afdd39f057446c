package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// newStack declares a stage. It names no account and no region, so that the template holds in any.
func newStack(app awscdk.App, s settings) error {
	stack := awscdk.NewStack(app, jsii.String("leadline-"+s.stage.name), &awscdk.StackProps{
		Description:           jsii.String("Leadline, stage " + s.stage.name),
		Tags:                  &map[string]*string{"leadline:stage": jsii.String(s.stage.name)},
		TerminationProtection: jsii.Bool(s.stage.protect),
		// The CDK command line checks the version of the bootstrap stack; the template need not do it again.
		Synthesizer: awscdk.NewDefaultStackSynthesizer(&awscdk.DefaultStackSynthesizerProps{
			GenerateBootstrapVersionRule: jsii.Bool(false),
		}),
	})
	r := resources{
		stage:    s.stage,
		tables:   newTables(stack, s.stage),
		queues:   newQueues(stack, s.stage),
		payloads: newPayloads(stack),
		secrets:  newSecretsKey(stack, s.stage),
		http:     newHTTPAPI(stack, s.stage),
		mail:     s.mail,

		productionCRM: s.productionCRM,
	}
	pager := newPager(stack, s)
	all := &alarms{pager: pager}
	rollout := newRollout(stack, s.stage)
	var functions []deployed
	for _, description := range describe(r) {
		f, err := deploy(stack, s, description)
		if err != nil {
			return err
		}
		for _, start := range f.startedBy {
			start(f)
		}
		rollout.add(f, all.ofFunction(f))
		functions = append(functions, f)
	}
	if err := openHTTPAPI(stack, r.http, s.stage); err != nil {
		return err
	}
	all.ofQueues(r.queues)
	all.ofHTTP(stack, r.http)
	newDashboard(stack, r, functions, all)

	output := func(name, description string, value *string) {
		awscdk.NewCfnOutput(stack, jsii.String(name), &awscdk.CfnOutputProps{
			Description: jsii.String(description), Value: value,
		})
	}
	output("ApiUrl", "Where the API and the webhooks are, without a slash at the end", r.http.ApiEndpoint())
	output("TableTenancy", "The table to which an operator adds the first organization", r.tenancy.TableName())
	output("TableWork", "The table that holds the audit log, into which an operator's acts go, too", r.work.TableName())
	output("KeySecrets", "The key that wraps the organizations' data keys", r.secrets.KeyArn())
	output("AlarmTopic", "The topic that alarms go to", pager.TopicArn())
	return nil
}
