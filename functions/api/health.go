package main

import (
	"context"
	_ "embed"
	"net/http"
	"runtime/debug"

	"github.com/danielgtaylor/huma/v2"
)

// openAPIFile is the committed description of the API. TestOpenAPIFile holds it to the routes.
//
//go:embed openapi.json
var openAPIFile []byte

// Health says that the API answers.
type Health struct {
	Status  string `json:"status" enum:"ok"`
	Stage   string `json:"stage" doc:"The stage that answers." example:"dev"`
	Version string `json:"version" doc:"The revision that the function was built from." example:"0f3c9a1b2c3d"`
}

func (h *handler) registerService(api huma.API) {
	type output struct{ Body Health }
	register(api, h, route{
		id: "get-health", method: http.MethodGet, path: "/v1/health", tag: "service", summary: "Whether the API answers",
		text: "Touches nothing behind the API.",
	}, func(context.Context, caller, *struct{}) (*output, error) {
		return &output{Health{Status: "ok", Stage: h.Stage, Version: h.Version}}, nil
	})

	type document struct {
		ContentType string `header:"Content-Type" hidden:"true"`
		Body        []byte
	}
	registerOperation(api, h, huma.Operation{
		OperationID: "get-openapi", Method: http.MethodGet, Path: "/v1/openapi.json", Tags: []string{"service"},
		Summary: "This description", Errors: []int{http.StatusServiceUnavailable},
		Responses: map[string]*huma.Response{"200": {Content: map[string]*huma.MediaType{
			"application/json": {Schema: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}},
		}}},
	}, func(context.Context, caller, *struct{}) (*document, error) {
		return &document{ContentType: "application/json", Body: openAPIFile}, nil
	})
}

// version names the revision that the binary was built from, as far as the build recorded it.
func version() string {
	const short = 12
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) > short {
			return s.Value[:short]
		}
	}
	return "devel"
}
