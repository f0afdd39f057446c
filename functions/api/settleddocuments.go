package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/document"
	"leadline/shared/fault"
	"leadline/shared/settlement"
	"leadline/shared/tenant"
)

const (
	pdfType = "application/pdf"
	// maxDocumentBytes is how long a document is that an answer holds: Lambda carries 6 MB, to which base64 grows 4.5 MB. What is
	// longer is packed.
	maxDocumentBytes = 4 << 20
)

func (h *handler) registerSettledDocuments(api huma.API) {
	const path = "/v1/programs/{program}/settlements/{period}/statements/{participant}/document"
	register(api, h, route{
		id: "get-statement-document", method: http.MethodGet, path: path, tag: "settlements", needs: tenant.Reader,
		summary: "Get a frozen statement as a document",
		text: "To be read, printed and kept: a page (HTML) or a file (PDF, A4). Of a final statement it is the same for ever, to the byte, but for the names of the person and the organization, which are those of now. " +
			"The PDF shows Latin, Greek and Cyrillic letters; the page shows all. One of more than 4 MB comes packed (gzip). `me` stands for the caller's own member.",
		errors: []int{400, 404, 409},
	}, h.getStatementDocument)
	text := &huma.Schema{Type: huma.TypeString}
	responses := api.OpenAPI().Paths[path].Get.Responses
	responses["200"].Content = map[string]*huma.MediaType{"text/html": {Schema: text}, pdfType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
}

type statementDocumentInput struct {
	SettlementInput
	Participant string `path:"participant" maxLength:"200" example:"me"`
	Format      string `query:"format" enum:"html,pdf" default:"html"`
}

type statementDocumentOutput struct {
	ContentType string `header:"Content-Type" hidden:"true"`
	Disposition string `header:"Content-Disposition" doc:"With a name for the file."`
	ETag        string `header:"ETag" doc:"The hash of the statement that it shows, and the format."`
	Encoding    string `header:"Content-Encoding" doc:"gzip for a long document."`
	// The page needs nothing from anywhere, and is nobody else's to keep.
	Policy  string `header:"Content-Security-Policy" hidden:"true"`
	Options string `header:"X-Content-Type-Options" hidden:"true"`
	Cache   string `header:"Cache-Control" hidden:"true"`
	Body    []byte
}

func (h *handler) getStatementDocument(ctx context.Context, c caller, in *statementDocumentInput) (*statementDocumentOutput, error) {
	st, sight, err := h.frozen(ctx, c, in.SettlementInput, in.Participant)
	if err != nil {
		return nil, err
	}
	d, r, err := h.frozenWhole(ctx, st)
	if err != nil {
		return nil, err
	}
	organization, err := h.knownOrganization(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	shown := document.Of(d, st.Document, r, st.Posted, document.Names{Person: nameIn(sight.members, st.Participant), Organization: organization.Name})
	make, kind := document.HTML, htmlType
	if in.Format == "pdf" {
		make, kind = document.PDF, pdfType
	}
	body, err := make(shown)
	if err != nil {
		return nil, err
	}
	// Whether it is final is no part of the document's hash.
	state := "open"
	if st.Posted {
		state = "final"
	}
	out := &statementDocumentOutput{ContentType: kind, Disposition: `inline; filename="` + documentName(st, in.Format) + `"`,
		ETag: `"` + st.Document + "-" + state + "-" + in.Format + `"`, Policy: pagePolicy, Options: "nosniff", Cache: "private, no-cache"}
	out.Body, out.Encoding, err = packed(body)
	return out, err
}

// frozenWhole reads what a statement was frozen as; no Reckoned where nothing was.
func (h *handler) frozenWhole(ctx context.Context, st settlement.Statement) (settlement.Document, *settlement.Reckoned, error) {
	d, err := h.settlements.Document(ctx, st.Organization, st.Program, st.Document)
	if err != nil || st.Reckoned == "" {
		return d, nil, lost(err)
	}
	r, err := h.settlements.Reckoned(ctx, st.Organization, st.Program, st.Reckoned)
	return d, &r, lost(err)
}

// packed gives a document in a form that an answer holds: as it is, or packed, whatever the caller said that it reads: all browsers do.
func packed(body []byte) (answered []byte, encoding string, err error) {
	if len(body) <= maxDocumentBytes {
		return body, "", nil
	}
	var small bytes.Buffer
	zip := gzip.NewWriter(&small)
	if _, err := zip.Write(body); err != nil {
		return nil, "", err
	}
	if err := zip.Close(); err != nil {
		return nil, "", err
	}
	if small.Len() > maxDocumentBytes {
		return nil, "", fault.New(fault.Conflict, "too_large", "The document has %d bytes, more than an answer holds. Ask for the other format, or read the statement in pages.", len(body))
	}
	return small.Bytes(), "gzip", nil
}

// documentName names the file of a document, of nothing that a file's name may not hold.
func documentName(st settlement.Statement, format string) string {
	plain := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '-', r == '_':
			return r
		}
		return '-'
	}, st.Period+"-"+st.Participant)
	return "statement-" + plain + "." + format
}
