package main

import (
	"bytes"
	"context"
	_ "embed"
	"html/template"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/connector"
	"leadline/shared/credential"
	"leadline/shared/problem"
	"leadline/shared/tenant"
)

// callbackPath is where providers send people back to.
const callbackPath = "/v1/oauth/callback"

// htmlType is the content type of the one page that people see.
const htmlType = "text/html; charset=utf-8"

// pagePolicy lets the page do nothing but show its own style.
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

//go:embed authorize.html
var callbackPage string

type authorizeConnectionInput struct {
	ConnectionInput
	Body *struct {
		AcceptOther bool `json:"accept_other_account,omitempty" doc:"Another account of the provider is welcome."`
	} `nameHint:"Authorization"`
}

func (h *handler) authorizeConnection(ctx context.Context, c caller, in *authorizeConnectionInput) (*testedConnectionOutput, error) {
	conn, err := h.connection(ctx, c, in.Connection)
	if err != nil {
		return nil, err
	}
	_, login, test, err := h.logIn(ctx, conn, NewLogin{Kind: string(connector.OAuth2)}, in.Body != nil && in.Body.AcceptOther)
	if err != nil {
		return nil, err
	}
	if err := changedMeanwhile(h.Logins.SaveLogin(ctx, login), ""); err != nil {
		return nil, err
	}
	return h.answerTest(ctx, conn, login, test)
}

type callbackInput struct {
	Code  string `query:"code" maxLength:"4096" doc:"What is exchanged for tokens."`
	State string `query:"state" maxLength:"4096" doc:"What leads back to the connection."`
	Error string `query:"error" maxLength:"4096" doc:"Why there is no code."`
}

type callbackOutput struct {
	Status      int
	ContentType string `header:"Content-Type" hidden:"true"`
	// The page needs nothing from anywhere, and its address, which holds the code, is nobody's business.
	Policy   string `header:"Content-Security-Policy" hidden:"true"`
	Options  string `header:"X-Content-Type-Options" hidden:"true"`
	Referrer string `header:"Referrer-Policy" hidden:"true"`
	Cache    string `header:"Cache-Control" hidden:"true"`
	Body     []byte
}

func (h *handler) registerCallback(api huma.API) {
	page := map[string]*huma.MediaType{"text/html": {Schema: &huma.Schema{Type: huma.TypeString}}}
	registerOperation(api, h, huma.Operation{
		OperationID: "finish-authorization", Method: http.MethodGet, Path: callbackPath, Tags: []string{"connections"},
		Summary: "Where providers send people back to", Description: "Exchanges the code for tokens, tests the login, and answers with a page for the person. It works once for each authorize_url.",
		Errors:    []int{http.StatusBadRequest, http.StatusConflict, http.StatusServiceUnavailable},
		Responses: map[string]*huma.Response{"200": {Content: page}},
	}, h.callback)
	for status, response := range api.OpenAPI().Paths[callbackPath].Get.Responses {
		if status >= "4" {
			response.Content["text/html"] = page["text/html"]
		}
	}
}

// callback finishes an authorization. What goes wrong is told on a page, too: it is a person who sees it.
func (h *handler) callback(ctx context.Context, _ caller, in *callbackInput) (*callbackOutput, error) {
	conn, err := h.finish(ctx, in)
	status, title, text := http.StatusOK, "Connected", "The connection "+conn.Name+" has logged in to the account "+conn.AccountName+". You can close this window."
	if err != nil {
		p, _ := h.refuse(ctx, "finish-authorization", err)
		status, title, text = p.Status, "Not connected", p.Detail
	}
	var b bytes.Buffer
	t, err := template.New("page").Parse(callbackPage)
	if err == nil {
		err = t.Execute(&b, map[string]string{"Title": title, "Text": text})
	}
	if err != nil {
		return nil, err
	}
	return &callbackOutput{Status: status, ContentType: htmlType, Policy: pagePolicy, Options: "nosniff", Referrer: "no-referrer",
		Cache: "no-store", Body: b.Bytes()}, nil
}

func (h *handler) finish(ctx context.Context, in *callbackInput) (tenant.Connection, error) {
	returned, err := h.credentials.Return(ctx, in.State)
	if err != nil {
		return tenant.Connection{}, err
	}
	// Now it is known in whose name this is done.
	a := actOf(ctx)
	a.operation, a.target = "finish-authorization", "connections/"+returned.Connection
	a.caller = caller{organization: returned.Organization, actor: "provider", name: "the way back from the provider"}
	if in.Error != "" || in.Code == "" {
		return tenant.Connection{}, credential.Denied(in.Error)
	}
	conn, err := h.connection(ctx, a.caller, returned.Connection)
	if err != nil {
		return conn, err
	}
	if err := h.mayConnect(conn); err != nil {
		return conn, err
	}
	tried, err := h.credentials.Finish(ctx, conn, returned, in.Code)
	if err != nil {
		return conn, providerFault(err)
	}
	conn = conn.WithAccount(tried.Identity.AccountID, tried.Identity.AccountName, h.Now().UTC())
	if err := changedMeanwhile(h.connect(ctx, conn, tried.Login), ""); err != nil {
		return conn, err
	}
	return conn, h.tend(ctx, conn.Organization, h.showConnection(conn, &tried.Login))
}

// finished tells whether an answer is what a route gave: the router's own are redirects and plain text.
func finished(w *recorder) bool {
	kind := w.header.Get("Content-Type")
	return w.status < http.StatusMultipleChoices || kind == problem.ContentType || kind == htmlType && w.status >= http.StatusBadRequest
}
