// Command infra declares the whole of Leadline in AWS, as one CloudFormation stack per stage: the functions and what
// starts them, the tables, queues, bucket and keys they use, and the alarms that call a person. It is a CDK app, the
// only package that imports the CDK, and it only synthesizes; the CDK command line deploys what it wrote.
//
// Settings are CDK context, given to the CDK command line with -c or to the program itself as flags:
//
//	stage=dev|test|prod     which deployment; required. Stages share nothing.
//	assets=DIR              the built functions, DIR/<function>/bootstrap for Linux on arm64; relative to the module's
//	                        root, default .build/arm64
//	placeholder=true        put a placeholder in the place of every function's code: for tests and the local runner,
//	                        which need the template and not the code
//	alarm-email=ADDRESS     whom the alarms write to
//	mail-from=ADDRESS       whom notices to admins come from, by e-mail; without it none is sent. SES must have verified it
//	mail-identity=NAME      the identity in SES that is verified: the domain of mail-from unless given, else an address
//	fetch-concurrency=N     how many invocations read from providers at once; 10 unless given
//	allow-production-crm=true  let a stage other than prod log in to providers themselves, not only to sandboxes
//
// With the CDK command line, in this folder:
//
//	npx cdk synth -c stage=dev
//	npx cdk deploy -c stage=dev -c alarm-email=oncall@example.com
//
// Without it (it needs Node all the same, for the CDK runs on it), anywhere in the module; DIR defaults to infra/cdk.out:
//
//	go run leadline/infra --stage dev --placeholder --out DIR
//
// Both write the same template, DIR/leadline-<stage>.template.json. On Node 20 the CDK prints a large banner that it is
// old; JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20 in the environment stops that. It cannot be set from here: the
// CDK reads its environment before main begins.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

func main() {
	err := run(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "infra:", err)
		os.Exit(1)
	}
}

// run synthesizes as the flags say.
func run(args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("infra", flag.ContinueOnError)
	flags.SetOutput(stderr)
	stage := flags.String("stage", "", "which `stage` to synthesize: dev, test or prod")
	assets := flags.String("assets", "", "`directory` of the built functions (default .build/arm64 at the module's root)")
	placeholder := flags.Bool("placeholder", false, "synthesize without built functions")
	email := flags.String("alarm-email", "", "`address` that the alarms write to")
	from := flags.String("mail-from", "", "`address` that notices come from by e-mail; empty sends none")
	identity := flags.String("mail-identity", "", "`name` of the identity of that address in SES (default its domain)")
	concurrency := flags.String("fetch-concurrency", "", "`number` of invocations that read from providers at once (default 10)")
	productionCRM := flags.String("allow-production-crm", "", "`true` lets a stage other than prod log in to providers themselves")
	out := flags.String("out", "", "`directory` to write to (default infra/cdk.out at the module's root)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	if *out == "" && os.Getenv("CDK_OUTDIR") == "" { // the CDK command line sets it
		*out = filepath.Join(root, "infra", "cdk.out")
	}
	return synthesize(root, *out, map[string]any{
		"stage": *stage, "assets": *assets, "placeholder": *placeholder, "alarm-email": *email,
		"mail-from": *from, "mail-identity": *identity, "fetch-concurrency": *concurrency, "allow-production-crm": *productionCRM,
	})
}

// synthesize writes the cloud assembly of the stage that the context names to the directory out; if out is empty, to
// where the CDK command line wants it. Context that the CDK command line gives replaces what is given here.
func synthesize(root, out string, context map[string]any) (err error) {
	// The CDK's Go binding reports every failure by a panic.
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("synthesize: %v", failure)
		}
	}()
	for flag, value := range featureFlags() {
		context[flag] = value
	}
	props := &awscdk.AppProps{Context: &context, AnalyticsReporting: jsii.Bool(false), TreeMetadata: jsii.Bool(false)}
	if out != "" {
		props.Outdir = &out
	}
	app := awscdk.NewApp(props)
	settings, cleanup, err := readSettings(app, root)
	if err != nil {
		return err
	}
	defer cleanup()
	if err := newStack(app, settings); err != nil {
		return err
	}
	app.Synth(nil)
	return nil
}

// featureFlags is the context that decides how the CDK itself behaves. It stands here and not in cdk.json so that a
// synthesis without the CDK command line gives the same template as one with it.
func featureFlags() map[string]any {
	return map[string]any{
		// Where a resource comes from and where its code lies: sam local reads both.
		"aws:cdk:enable-path-metadata":  true,
		"aws:cdk:enable-asset-metadata": true,

		"@aws-cdk/core:target-partitions":                                                []string{"aws"},
		"@aws-cdk/core:checkSecretUsage":                                                 true,
		"@aws-cdk/core:explicitStackTags":                                                true,
		"@aws-cdk/aws-iam:minimizePolicies":                                              true,
		"@aws-cdk/aws-kms:reduceCrossAccountRegionPolicyScope":                           true,
		"@aws-cdk/aws-codedeploy:removeAlarmsFromDeploymentGroup":                        true,
		"@aws-cdk/aws-s3:publicAccessBlockedByDefault":                                   true,
		"@aws-cdk/aws-lambda:recognizeVersionProps":                                      true,
		"@aws-cdk/aws-lambda:recognizeLayerVersion":                                      true,
		"@aws-cdk/aws-cloudwatch-actions:changeLambdaPermissionLogicalIdForLambdaAction": true,
	}
}

// moduleRoot finds the directory of go.mod at or above the working directory.
func moduleRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod at or above %s", start)
		}
	}
}
