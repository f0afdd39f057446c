package main

import (
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/problem"
	"leadline/shared/push"
)

// servedBy marks an operation of the description that another function serves.
const servedBy = "x-leadline-served-by"

// describeDoors describes the operations that receive serves, so that one file describes everything that there is.
func describeDoors(api huma.API) {
	registry := api.OpenAPI().Components.Schemas
	problems := func(statuses ...string) map[string]*huma.Response {
		answers := map[string]*huma.Response{}
		for _, status := range statuses {
			answers[status] = &huma.Response{Description: statusText(status), Content: map[string]*huma.MediaType{
				problem.ContentType: {Schema: registry.Schema(reflect.TypeFor[problem.Problem](), true, "Problem")},
			}}
		}
		return answers
	}
	pushed := problems("400", "401", "403", "404", "413", "415", "429", "500", "503")
	pushed["202"] = &huma.Response{Description: "Queued. What was refused in form is listed; what became of each row is told under the url.",
		Content: map[string]*huma.MediaType{"application/json": {Schema: registry.Schema(reflect.TypeFor[Pushed](), true, "Pushed")}}}
	api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "push", Method: http.MethodPost, Path: "/v1/push", Tags: []string{"push"}, Summary: "Push rows",
		Description: "1 to 10,000 rows, up to 4 MB, plain or gzip. The credentials stand in the body, or come as HTTP Basic; with an API key of the role `ingest` or `manager`, `connection` says where the rows go.\n\n" +
			"An Idempotency-Key, or `batch` in the body, makes a resend a no-op. Names of the body's parts are read without regard to case.\n\n" +
			"Each row has its id, its action (create, update, delete) and its fields. An absent field is left as it is, null clears it. Of two rows with one id the later stands where both carry a field. " +
			"123 and \"123\" are one id. A create brings back a record that was deleted; an update does not.",
		Parameters: []*huma.Param{
			{Name: "Idempotency-Key", In: "header", Description: "Any text of the caller's own, at most 255 bytes.", Schema: &huma.Schema{Type: huma.TypeString}},
			{Name: "connection", In: "query", Description: "Where the rows go; only with an API key.", Schema: &huma.Schema{Type: huma.TypeString}},
		},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json": {Schema: registry.Schema(reflect.TypeFor[PushBody](), true, "Push")},
		}},
		Responses:  pushed,
		Security:   []map[string][]string{{"body": {}}, {"client": {}}, {"key": {}}},
		Extensions: map[string]any{servedBy: "receive"},
	})
	hooked := problems("400", "401", "404", "413", "415", "429", "500", "503")
	hooked["200"] = &huma.Response{Description: "The event is in the queue.",
		Content: map[string]*huma.MediaType{"application/json": {Schema: registry.Schema(reflect.TypeFor[Hooked](), true, "Hooked")}}}
	api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "receive-webhook", Method: http.MethodPost, Path: "/hooks/{token}", Tags: []string{"connections"}, Summary: "Take an event of a provider",
		Description: "What providers call. The body must be signed as the provider signs.",
		Parameters: []*huma.Param{{Name: "token", In: "path", Required: true, Description: "The secret part of the connection's webhook URL.",
			Schema: &huma.Schema{Type: huma.TypeString}}},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{}}}},
		Responses:   hooked,
		Security:    []map[string][]string{{"signature": {}}},
		Extensions:  map[string]any{servedBy: "receive"},
	})
}

// PushBody is what client software posts.
type PushBody struct {
	ClientID     string           `json:"clientid,omitempty" example:"cli_4f0c9a2b1x7z"`
	ClientSecret string           `json:"clientSecret,omitempty"`
	ObjectName   string           `json:"objectname" maxLength:"128" doc:"Without regard to case." example:"sales"`
	Batch        string           `json:"batch,omitempty" maxLength:"255" doc:"The sender's own name of the batch: a resend under it is a no-op."`
	Data         []map[string]any `json:"data" nullable:"false" minItems:"1" maxItems:"10000" doc:"The rows."`
}

// Pushed is the answer to a push.
type Pushed struct {
	Batch   string        `json:"batch" example:"bat_01kahv5d8q2m7x9c3r4t6w8y0zabcdefgh"`
	Status  push.Status   `json:"status" enum:"queued"`
	Object  string        `json:"object"`
	Rows    int           `json:"rows"`
	Refused int           `json:"refused" doc:"Rows whose form is wrong; they are set aside."`
	Errors  []PushedError `json:"errors" nullable:"false" doc:"The first 100 of them."`
	URL     string        `json:"url" doc:"Tells what became of each row."`
}

// PushedError is a row whose form is wrong.
type PushedError struct {
	Row     int    `json:"row" doc:"From 1."`
	Code    string `json:"code" example:"unknown_action"`
	Message string `json:"message"`
}

// Hooked is the answer to an event.
type Hooked struct {
	Delivery string `json:"delivery"`
}

func statusText(status string) string {
	code, _ := strconv.Atoi(status) // written above
	return http.StatusText(code)
}
