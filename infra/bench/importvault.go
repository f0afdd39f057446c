package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
)

// vault plays the table of records where there are more than DynamoDB Local stores in reasonable time: it does the three
// operations that fetch needs, with the conditions that it uses, and keeps items in a file. Calls about other tables go on
// to DynamoDB Local.
type vault struct {
	table string
	to    http.Handler
	file  *os.File

	mu    sync.Mutex
	end   int64
	parts map[string]*partition
}

// partition is where the items of a partition lie, by sort key.
type partition struct {
	at   map[string]place
	keys []string // sorted unless dirty
	// dirty says that keys were added since.
	dirty bool
}

// place is where an item lies in the file: without its body, and behind that as it is.
type place struct {
	offset      int64
	head, whole int32
}

type vaultItem map[string]json.RawMessage

func newVault(table, file string, to http.Handler) (*vault, error) {
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	return &vault{table: table, to: to, file: f, parts: map[string]*partition{}}, nil
}

func (v *vault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var answer any
	switch name := operation(r); {
	case !bytes.Contains(body, []byte(`"`+v.table+`"`)):
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		v.to.ServeHTTP(w, r)
		return
	case name == "UpdateItem":
		answer, err = v.update(body)
	case name == "BatchGetItem":
		answer, err = v.getMany(body)
	case name == "Query":
		answer, err = v.query(body)
	default:
		err = fmt.Errorf("the table of records is not asked for %s here", name)
	}
	status := http.StatusOK
	if err != nil {
		status, answer = http.StatusBadRequest, map[string]string{"__type": "com.amazonaws.dynamodb.v20120810#ValidationException", "message": err.Error()}
	}
	if refused, ok := answer.(refusal); ok {
		status = http.StatusBadRequest
		answer = map[string]any{"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "The conditional request failed", "Item": refused.item}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // what fails here is the connection
}

// refusal is the answer to a write whose condition does not hold.
type refusal struct{ item vaultItem }

// stringOf reads an attribute that is a text or a number.
func stringOf(raw json.RawMessage) string {
	var a attribute
	switch err := json.Unmarshal(raw, &a); {
	case err != nil:
	case a.S != nil:
		return *a.S
	case a.N != nil:
		return *a.N
	}
	return ""
}

// update writes what is newer, as PutNewer asks for it.
func (v *vault) update(body []byte) (any, error) {
	var in struct {
		Key                       vaultItem
		ConditionExpression       string
		ExpressionAttributeNames  map[string]string
		ExpressionAttributeValues vaultItem
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	if in.ConditionExpression != "attribute_not_exists(pk) OR #ver < :ver" {
		return nil, fmt.Errorf("the condition %q is not known here", in.ConditionExpression)
	}
	item := vaultItem{"pk": in.Key["pk"], "sk": in.Key["sk"]}
	for sign, name := range in.ExpressionAttributeNames {
		if value, ok := in.ExpressionAttributeValues[":"+strings.TrimPrefix(sign, "#")]; ok {
			item[name] = value
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	pk, sk, rev := stringOf(item["pk"]), stringOf(item["sk"]), 0
	p := v.parts[pk]
	if p == nil {
		p = &partition{at: map[string]place{}}
		v.parts[pk] = p
	}
	if at, there := p.at[sk]; there {
		standing, err := v.read(at, true)
		if err != nil {
			return nil, err
		}
		if stringOf(standing["ver"]) >= stringOf(item["ver"]) {
			return refusal{standing}, nil
		}
		if _, err := fmt.Sscan(stringOf(standing["rev"]), &rev); err != nil {
			return nil, err
		}
	} else {
		p.keys, p.dirty = append(p.keys, sk), true
	}
	item["rev"] = json.RawMessage(fmt.Sprintf(`{"N":"%d"}`, rev+1))
	at, err := v.write(item)
	p.at[sk] = at
	return struct{}{}, err
}

// write appends an item to the file.
func (v *vault) write(item vaultItem) (place, error) {
	content := item["b"]
	delete(item, "b")
	head, err := json.Marshal(item)
	if err != nil {
		return place{}, err
	}
	if content != nil {
		item["b"] = content
	}
	whole, err := json.Marshal(item)
	if err != nil {
		return place{}, err
	}
	at := place{v.end, int32(len(head)), int32(len(whole))}
	n, err := v.file.WriteAt(append(head, whole...), v.end)
	v.end += int64(n)
	return at, err
}

// read reads an item, without its body or as it is.
func (v *vault) read(at place, whole bool) (vaultItem, error) {
	offset, length := at.offset, at.head
	if whole {
		offset, length = at.offset+int64(at.head), at.whole
	}
	text := make([]byte, length)
	if _, err := v.file.ReadAt(text, offset); err != nil {
		return nil, err
	}
	var item vaultItem
	return item, json.Unmarshal(text, &item)
}

func (v *vault) getMany(body []byte) (any, error) {
	var in struct {
		RequestItems map[string]struct{ Keys []vaultItem }
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	found := []vaultItem{}
	for _, key := range in.RequestItems[v.table].Keys {
		p := v.parts[stringOf(key["pk"])]
		if p == nil {
			continue
		}
		if at, there := p.at[stringOf(key["sk"])]; there {
			item, err := v.read(at, true)
			if err != nil {
				return nil, err
			}
			found = append(found, item)
		}
	}
	return map[string]any{"Responses": map[string]any{v.table: found}, "UnprocessedKeys": struct{}{}}, nil
}

// query reads a partition in the order of its sort keys.
func (v *vault) query(body []byte) (any, error) {
	var in struct {
		KeyConditionExpression    string
		ProjectionExpression      string
		ExpressionAttributeValues vaultItem
		ExclusiveStartKey         vaultItem
		Limit                     int
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	if in.KeyConditionExpression != "pk = :pk" {
		return nil, fmt.Errorf("the condition %q is not known here", in.KeyConditionExpression)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	items, answer := []vaultItem{}, map[string]any{}
	if p := v.parts[stringOf(in.ExpressionAttributeValues[":pk"])]; p != nil {
		if p.dirty {
			slices.Sort(p.keys)
			p.dirty = false
		}
		from := 0
		if in.ExclusiveStartKey != nil {
			after := stringOf(in.ExclusiveStartKey["sk"])
			var there bool
			if from, there = slices.BinarySearch(p.keys, after); there {
				from++
			}
		}
		keys := p.keys[from:]
		if in.Limit > 0 && len(keys) > in.Limit {
			keys = keys[:in.Limit]
			answer["LastEvaluatedKey"] = map[string]any{"pk": in.ExpressionAttributeValues[":pk"], "sk": map[string]string{"S": keys[len(keys)-1]}}
		}
		for _, sk := range keys {
			item, err := v.read(p.at[sk], in.ProjectionExpression == "")
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
	}
	answer["Items"], answer["Count"] = items, len(items)
	return answer, nil
}
