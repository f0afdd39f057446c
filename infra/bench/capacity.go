package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// askForCapacity has DynamoDB say what a call consumes.
func askForCapacity(r *http.Request, body []byte) []byte {
	inner, ok := bytes.CutPrefix(body, []byte("{"))
	if !ok || !slices.Contains(charged(), operation(r)) {
		return body
	}
	ask := `{"ReturnConsumedCapacity":"TOTAL"`
	if !bytes.Equal(bytes.TrimSpace(inner), []byte("}")) {
		ask += ","
	}
	return append([]byte(ask), inner...)
}

// charged lists the operations that take ReturnConsumedCapacity.
func charged() []string {
	return []string{"BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "TransactGetItems", "TransactWriteItems", "UpdateItem"}
}

func isRead(operation string) bool {
	return slices.Contains([]string{"BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems"}, operation)
}

// request is what can be told of a call to DynamoDB.
type request struct {
	// table is what people call the table, partition a partition key that is asked for.
	table, partition string
	// put is the size of the items that are put as a whole.
	put int64
	// transacted is what a transaction costs, in write units; 0 for what is none.
	transacted float64
}

// readRequest reads the request of an operation.
func readRequest(operation string, body []byte) request {
	type item = map[string]attribute
	type write struct {
		PutRequest struct{ Item item }
	}
	type part struct {
		TableName string
		Key, Item item
	}
	var in struct {
		TableName                 string
		Key, Item                 item
		ExpressionAttributeValues item
		RequestItems              map[string]json.RawMessage
		TransactItems             []map[string]part // by Put, Update, Delete or ConditionCheck
	}
	var out request
	if json.Unmarshal(body, &in) != nil {
		return out
	}
	see := func(table string, key, whole item) {
		out.table = label(table)
		for _, from := range []item{key, whole} {
			if pk, ok := from["pk"]; ok && pk.S != nil {
				out.partition = *pk.S
			}
		}
		out.put += itemSize(whole)
	}
	see(in.TableName, in.Key, in.Item)
	for _, value := range in.ExpressionAttributeValues {
		if operation == "Query" && value.S != nil && strings.Contains(*value.S, "#") {
			out.partition = *value.S
		}
	}
	for table, text := range in.RequestItems {
		var writes []write
		if json.Unmarshal(text, &writes) != nil { // reads are of another form
			see(table, nil, nil)
		}
		for _, w := range writes {
			see(table, nil, w.PutRequest.Item)
		}
	}
	for _, one := range in.TransactItems {
		for _, p := range one {
			see(p.TableName, p.Key, p.Item)
			// Each item is written twice: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-capacity-handling
			out.transacted += 2 * writeUnits(itemSize(p.Item)) // of what is not put as a whole, the size is not known: it is small
		}
	}
	return out
}

// section is what an item is about: the part of its partition behind the organization, where it is a word. The other
// partitions begin with a connection.
func (r request) section() string {
	parts := strings.Split(r.partition, "#")
	if len(parts) < 2 || strings.ContainsAny(parts[1], "_0123456789") {
		return ""
	}
	return parts[1]
}

// what names the items of a call.
func (r request) what() string {
	if section := r.section(); section != "" {
		return r.table + " " + section
	}
	return r.table
}

// partOf tells what a function makes a call for.
func partOf(function string, r request) part {
	switch {
	case function == "relay":
		return forHistory
	case function == "calculate":
		return forIncentive
	case function == "deliver":
		return forTrack
	case (function == "ingest" || function == "fetch") && r.section() == "payloads":
		return forPayload
	case function == "ingest" && slices.Contains([]string{"batches", "chunks", "claim"}, r.section()):
		return forOutcomes
	case function == "ingest" && r.section() == "destinations":
		return forTrack
	}
	return forRecord
}

// consumed gives the units that a call cost. One that DynamoDB refuses for a condition costs as much as writing what stands,
// at least one unit: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.ConditionalUpdate
func consumed(operation string, status int, answer []byte) float64 {
	if status != http.StatusOK {
		var refused struct {
			Type string `json:"__type"`
			Item map[string]attribute
		}
		if json.Unmarshal(answer, &refused) != nil || !strings.HasSuffix(refused.Type, "ConditionalCheckFailedException") {
			return 0
		}
		return writeUnits(itemSize(refused.Item))
	}
	type capacity struct{ CapacityUnits float64 }
	var out struct{ ConsumedCapacity json.RawMessage }
	if json.Unmarshal(answer, &out) != nil || len(out.ConsumedCapacity) == 0 {
		return 0
	}
	var one capacity
	if json.Unmarshal(out.ConsumedCapacity, &one) == nil {
		return one.CapacityUnits
	}
	var all []capacity
	_ = json.Unmarshal(out.ConsumedCapacity, &all) // what is neither consumed nothing
	sum := 0.0
	for _, c := range all {
		sum += c.CapacityUnits
	}
	return sum
}
