package dynamodb

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"leadline/infra/local/chaos"
)

// Faults decides what goes wrong with a call. attempt is the SDK's number of it, from 1; 0 if it is not known.
// *chaos.Source is one.
type Faults interface {
	Call(operation string, attempt int) chaos.Fault
}

// Proxy passes calls on to DynamoDB Local. It is an http.Handler and safe for concurrent use. Each answer carries a
// valid X-Amz-Crc32, which DynamoDB Local forgets on errors and SDKs check.
type Proxy struct {
	upstream string
	client   *http.Client
	faults   Faults

	mu    sync.Mutex
	calls map[string]int64
}

// NewProxy makes a proxy for an endpoint. faults may be nil.
func NewProxy(upstream string, faults Faults) *Proxy {
	return &Proxy{upstream: upstream, faults: faults, calls: map[string]int64{}, client: &http.Client{
		// Answers are passed on as they are, compressed or not.
		Transport: &http.Transport{DisableCompression: true, MaxIdleConns: 64, MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute},
	}}
}

// Calls counts the calls passed on to DynamoDB so far, by operation; those refused by an injected fault are not among
// them.
func (p *Proxy) Calls() map[string]int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.calls)
}

// answer is an HTTP answer on its way back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// maxBody holds a transaction or a batch of the largest items (16 MB) as JSON.
const maxBody = 64 << 20

// ServeHTTP passes on a call, unless a fault forbids it.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		write(w, failure(http.StatusBadRequest, "SerializationException", err.Error()))
		return
	}
	fault := chaos.None
	if p.faults != nil {
		fault = p.faults.Call(operation, attempt(r))
	}
	switch fault {
	case chaos.Exceeded:
		write(w, exceeded())
	case chaos.Throttled:
		write(w, failure(http.StatusBadRequest, "ThrottlingException", "Rate of requests exceeds the allowed throughput."))
	case chaos.Conflicted:
		write(w, conflicted(body))
	case chaos.Unprocessed:
		write(w, p.partly(r, operation, body))
	case chaos.Failed, chaos.Cut:
		a := p.pass(r, operation, body)
		switch {
		case a.status != http.StatusOK:
			write(w, a)
		case fault == chaos.Failed:
			write(w, failure(http.StatusInternalServerError, "InternalServerError", "The request processing has failed because of an unknown error."))
		default:
			cut(w)
		}
	default:
		write(w, p.pass(r, operation, body))
	}
}

// pass has DynamoDB Local answer a call.
func (p *Proxy) pass(r *http.Request, operation string, body []byte) answer {
	p.mu.Lock()
	p.calls[operation]++
	p.mu.Unlock()
	up, err := http.NewRequestWithContext(r.Context(), r.Method, p.upstream+r.URL.Path, bytes.NewReader(body))
	if err != nil {
		return failure(http.StatusBadGateway, "InternalServerError", err.Error())
	}
	up.Header = r.Header.Clone()
	resp, err := p.client.Do(up)
	if err != nil {
		return failure(http.StatusBadGateway, "InternalServerError", "DynamoDB Local does not answer: "+err.Error())
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return failure(http.StatusBadGateway, "InternalServerError", "DynamoDB Local broke off: "+err.Error())
	}
	return answer{resp.StatusCode, resp.Header, got}
}

func write(w http.ResponseWriter, a answer) {
	for _, name := range []string{"Content-Type", "Content-Encoding", "x-amzn-RequestId"} {
		if value := a.header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(a.body)), 10))
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // what fails here is the connection
}

// cut breaks the connection.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		write(w, failure(http.StatusInternalServerError, "InternalServerError", "The connection cannot be cut."))
		return
	}
	_ = conn.Close()
}

// attempt reads the SDK's number of an attempt, 0 if there is none: "Amz-Sdk-Request: attempt=2; max=3".
func attempt(r *http.Request) int {
	for field := range strings.SplitSeq(r.Header.Get("Amz-Sdk-Request"), ";") {
		if n, ok := strings.CutPrefix(strings.TrimSpace(field), "attempt="); ok {
			number, _ := strconv.Atoi(n)
			return number
		}
	}
	return 0
}

// failure makes an error as DynamoDB words it.
func failure(status int, code, message string) answer {
	return errorAnswer(status, map[string]any{"__type": "com.amazonaws.dynamodb.v20120810#" + code, "message": message})
}

func exceeded() answer {
	return failure(http.StatusBadRequest, "ProvisionedThroughputExceededException",
		"The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.")
}

// conflicted cancels a transaction for a conflict about its first item:
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
func conflicted(body []byte) answer {
	var transaction struct{ TransactItems []json.RawMessage }
	if err := json.Unmarshal(body, &transaction); err != nil || len(transaction.TransactItems) == 0 {
		return failure(http.StatusBadRequest, "ValidationException", "The transaction has no items.")
	}
	type reason struct {
		Code    string
		Message string `json:",omitempty"`
	}
	reasons := make([]reason, len(transaction.TransactItems))
	codes := make([]string, len(reasons))
	for i := range reasons {
		reasons[i] = reason{Code: "None"}
		if i == 0 {
			reasons[i] = reason{"TransactionConflict", "Transaction is ongoing for the item"}
		}
		codes[i] = reasons[i].Code
	}
	return errorAnswer(http.StatusBadRequest, map[string]any{
		"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
		"Message": fmt.Sprintf("Transaction cancelled, please refer cancellation reasons for specific reasons [%s]",
			strings.Join(codes, ", ")),
		"CancellationReasons": reasons,
	})
}

func errorAnswer(status int, value map[string]any) answer {
	body, _ := json.Marshal(value) // strings always encode
	return answer{status, http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, body}
}
