package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"
)

// The ids that stand in sample events for those of the demo organization and its connection.
const (
	sampleOrganization = "org_0a1b2c3d4e5f"
	sampleConnection   = "conn_0a1b2c3d4e5f"
)

func (c *command) invokeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "invoke FUNCTION EVENT-FILE", Short: "Invoke a function that `make run` started, with an event", Args: cobra.ExactArgs(2),
		Long: "Invoke a function that `make run` started, with an event.\n\n" +
			"The ids of the sample events become those of the demo organization. A webhook for receive gets the token of the demo connection and a fresh signature, rows get the credentials of the demo client, an event for api the admin key.",
		RunE: func(cmd *cobra.Command, args []string) error {
			function := args[0]
			r, err := c.readRunFile()
			if err != nil {
				return err
			}
			endpoint := r.Endpoints["lambda"]
			if endpoint == "" {
				return fmt.Errorf("%s names no endpoint for lambda", c.runFile)
			}
			raw, err := os.ReadFile(args[1])
			if err != nil {
				return err
			}
			event, err := c.fill(function, raw, r)
			if err != nil {
				return fmt.Errorf("%s: %w", args[1], err)
			}
			local := localConfig()
			api := lambda.New(lambda.Options{
				BaseEndpoint: &endpoint, Region: local.Region, Credentials: local.Credentials,
				HTTPClient:       &http.Client{Transport: c.http.Transport}, // no limit but the function's own
				RetryMaxAttempts: 1,
			})
			out, err := api.Invoke(cmd.Context(), &lambda.InvokeInput{FunctionName: &function, Payload: event})
			if err != nil {
				return fmt.Errorf("invoke %s: %w", function, err)
			}
			var pretty bytes.Buffer
			if json.Indent(&pretty, out.Payload, "", "  ") != nil {
				pretty.Reset()
				pretty.Write(out.Payload)
			}
			c.printf("%s\n", pretty.String())
			if out.FunctionError != nil {
				return fmt.Errorf("%s failed: %s", function, aws.ToString(out.FunctionError))
			}
			return nil
		},
	}
}

// fill puts what only the running system knows into a sample event.
func (c *command) fill(function string, raw []byte, r runFile) ([]byte, error) {
	connection := orElse(r.Close.Connection, sampleConnection)
	if function == "fetch" { // the other one only listens
		connection = orElse(r.CRM.Connection, connection)
	}
	replace := strings.NewReplacer(sampleOrganization, orElse(r.Organization, sampleOrganization), sampleConnection, connection)
	raw = []byte(replace.Replace(string(raw)))
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var event map[string]any
	if err := dec.Decode(&event); err != nil {
		return nil, fmt.Errorf("it is no JSON object: %w", err)
	}
	switch function {
	case "receive":
		fill := c.fillHook
		if event["routeKey"] == pushRoute {
			fill = fillPush
		}
		if err := fill(event, r); err != nil {
			return nil, err
		}
	case "api":
		if h := header(event); h["authorization"] != nil {
			h["authorization"] = "Bearer " + r.AdminKey
		}
	}
	return json.Marshal(event)
}

// pushRoute is the route of events that carry rows.
const pushRoute = "POST /v1/push"

// fillPush puts in what stands in an event with rows as CLIENTID, CLIENTSECRET, CREDENTIALS, KEY and CONNECTION.
func fillPush(event map[string]any, r runFile) error {
	if r.Client.ClientID == "" {
		return errors.New("the run file names no client: start `make run` anew")
	}
	if body, ok := event["body"].(string); ok && event["isBase64Encoded"] != true {
		event["body"] = strings.NewReplacer(`"CLIENTID"`, strconv.Quote(r.Client.ClientID), `"CLIENTSECRET"`, strconv.Quote(r.Client.ClientSecret)).Replace(body)
	}
	switch h := header(event); h["authorization"] {
	case "Basic CREDENTIALS":
		h["authorization"] = basic(r.Client.ClientID, r.Client.ClientSecret)
	case "Bearer KEY":
		h["authorization"] = "Bearer " + r.AdminKey
	}
	if query, ok := event["queryStringParameters"].(map[string]any); ok && query["connection"] == "CONNECTION" {
		query["connection"] = r.Client.Connection
		event["rawQueryString"] = "connection=" + url.QueryEscape(r.Client.Connection)
	}
	return nil
}

// fillHook directs an event of receive to the demo connection and signs it.
func (c *command) fillHook(event map[string]any, r runFile) error {
	h, err := c.hook("close", r.Close.WebhookURL, r.Close.SignatureKey)
	if err != nil {
		return err
	}
	text, _ := event["body"].(string)
	encoded, _ := event["isBase64Encoded"].(bool)
	body, err := eventBody(text, encoded)
	if err != nil {
		return err
	}
	signature, err := c.sign(h, body)
	if err != nil {
		return err
	}
	for name, values := range signature {
		if name = strings.ToLower(name); header(event)[name] != nil { // else it is an event that nobody signed
			header(event)[name] = values[0]
		}
	}
	token := path.Base(r.Close.WebhookURL)
	event["rawPath"] = "/hooks/" + token
	event["pathParameters"] = map[string]any{"token": token}
	requestContext, ok := event["requestContext"].(map[string]any)
	if !ok {
		return errors.New("it has no requestContext: it is no event of an HTTP API")
	}
	if request, ok := requestContext["http"].(map[string]any); ok {
		request["path"] = "/hooks/" + token
	}
	return nil
}

// header gives the headers of an event of an HTTP API.
func header(event map[string]any) map[string]any {
	h, ok := event["headers"].(map[string]any)
	if !ok {
		h = map[string]any{}
		event["headers"] = h
	}
	return h
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
