package close_test

import (
	"os"
	"testing"

	"leadline/shared/connector/conformance"
	"leadline/shared/connectors/close"
)

func TestConformance(t *testing.T) {
	conformance.Run(t, close.Definition(), conformance.Options{Samples: os.DirFS("testdata/webhooks"), Server: newProvider})
}
