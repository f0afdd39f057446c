package eventsource

import (
	"bytes"
	"encoding/json"
)

// itemFailures reads the answer of a function whose mapping has ReportBatchItemFailures: which items failed. An answer
// that Lambda cannot make sense of means that all did, an empty one that none did.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
// https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
func itemFailures(payload []byte, known map[string]bool) (failed map[string]bool, all bool) {
	payload = bytes.TrimSpace(payload)
	if len(payload) == 0 || bytes.Equal(payload, []byte("null")) {
		return nil, false
	}
	var answer struct {
		BatchItemFailures []struct {
			ItemIdentifier *string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(payload, &answer); err != nil {
		return nil, true
	}
	failed = map[string]bool{}
	for _, f := range answer.BatchItemFailures {
		if f.ItemIdentifier == nil || *f.ItemIdentifier == "" || !known[*f.ItemIdentifier] {
			return nil, true
		}
		failed[*f.ItemIdentifier] = true
	}
	return failed, false
}
