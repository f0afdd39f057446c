package main

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/push"
	"leadline/shared/secret"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// uploadLife is how long the URL of an upload works.
const uploadLife = time.Hour

// Upload is where a file of rows is to be put.
type Upload struct {
	Batch     string            `json:"batch" doc:"The batch that the file becomes." example:"bat_01kahv5d8q2m7x9c3r4t6w8y0zabcdefgh"`
	Method    string            `json:"method" example:"PUT"`
	URL       string            `json:"url" doc:"Put the file here, then say that it is complete. Whoever has the URL can write the file."`
	Headers   map[string]string `json:"headers" doc:"To be sent as they are."`
	ExpiresAt time.Time         `json:"expires_at"`
	MaxBytes  int64             `json:"max_bytes"`
}

func (h *handler) registerUploads(api huma.API) {
	register(api, h, route{
		id: "create-upload", method: http.MethodPost, path: "/v1/uploads", tag: "push", needs: tenant.Manager, ingest: true, status: http.StatusCreated,
		summary: "Push more rows than a request takes: as a file",
		text: "NDJSON (a row on each line, with its action), plain or gzip, up to 1 GB. Put the file to the URL, then complete the upload. " +
			"Clients use their own credentials (HTTP Basic). A resend gets the same batch with a fresh URL.",
		errors: []int{400, 404, 409, 413, 415},
	}, h.createUpload)
	register(api, h, route{
		id: "complete-upload", method: http.MethodPost, path: "/v1/uploads/{batch}/complete", tag: "push", needs: tenant.Manager, ingest: true, status: http.StatusAccepted,
		summary: "Say that an upload is complete", text: "Its rows are worked on from now on, as a job; the batch, to which Location leads, shows what becomes of them. Saying it twice does no harm.", errors: []int{400, 404, 409},
	}, h.completeUpload)
}

type createUploadInput struct {
	ResendInput
	Body struct {
		ObjectName string `json:"objectname" minLength:"1" maxLength:"256" doc:"Without regard to case."`
		Connection string `json:"connection,omitempty" maxLength:"64" doc:"Where the rows go; only with an API key, for a client has its own."`
	} `nameHint:"NewUpload"`
}

type uploadOutput struct {
	Location string `header:"Location"`
	Body     Upload
}

func (h *handler) createUpload(ctx context.Context, c caller, in *createUploadInput) (*uploadOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "create-upload", c.actor, in.Body)
	if err != nil {
		return nil, err
	}
	b, err := once(ctx, h, c, a, http.StatusCreated, func() (push.Batch, func(*store.Receipt) error, error) {
		b, err := h.newUpload(ctx, c, in)
		return b, func(receipt *store.Receipt) error {
			// The batch first: a receipt without it would answer for something that is not there.
			if err := h.Batches.SaveBatch(ctx, b); err != nil || receipt == nil {
				return err
			}
			return h.Tenancy.SaveReceipt(ctx, *receipt, h.Now())
		}, err
	})
	if err != nil {
		return nil, err
	}
	signed, err := h.Signer.SignPut(ctx, uploadKey(b), uploadLife, h.Now())
	if err != nil {
		return nil, err
	}
	upload := Upload{Batch: b.Public, Method: signed.Method, URL: signed.URL, Headers: map[string]string{}, ExpiresAt: signed.ExpiresAt, MaxBytes: push.MaxUploadBytes}
	for name := range signed.Header {
		upload.Headers[name] = signed.Header.Get(name)
	}
	return &uploadOutput{Location: "/v1/push/" + b.Public, Body: upload}, nil
}

func (h *handler) newUpload(ctx context.Context, c caller, in *createUploadInput) (push.Batch, error) {
	connection := in.Body.Connection
	switch {
	case c.connection != "" && connection != "" && connection != c.connection:
		return push.Batch{}, fault.New(fault.Invalid, "not_your_connection", "A client pushes into its own connection. Leave connection out.")
	case c.connection != "":
		connection = c.connection
	case connection == "":
		return push.Batch{}, fault.New(fault.Invalid, "missing_connection", "With an API key, connection says where the rows go.")
	}
	conn, err := h.clientConnection(ctx, c, connection)
	if err != nil {
		return push.Batch{}, err
	}
	if conn.Status != tenant.Active {
		return push.Batch{}, fault.New(fault.Forbidden, "connection_disabled", "The connection is disabled and takes no rows.")
	}
	object, _, err := push.ObjectName(in.Body.ObjectName)
	if err != nil {
		return push.Batch{}, err
	}
	now := h.Now().UTC()
	id, err := delivery.NewID(now, h.Random)
	if err != nil {
		return push.Batch{}, err
	}
	box, err := h.box(ctx, c.organization)
	if err != nil {
		return push.Batch{}, err
	}
	public := push.PublicID(func(text []byte) []byte { return box.MAC(secret.PurposeBatch, text) }, id)
	return push.Batch{ID: id, Public: public, Organization: c.organization, Connection: conn.ID, Client: c.actor, Object: object,
		Kind: delivery.File, ReceivedAt: now, Status: push.Uploading}, nil
}

// uploadKey names the object of an uploaded file.
func uploadKey(b push.Batch) string { return "uploads/" + b.Organization + "/" + b.ID }

type completeUploadInput struct {
	Batch string `path:"batch" maxLength:"64"`
}

func (h *handler) completeUpload(ctx context.Context, c caller, in *completeUploadInput) (*jobOutput, error) {
	b, err := h.batch(ctx, c, in.Batch)
	if err != nil {
		return nil, err
	}
	if b.Kind != delivery.File {
		return nil, fault.New(fault.NotFound, "not_found", "There is no upload %q.", in.Batch)
	}
	// Drawn from the batch, whoever asks, so that to complete it twice starts one job. No header can hold such a key.
	a, err := h.attempt(ctx, caller{organization: c.organization}, "complete-upload\n"+b.ID, "complete-upload", b.ID, nil)
	if err != nil {
		return nil, err
	}
	params, err := h.loadParams(ctx, c, a, b)
	if err != nil {
		return nil, err
	}
	out, err := h.startJob(ctx, c, a, job.Load, params)
	if err != nil {
		return nil, err
	}
	out.Location = "/v1/push/" + b.Public // who may only ingest cannot see jobs
	return out, nil
}

// loadParams name the file that was uploaded, if there is one to be loaded, or one that is loaded already.
func (h *handler) loadParams(ctx context.Context, c caller, a attempt, b push.Batch) (json.RawMessage, error) {
	var started Job
	again, err := h.replay(ctx, c, a, &started)
	if err != nil {
		return nil, err
	}
	if !again && b.Status != push.Uploading {
		return nil, fault.New(fault.Conflict, "already_completed", "The upload was completed before. The batch shows what became of it.")
	}
	if !again {
		// One byte tells whether the file is there.
		_, err = h.Payloads.GetRange(ctx, uploadKey(b), 0, 1)
		if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
			return nil, fault.New(fault.Conflict, "nothing_uploaded", "There is no file yet, or an empty one. Put it to the URL first.")
		}
		if err != nil {
			return nil, err
		}
	}
	return json.Marshal(job.LoadParams{Batch: b.ID, Upload: uploadKey(b)})
}
