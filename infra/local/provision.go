package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"leadline/infra/local/lambda"
	"leadline/infra/local/lambda/logfile"
	"leadline/infra/local/sqs"
	"leadline/infra/local/template"
)

// queue is a queue that is there.
type queue struct {
	resource
	*sqs.Queue
}

// makeQueues makes the queues, or gives those that are there the template's attributes, and binds them. endpoint is
// where their URLs lead.
func (s *stack) makeQueues(service *sqs.Queues, endpoint string) ([]queue, error) {
	resources, err := s.each("AWS::SQS::Queue", "QueueName")
	if err != nil {
		return nil, err
	}
	for _, r := range resources {
		s.Bind(r.LogicalID, endpoint+"/"+account+"/"+r.name, map[string]string{
			"Arn": arn("sqs", r.name), "QueueName": r.name, "QueueUrl": endpoint + "/" + account + "/" + r.name,
		})
	}
	var all []queue
	made := map[string]bool{} // by ARN
	for len(all) < len(resources) {
		before := len(all)
		for _, r := range resources {
			attributes, dead, err := s.attributesOf(r)
			if err != nil {
				return nil, err
			}
			if made[arn("sqs", r.name)] || dead != "" && !made[dead] && declares(resources, dead) {
				continue // a dead-letter queue must be there first
			}
			q, err := service.Ensure(r.name, attributes)
			if err != nil {
				return nil, fmt.Errorf("queue %s: %w", r.label, err)
			}
			made[arn("sqs", r.name)] = true
			all = append(all, queue{r, q})
		}
		if len(all) == before {
			return nil, errors.New("the queues are dead-letter queues of one another in a circle")
		}
	}
	slices.SortFunc(all, func(a, b queue) int { return strings.Compare(a.label, b.label) })
	return all, nil
}

func declares(resources []resource, queueARN string) bool {
	return slices.ContainsFunc(resources, func(r resource) bool { return arn("sqs", r.name) == queueARN })
}

// makeStores makes buckets and keys that are missing and binds all of them.
func (s *stack) makeStores(e *emulators) (buckets, keys []resource, err error) {
	buckets, err = s.each("AWS::S3::Bucket", "BucketName")
	if err != nil {
		return nil, nil, err
	}
	for _, r := range buckets {
		name := strings.ToLower(r.name)
		if err := e.blobs.EnsureBucket(name); err != nil {
			return nil, nil, err
		}
		s.Bind(r.LogicalID, name, map[string]string{
			"Arn": "arn:aws:s3:::" + name, "DomainName": name + ".s3.amazonaws.com",
			"RegionalDomainName": name + ".s3." + region + ".amazonaws.com",
		})
	}
	keys, err = s.each("AWS::KMS::Key", "")
	if err != nil {
		return nil, nil, err
	}
	for _, r := range keys {
		arn, err := e.keys.Ensure(r.name)
		if err != nil {
			return nil, nil, err
		}
		s.Bind(r.LogicalID, r.name, map[string]string{"Arn": arn, "KeyId": r.name})
	}
	return buckets, keys, nil
}

// bindHTTP says where the HTTP API is reached.
func (s *stack) bindHTTP(baseURL string) (id string, err error) {
	apis, err := s.each("AWS::ApiGatewayV2::Api", "")
	if err != nil {
		return "", err
	}
	if len(apis) > 1 {
		return "", fmt.Errorf("the stack declares %d HTTP APIs, the local runner has one public URL", len(apis))
	}
	for _, r := range apis {
		var properties struct {
			ProtocolType      string `json:"ProtocolType"`
			CorsConfiguration any    `json:"CorsConfiguration"`
		}
		if err := s.Decode(r.Resource, &properties); err != nil {
			return "", err
		}
		if properties.ProtocolType != "HTTP" || properties.CorsConfiguration != nil {
			return "", fmt.Errorf("resource %s: the local runner plays HTTP APIs without CORS only", r)
		}
		id = strings.ToLower(r.LogicalID)
		s.Bind(r.LogicalID, id, map[string]string{"ApiId": id, "ApiEndpoint": baseURL})
	}
	return id, nil
}

// publicURL is how a template without ApiEndpoint spells the URL of the API.
func publicURL(apiID string) string {
	return "https://" + apiID + ".execute-api." + region + ".amazonaws.com"
}

