package lambda

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// runtimeAPI serves the Runtime API. The first part of each path says which process is asking.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
func (h *Host) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	const root = "/{worker}/2018-06-01/runtime/"
	mux.HandleFunc("GET "+root+"invocation/next", h.forWorker((*worker).next))
	mux.HandleFunc("POST "+root+"invocation/{id}/response", h.forWorker((*worker).response))
	mux.HandleFunc("POST "+root+"invocation/{id}/error", h.forWorker((*worker).failed))
	mux.HandleFunc("POST "+root+"init/error", h.forWorker((*worker).initFailed))
	return mux
}

func (h *Host) forWorker(handle func(*worker, http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		w, ok := h.workers[r.PathValue("worker")]
		h.mu.Unlock()
		if !ok {
			answer(rw, http.StatusForbidden, "InvalidWorker", "no process of this name is running")
			return
		}
		handle(w, rw, r)
	}
}

// next gives the process its next invocation, when there is one.
func (w *worker) next(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	select {
	case <-w.ready:
	default:
		close(w.ready)
	}
	w.mu.Unlock()
	select {
	case j := <-w.jobs:
		w.mu.Lock()
		w.current = j
		w.mu.Unlock()
		deadline := time.Now().Add(w.fn.Timeout)
		header := rw.Header()
		header.Set("Content-Type", "application/json")
		header.Set("Content-Length", strconv.Itoa(len(j.Payload)))
		header.Set("Lambda-Runtime-Aws-Request-Id", j.id)
		header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(deadline.UnixMilli(), 10))
		header.Set("Lambda-Runtime-Invoked-Function-Arn", j.arn)
		header.Set("Lambda-Runtime-Trace-Id", traceID(j.id, deadline))
		close(j.taken)
		_, _ = rw.Write(j.Payload) // a process that cannot read it is dead, which await sees
	case <-w.exited:
	case <-r.Context().Done():
	}
}

// traceID makes a trace header of an invocation that is not sampled.
func traceID(id string, at time.Time) string {
	return fmt.Sprintf("Root=1-%08x-%s%s;Parent=%s%s;Sampled=0", at.Unix(), id[24:], id[:8], id[:8], id[28:])
}

// response takes the answer of an invocation.
func (w *worker) response(rw http.ResponseWriter, r *http.Request) {
	j, ok := w.claim(rw, r)
	if !ok {
		return
	}
	payload, err := io.ReadAll(io.LimitReader(r.Body, MaxResponseBytes+1))
	if err != nil {
		return // the process died while it answered, which await sees
	}
	if len(payload) > MaxResponseBytes {
		limit := fmt.Sprintf("%d bytes).", MaxResponseBytes)
		answer(rw, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "Exceeded maximum allowed payload size ("+limit)
		out := failure("Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (%s", limit)
		out.reusable = true
		j.done <- out
		return
	}
	out := &outcome{payload: payload, reusable: true}
	if r.Trailer.Get("Lambda-Runtime-Function-Error-Type") != "" { // it failed while it was writing
		out.failed = true
		out.payload, _ = base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
	}
	w.accept(rw, j, out)
}

// failed takes the error of an invocation.
func (w *worker) failed(rw http.ResponseWriter, r *http.Request) {
	j, ok := w.claim(rw, r)
	if !ok {
		return
	}
	payload, err := io.ReadAll(io.LimitReader(r.Body, MaxResponseBytes))
	if err != nil {
		return
	}
	w.accept(rw, j, &outcome{payload: payload, failed: true, reusable: true})
}

// accept ends j, unless the process is to die before its answer counts.
func (w *worker) accept(rw http.ResponseWriter, j *job, out *outcome) {
	j.done <- out
	if j.Kill != nil {
		<-w.exited
		return
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(rw, `{"status":"OK"}`+"\n")
}

// claim gives the job that a request answers; nobody else can answer it then.
func (w *worker) claim(rw http.ResponseWriter, r *http.Request) (*job, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	j := w.current
	if j == nil || j.id != r.PathValue("id") {
		answer(rw, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return nil, false
	}
	w.current = nil
	return j, true
}

// initFailed takes the reason why a process cannot get ready.
func (w *worker) initFailed(rw http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(io.LimitReader(r.Body, MaxResponseBytes))
	if err != nil {
		return
	}
	w.mu.Lock()
	w.initError = payload
	w.mu.Unlock()
	rw.WriteHeader(http.StatusAccepted)
}

func answer(rw http.ResponseWriter, status int, kind, message string) {
	body, _ := json.Marshal(map[string]string{"errorType": kind, "errorMessage": message})
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_, _ = rw.Write(body)
}
