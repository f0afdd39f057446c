package document

import (
	"bytes"
	_ "embed" // for the page
	"html/template"

	"leadline/shared/fault"
)

//go:embed page.html
var page string

// HTML gives the statement as one page that needs nothing from anywhere else: it can be stored, sent and printed.
func HTML(s Statement) ([]byte, error) {
	t, err := template.New("page").Parse(page)
	var out bytes.Buffer
	if err == nil {
		err = t.Execute(&out, s)
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "unmade_document", "document: make a page")
	}
	return out.Bytes(), nil
}
