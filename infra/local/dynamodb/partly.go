package dynamodb

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
)

// partly passes on every second request of a batch and hands the others back as unprocessed, as DynamoDB does when it
// throttles a batch. A batch of one is refused as a whole, as there.
func (p *Proxy) partly(r *http.Request, operation string, body []byte) answer {
	part, back, ok := split(operation, body)
	if !ok {
		return exceeded()
	}
	a := p.pass(r, operation, part)
	if a.status != http.StatusOK || a.header.Get("Content-Encoding") != "" {
		return a
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(a.body, &fields); err != nil {
		return failure(http.StatusBadGateway, "InternalServerError", "DynamoDB Local answered no JSON.")
	}
	name := "UnprocessedItems"
	if operation == "BatchGetItem" {
		name = "UnprocessedKeys"
	}
	fields[name] = back
	a.body, _ = json.Marshal(fields) // it was JSON before
	return a
}

// split divides a batch in two: what is passed on, as a whole request, and what is handed back. It fails for a batch
// that cannot be divided.
func split(operation string, body []byte) (part []byte, back json.RawMessage, ok bool) {
	var request map[string]json.RawMessage
	if json.Unmarshal(body, &request) != nil {
		return nil, nil, false
	}
	passed, held := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	var err error
	if operation == "BatchGetItem" {
		err = splitKeys(request["RequestItems"], passed, held)
	} else {
		err = splitWrites(request["RequestItems"], passed, held)
	}
	if err != nil || len(passed) == 0 || len(held) == 0 {
		return nil, nil, false
	}
	request["RequestItems"], _ = json.Marshal(passed) // it was JSON before, here and below
	part, _ = json.Marshal(request)
	back, _ = json.Marshal(held)
	return part, back, true
}

// splitWrites divides the writes of a BatchWriteItem, by table.
func splitWrites(items json.RawMessage, passed, held map[string]json.RawMessage) error {
	var tables map[string][]json.RawMessage
	if err := json.Unmarshal(items, &tables); err != nil {
		return err
	}
	n := 0
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		even, odd := deal(tables[table], &n)
		put(passed, table, even)
		put(held, table, odd)
	}
	return nil
}

// splitKeys divides the keys of a BatchGetItem, by table; what else is asked of a table goes with both halves.
func splitKeys(items json.RawMessage, passed, held map[string]json.RawMessage) error {
	var tables map[string]map[string]json.RawMessage
	if err := json.Unmarshal(items, &tables); err != nil {
		return err
	}
	n := 0
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		var keys []json.RawMessage
		if err := json.Unmarshal(tables[table]["Keys"], &keys); err != nil {
			return err
		}
		even, odd := deal(keys, &n)
		for to, half := range map[*map[string]json.RawMessage][]json.RawMessage{&passed: even, &held: odd} {
			if len(half) > 0 {
				request := maps.Clone(tables[table])
				put(request, "Keys", half)
				(*to)[table], _ = json.Marshal(request)
			}
		}
	}
	return nil
}

// deal divides values in turn, going on from the n-th of the whole batch.
func deal(values []json.RawMessage, n *int) (even, odd []json.RawMessage) {
	for _, value := range values {
		if *n%2 == 0 {
			even = append(even, value)
		} else {
			odd = append(odd, value)
		}
		*n++
	}
	return even, odd
}

func put(to map[string]json.RawMessage, name string, values []json.RawMessage) {
	if len(values) > 0 {
		to[name], _ = json.Marshal(values)
	}
}