// bindFunctions binds functions, versions and aliases. It comes before anything that has a function's ARN.
func (s *stack) bindFunctions() ([]resource, error) {
	functions, err := s.each("AWS::Lambda::Function", "FunctionName")
	if err != nil {
		return nil, err
	}
	for _, r := range functions {
		s.Bind(r.LogicalID, r.name, map[string]string{"Arn": arn("lambda", "function:"+r.name)})
	}
	for _, kind := range []string{"AWS::Lambda::Version", "AWS::Lambda::Alias"} {
		found, err := s.Resources(kind)
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			properties := struct {
				FunctionName template.Text `json:"FunctionName"`
				Name         template.Text `json:"Name"`
			}{Name: "1"} // a version has no name
			if err := s.Decode(r, &properties); err != nil {
				return nil, err
			}
			name := string(properties.FunctionName)
			if !strings.HasPrefix(name, "arn:") {
				name = arn("lambda", "function:"+name)
			}
			full := name + ":" + string(properties.Name)
			s.Bind(r.LogicalID, full, map[string]string{"Version": "1", "AliasArn": full, "FunctionArn": full})
		}
	}
	return functions, nil
}

// addFunctions gives the functions to the host, each with its access key. Their binaries lie in folders of their own names, without the stack's.
func (s *stack) addFunctions(host *lambda.Host, functions []resource, keys map[string]string, o options, apiID, baseURL string) (logs []*logfile.File, err error) {
	retries, err := s.retries()
	if err != nil {
		return nil, err
	}
	var unbuilt []string
	for _, r := range functions {
		var properties functionProperties
		if err := s.Decode(r.Resource, &properties); err != nil {
			return logs, err
		}
		if !strings.HasPrefix(string(properties.Runtime), "provided") {
			return logs, fmt.Errorf("resource %s has the runtime %q; the local runner runs bootstrap binaries only", r, properties.Runtime)
		}
		folder := s.folder(r)
		binary, err := filepath.Abs(filepath.Join(o.functions, folder, "bootstrap"))
		if err != nil {
			return logs, err
		}
		if _, err := os.Stat(binary); err != nil {
			unbuilt = append(unbuilt, filepath.Join(o.functions, folder, "bootstrap"))
			continue
		}
		log, err := openLog(o, folder)
		if err != nil {
			return logs, err
		}
		logs = append(logs, log)
		f := lambda.Function{
			Name: r.name, Alias: folder, Binary: binary, Environment: map[string]string{}, Log: log, Retries: 2,
			Timeout: time.Duration(properties.Timeout) * time.Second, MemoryMB: int(properties.MemorySize),
			LogFormat: string(properties.LoggingConfig.LogFormat), LogLevel: string(properties.LoggingConfig.ApplicationLogLevel),
		}
		if key, ok := keys[r.name]; ok {
			f.Environment["AWS_ACCESS_KEY_ID"] = key
		}
		if f.Alias == f.Name {
			f.Alias = ""
		}
		if n, ok := retries[r.name]; ok {
			f.Retries = n
		}
		if n := properties.ReservedConcurrentExecutions; n != nil {
			reserved := int(*n)
			f.Reserved = &reserved
		}
		for name, value := range properties.Environment.Variables {
			f.Environment[name] = strings.ReplaceAll(string(value), publicURL(apiID), baseURL)
			if own, ok := differences()[name]; ok {
				f.Environment[name] = own
			}
		}
		if err := host.Add(f); err != nil {
			return logs, err
		}
	}
	if len(unbuilt) > 0 {
		return logs, fmt.Errorf("functions are not built: %s: run `make build`", strings.Join(unbuilt, ", "))
	}
	return logs, nil
}

// folder is the name of a function's folder.
func (s *stack) folder(function resource) string {
	return strings.TrimPrefix(function.name, s.name+"-")
}

// retries reads how often asynchronous invocations are retried, by function, where the template says so.
func (s *stack) retries() (map[string]int, error) {
	configs, err := s.Resources("AWS::Lambda::EventInvokeConfig")
	if err != nil {
		return nil, err
	}
	all := map[string]int{}
	for _, r := range configs {
		var properties struct {
			FunctionName         template.Text `json:"FunctionName"`
			MaximumRetryAttempts *template.Int `json:"MaximumRetryAttempts"`
		}
		if err := s.Decode(r, &properties); err != nil {
			return nil, err
		}
		if n := properties.MaximumRetryAttempts; n != nil {
			all[string(properties.FunctionName)] = int(*n)
		}
	}
	return all, nil
}

// openLog opens a log file: at most four times four megabytes.
func openLog(o options, name string) (*logfile.File, error) {
	return logfile.Open(filepath.Join(o.logs, name+".log"), 4<<20, 3)
}
