package iam

import (
	"encoding/json"
	"hash/crc32"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// DynamoDB guards DynamoDB.
func (g *Guard) DynamoDB(next http.Handler) http.Handler {
	return g.guard(service{needs: g.tableNeeds, refuse: refuseTable, bodies: 64 << 20}, passTo(next))
}

// tableRequest holds what names tables in the requests of DynamoDB.
type tableRequest struct {
	TableName, IndexName string
	// RequestItems are those of a batch, by table.
	RequestItems map[string]json.RawMessage
	// TransactItems name the part's operation, then its table.
	TransactItems []map[string]struct{ TableName string }
}

// tableNeeds lists what a call of DynamoDB needs. A transaction needs the actions of its parts, a batch an action of its
// own: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html and
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
func (g *Guard) tableNeeds(r *http.Request, body []byte) []Grant {
	operation := operationOf(r)
	var in tableRequest
	if err := json.Unmarshal(body, &in); err != nil {
		return []Grant{{"dynamodb:" + operation, everything}}
	}
	var all []Grant
	add := func(operation, name string) {
		resource := everything
		if name != "" {
			resource = g.arn("dynamodb", "table/", name)
		}
		if in.IndexName != "" {
			resource += "/index/" + in.IndexName
		}
		all = append(all, Grant{"dynamodb:" + operation, resource})
	}
	for _, name := range slices.Sorted(maps.Keys(in.RequestItems)) {
		add(operation, name)
	}
	for _, part := range in.TransactItems {
		for _, kind := range slices.Sorted(maps.Keys(part)) {
			action := kind
			switch kind {
			case "Put", "Update", "Delete", "Get":
				action += "Item"
			case "ConditionCheck":
				action = "ConditionCheckItem"
			}
			add(action, part[kind].TableName)
		}
	}
	if len(all) == 0 {
		add(operation, in.TableName)
	}
	return all
}

func refuseTable(rw http.ResponseWriter, _ *http.Request, message string) {
	text, _ := json.Marshal(map[string]string{"__type": "com.amazon.coral.service#AccessDeniedException", "Message": message})
	rw.Header().Set("Content-Type", "application/x-amz-json-1.0")
	rw.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(text)), 10)) // SDKs check it
	answer(rw, http.StatusBadRequest, text)
}

// SQS guards SQS.
func (g *Guard) SQS(next http.Handler) http.Handler {
	return g.guard(service{needs: g.queueNeeds, refuse: refuseQueue, bodies: 8 << 20}, passTo(next))
}

// queueNeeds lists what a call of SQS needs. A batch needs the action of its entries:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
func (g *Guard) queueNeeds(r *http.Request, body []byte) []Grant {
	var in struct{ QueueURL, QueueName string } // names of JSON are matched without regard to case
	_ = json.Unmarshal(body, &in)               // then it names no queue
	resource := everything
	if name := in.QueueURL[strings.LastIndex(in.QueueURL, "/")+1:] + in.QueueName; name != "" {
		resource = g.arn("sqs", "", name)
	}
	return []Grant{{"sqs:" + strings.TrimSuffix(operationOf(r), "Batch"), resource}}
}

// refuseQueue refuses with the code that SQS had in its older protocol, which SDKs report.
func refuseQueue(rw http.ResponseWriter, _ *http.Request, message string) {
	text, _ := json.Marshal(map[string]string{"__type": "com.amazon.coral.service#AccessDeniedException", "message": message})
	rw.Header().Set("Content-Type", "application/x-amz-json-1.0")
	rw.Header().Set("x-amzn-query-error", "AccessDenied;Sender")
	answer(rw, http.StatusForbidden, text)
}

// KMS guards KMS.
func (g *Guard) KMS(next http.Handler) http.Handler {
	return g.guard(service{needs: g.keyNeeds, refuse: refuseKey, bodies: 1 << 20}, passTo(next))
}

// keyNeeds lists what a call of KMS needs. Decrypt need not name the key: then the action must be allowed on some key.
func (g *Guard) keyNeeds(r *http.Request, body []byte) []Grant {
	operation := operationOf(r)
	var in struct{ KeyID string }
	_ = json.Unmarshal(body, &in) // then it names no key
	resource := everything
	switch {
	case strings.HasPrefix(in.KeyID, "alias/"):
		resource = g.arn("kms", "", in.KeyID)
	case in.KeyID != "":
		resource = g.arn("kms", "key/", in.KeyID)
	case operation == "Decrypt":
		resource = ""
	}
	return []Grant{{"kms:" + operation, resource}}
}

func refuseKey(rw http.ResponseWriter, _ *http.Request, message string) {
	text, _ := json.Marshal(map[string]string{"__type": "AccessDeniedException", "Message": message})
	rw.Header().Set("Content-Type", "application/x-amz-json-1.1")
	answer(rw, http.StatusBadRequest, text)
}

// operationOf names the operation of a call in AWS's JSON protocols.
func operationOf(r *http.Request) string {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return operation
}

func answer(rw http.ResponseWriter, status int, text []byte) {
	rw.Header().Set("Content-Length", strconv.Itoa(len(text)))
	rw.WriteHeader(status)
	_, _ = rw.Write(text) // what fails here is the connection
}
