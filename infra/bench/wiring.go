package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"leadline/infra/local/lambda"
	"leadline/infra/local/template"
)

// Where the stack pretends to be deployed, and as which stage: the one that pays.
const (
	region  = "us-east-1"
	account = "000000000000"
	stage   = "prod"
	secret  = "local"
)

// The queues by the names that people call them.
const (
	inboxQueue   = "Inbox"
	deliverQueue = "DeliverQueue"
)

// wiring is what the synthesized stack says of the functions and of what they work on.
type wiring struct {
	stack *template.Stack
	// names of tables, queues, buckets, keys and the API: physical by what people call them.
	tables, queues, buckets, keys map[string]string
	streams                       map[string]bool // tables that have one
	api                           string
	accessLog                     string
}

func stackName() string { return "leadline-" + stage }

// synthesized gives the template of the stack, made anew when its sources have changed.
func synthesized(ctx context.Context, root, cache string) ([]byte, error) {
	files, err := filepath.Glob(filepath.Join(root, "infra", "*.go"))
	if err != nil {
		return nil, err
	}
	hash := sha256.New()
	for _, name := range append(files, filepath.Join(root, "go.mod"), filepath.Join(root, "infra", "package-lock.json")) {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("synthesize: %w", err)
		}
		if !strings.HasSuffix(name, "_test.go") {
			fmt.Fprintf(hash, "%s %d\n%s", filepath.Base(name), len(text), text)
		}
	}
	out := filepath.Join(cache, stage+"-"+hex.EncodeToString(hash.Sum(nil))[:16])
	file := filepath.Join(out, stackName()+".template.json")
	text, err := os.ReadFile(file)
	if !errors.Is(err, os.ErrNotExist) {
		return text, err
	}
	old, _ := filepath.Glob(filepath.Join(cache, stage+"-*")) // the pattern is a good one
	for _, name := range old {
		if err := os.RemoveAll(name); err != nil {
			return nil, fmt.Errorf("synthesize: %w", err)
		}
	}
	cmd := exec.CommandContext(ctx, "go", "run", "./infra", "--stage", stage, "--placeholder", "--out", out)
	cmd.Dir = root
	if output, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("synthesize: %w\n%s", err, output)
	}
	return os.ReadFile(file)
}

// wire reads a template. baseURL is where the HTTP API is reached, queues where SQS is, keyARN gives the ARN of a key, which
// it makes.
func wire(text []byte, baseURL, queues string, keyARN func(id string) (string, error)) (*wiring, error) {
	t, err := template.Parse(text)
	if err != nil {
		return nil, err
	}
	w := &wiring{stack: t.In(template.Environment{Region: region, AccountID: account, StackName: stackName()}),
		tables: map[string]string{}, queues: map[string]string{}, buckets: map[string]string{}, keys: map[string]string{}, streams: map[string]bool{}}
	logs, err := w.stack.Resources("AWS::Logs::LogGroup")
	if err != nil {
		return nil, err
	}
	for _, r := range logs {
		w.stack.Bind(r.LogicalID, r.LogicalID, map[string]string{"Arn": r.LogicalID})
	}
	all, err := w.stack.Resources("AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage")
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		name := stackName() + "-" + r.LogicalID
		called := label(name)
		switch r.Type {
		case "AWS::DynamoDB::Table":
			w.tables[called] = name
			_, w.streams[called] = r.Properties["StreamSpecification"]
			w.stack.Bind(r.LogicalID, name, nil)
		case "AWS::SQS::Queue":
			w.queues[called] = name
			w.stack.Bind(r.LogicalID, queues+"/"+account+"/"+name, nil)
		case "AWS::S3::Bucket":
			w.buckets[called] = strings.ToLower(name)
			w.stack.Bind(r.LogicalID, strings.ToLower(name), nil)
		case "AWS::KMS::Key":
			arn, err := keyARN(name)
			if err != nil {
				return nil, err
			}
			w.keys[called] = arn
			w.stack.Bind(r.LogicalID, name, map[string]string{"Arn": arn})
		case "AWS::ApiGatewayV2::Api":
			w.api = strings.ToLower(r.LogicalID)
			w.stack.Bind(r.LogicalID, w.api, map[string]string{"ApiEndpoint": baseURL})
		default:
			var properties struct {
				AccessLogSettings struct{ Format template.Text } `json:"AccessLogSettings"`
			}
			if err := w.stack.Decode(r, &properties); err != nil {
				return nil, err
			}
			w.accessLog = string(properties.AccessLogSettings.Format)
		}
	}
	return w, nil
}

// functions gives the functions of the stack by the names of their folders, with their binaries.
func (w *wiring) functions(binaries string) (map[string]lambda.Function, error) {
	found, err := w.stack.Resources("AWS::Lambda::Function")
	if err != nil {
		return nil, err
	}
	all := map[string]lambda.Function{}
	for _, r := range found {
		var p struct {
			FunctionName  template.Text                                          `json:"FunctionName"`
			Timeout       template.Int                                           `json:"Timeout"`
			MemorySize    template.Int                                           `json:"MemorySize"`
			Environment   struct{ Variables map[string]template.Text }           `json:"Environment"`
			LoggingConfig struct{ LogFormat, ApplicationLogLevel template.Text } `json:"LoggingConfig"`
		}
		if err := w.stack.Decode(r, &p); err != nil {
			return nil, err
		}
		folder := strings.TrimPrefix(string(p.FunctionName), stackName()+"-")
		binary, err := filepath.Abs(filepath.Join(binaries, folder, "bootstrap"))
		if err != nil {
			return nil, err
		}
		f := lambda.Function{Name: string(p.FunctionName), Alias: folder, Binary: binary, Environment: map[string]string{},
			Timeout: time.Duration(p.Timeout) * time.Second, MemoryMB: int(p.MemorySize),
			LogFormat: string(p.LoggingConfig.LogFormat), LogLevel: string(p.LoggingConfig.ApplicationLogLevel)}
		for name, value := range p.Environment.Variables {
			f.Environment[name] = string(value)
		}
		// The destination is on this machine.
		if _, ok := f.Environment["OUTBOUND_ALLOW_LOOPBACK"]; ok {
			f.Environment["OUTBOUND_ALLOW_LOOPBACK"] = "true"
		}
		all[folder] = f
	}
	return all, nil
}

// accessLine is how long a line of the access log is, with values of usual lengths.
func accessLine(format, route string) int {
	line := []byte(format)
	for _, value := range [][2]string{
		{"$context.requestTime", "22/Nov/2026:09:00:00 +0000"}, {"$context.requestId", "JKJaXmPLvHcESHA="}, {"$context.routeKey", route},
		{"$context.status", "200"}, {"$context.responseLatency", "25"}, {"$context.integrationLatency", "22"}, {"$context.integrationStatus", "200"},
	} {
		line = bytes.ReplaceAll(line, []byte(value[0]), []byte(value[1]))
	}
	return len(line) + 1
}

// sortedKeys gives the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
