package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/delivery"
	"leadline/shared/push"
	"leadline/shared/schema"
	"leadline/shared/secret"
	"leadline/shared/tenant"
)

// newClient makes a client with a connection of its own, and gives its secret.
func (w *world) newClient(id, connection string) (tenant.Client, string) {
	w.t.Helper()
	text, s, err := tenant.NewClientSecret(w.now(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	c := tenant.Client{ID: id, Organization: w.org.ID, Connection: connection, Name: "Rows", Status: tenant.Active,
		Secrets: []tenant.ClientSecret{s}, CreatedAt: w.now(), UpdatedAt: w.now(), Rev: 1}
	into := tenant.Connection{ID: connection, Organization: w.org.ID, Connector: tenant.ClientConnector, Name: "Rows", Status: tenant.Active,
		CreatedAt: w.now(), UpdatedAt: w.now(), Rev: 1}
	if err := w.members.CreateClient(w.t.Context(), c, c.HookOf(w.org), &into, nil); err != nil {
		w.t.Fatal(err)
	}
	return c, text
}

// changeClient stores a change of the client, as the API does.
func (w *world) changeClient(change func(c tenant.Client) tenant.Client) {
	w.t.Helper()
	w.client = change(w.client)
	if err := w.members.UpdateClient(w.t.Context(), w.client, w.client.HookOf(w.org), nil); err != nil {
		w.t.Fatal(err)
	}
}

// limit gives the organization a quota of rows.
func (w *world) limit(rowsPerDay int64) {
	w.t.Helper()
	w.org.Quotas.RowsPerDay = rowsPerDay
	w.org.Rev++
	if err := w.members.UpdateOrganization(w.t.Context(), w.org); err != nil {
		w.t.Fatal(err)
	}
	w.changeClient(func(c tenant.Client) tenant.Client { return c.WithStatus(c.Status, w.now()) })
}

// disable disables a connection of clients.
func (w *world) disable(id string) {
	w.t.Helper()
	c, err := w.tenancy.Connection(w.t.Context(), w.org.ID, id)
	if err != nil {
		w.t.Fatal(err)
	}
	c = c.WithStatus(tenant.Disabled, w.now())
	if err := w.tenancy.UpdateConnection(w.t.Context(), c, tenant.Hook{}, nil); err != nil {
		w.t.Fatal(err)
	}
}

// apiKey makes an API key of the organization.
func (w *world) apiKey(role tenant.Role) string {
	w.t.Helper()
	text, key, err := tenant.NewAPIKey(w.org.ID, "push", role, w.now(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.members.PutAPIKey(w.t.Context(), key, nil); err != nil {
		w.t.Fatal(err)
	}
	return text
}

// object stores the settings of an object of the client's connection.
func (w *world) object(name, idField, versionField string) {
	w.t.Helper()
	o := schema.Object{Organization: w.org.ID, Connection: w.client.Connection, Name: name, Title: name, IDField: idField, VersionField: versionField,
		State: schema.Confirmed, Present: schema.Version{Number: 1, At: w.now()}, FirstSeen: w.now(), UpdatedAt: w.now(), Rev: 1}
	if err := w.schemas.SaveObject(w.t.Context(), o, true); err != nil {
		w.t.Fatal(err)
	}
}

// mac signs the names of the organization's batches.
func (w *world) mac(data []byte) []byte {
	w.t.Helper()
	box, err := w.keyring.Open(w.t.Context(), w.org.ID, w.org.DataKey)
	if err != nil {
		w.t.Fatal(err)
	}
	return box.MAC(secret.PurposeBatch, data)
}

const rowOne = `{"id":1,"amount":1250.50,"action":"create"}`

// pushOf is what API Gateway hands over for a body posted to /v1/push.
func pushOf(body string) events.APIGatewayV2HTTPRequest {
	return events.APIGatewayV2HTTPRequest{Version: "2.0", RouteKey: "POST /v1/push", RawPath: "/v1/push",
		Headers: map[string]string{"content-type": "application/json", "host": "api.example.com"}, Body: body}
}

// rows is a push of rows with the client's credentials in the body.
func (w *world) rows(rows ...string) events.APIGatewayV2HTTPRequest {
	return w.rowsAs(w.client.ID, w.secret, rows...)
}

func (w *world) rowsAs(client, secret string, rows ...string) events.APIGatewayV2HTTPRequest {
	return pushOf(fmt.Sprintf(`{"clientid":%q,"clientSecret":%q,"objectname":"Transactions","data":[%s]}`, client, secret, strings.Join(rows, ",")))
}

// bare is a push of one row without credentials in the body.
func bare() events.APIGatewayV2HTTPRequest {
	return pushOf(`{"objectname":"Transactions","data":[` + rowOne + `]}`)
}

// many gives n rows as a client sends them.
func many(n int) []string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"id":"txn-%07d","action":"create","transaction_date":"2025-03-%02dT09:00:00Z","amount":%d.50,"currency":"INR","rep":{"email":"rep%d@example.com"}}`,
			i, i%28+1, i*100, i%50)
	}
	return rows
}

func basic(client, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(client+":"+secret))
}

// takes posts a push that must be accepted.
func (w *world) takes(request events.APIGatewayV2HTTPRequest) outcome {
	w.t.Helper()
	o := w.post(request)
	if o.StatusCode != 202 {
		w.t.Fatalf("got %d %s: %s", o.StatusCode, o.code, o.Body)
	}
	return o
}

// contents reads the rows of the newest delivery, wherever its body lies.
func (w *world) contents() push.Contents {
	w.t.Helper()
	d := w.last()
	body := d.Body
	if d.Payload != nil {
		body = w.kept(d.Payload.Key)
	}
	c, err := push.ReadBody(body)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// samplePush reads an event and puts in what stands in it as CLIENTID, CLIENTSECRET, CREDENTIALS, KEY and CONNECTION.
func (w *world) samplePush(file string) (request events.APIGatewayV2HTTPRequest) {
	w.t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		w.t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&request); err != nil {
		w.t.Fatalf("%s is no event of an HTTP API: %v", file, err)
	}
	if request.RouteKey != "POST /v1/push" || request.RawPath != "/v1/push" || request.Version != "2.0" || request.RequestContext.RouteKey != request.RouteKey {
		w.t.Fatalf("%s is no event for receive", file)
	}
	request.Body = strings.NewReplacer(`"CLIENTID"`, `"`+w.client.ID+`"`, `"CLIENTSECRET"`, `"`+w.secret+`"`).Replace(request.Body)
	switch request.Headers["authorization"] {
	case "Basic CREDENTIALS":
		request.Headers["authorization"] = basic(w.client.ID, w.secret)
	case "Bearer KEY":
		request.Headers["authorization"] = "Bearer " + w.apiKey(tenant.Ingest)
	}
	if request.QueryStringParameters["connection"] == "CONNECTION" {
		request.QueryStringParameters["connection"] = w.client.Connection
		request.RawQueryString = "connection=" + w.client.Connection
	}
	return request
}

// kept unpacks a body that lies in the bucket.
func (w *world) kept(key string) []byte {
	w.t.Helper()
	packed, err := w.blobs.Get(w.t.Context(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	body, err := delivery.Unpack(packed)
	if err != nil {
		w.t.Fatal(err)
	}
	return body
}
