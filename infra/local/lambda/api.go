package lambda

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// ServeHTTP serves the Invoke API, signatures unchecked: POST /2015-03-31/functions/{name}/invocations.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (h *Host) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", h.serveInvoke)
	mux.ServeHTTP(rw, r)
}

func (h *Host) serveInvoke(rw http.ResponseWriter, r *http.Request) {
	reference := r.PathValue("name")
	if qualifier := r.URL.Query().Get("Qualifier"); qualifier != "" {
		reference += ":" + qualifier
	}
	payload, err := io.ReadAll(io.LimitReader(r.Body, MaxRequestBytes+1))
	if err != nil {
		return // the client is gone
	}
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	if len(payload) <= MaxRequestBytes && !json.Valid(payload) {
		refuse(rw, &Error{Status: http.StatusBadRequest, Code: "InvalidRequestContentException", Message: "Could not parse request body into json"})
		return
	}
	switch kind := r.Header.Get("X-Amz-Invocation-Type"); kind {
	case "", "RequestResponse":
		result, err := h.Invoke(r.Context(), reference, Invocation{Payload: payload, Tail: r.Header.Get("X-Amz-Log-Type") == "Tail"})
		if err != nil {
			refuse(rw, err)
			return
		}
		header := rw.Header()
		header.Set("Content-Type", "application/json")
		header.Set("X-Amzn-Requestid", result.RequestID)
		header.Set("X-Amz-Executed-Version", latest)
		if result.FunctionError != "" {
			header.Set("X-Amz-Function-Error", result.FunctionError)
		}
		if result.Tail != nil {
			header.Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString(result.Tail))
		}
		_, _ = rw.Write(result.Payload)
	case "Event":
		if err := h.InvokeAsync(reference, payload); err != nil {
			refuse(rw, err)
			return
		}
		rw.WriteHeader(http.StatusAccepted)
	case "DryRun":
		if _, _, err := h.lookup(reference); err != nil {
			refuse(rw, err)
			return
		}
		rw.WriteHeader(http.StatusNoContent)
	default:
		refuse(rw, &Error{Status: http.StatusBadRequest, Code: "InvalidParameterValueException", Message: "Unknown invocation type " + kind})
	}
}

// refuse answers with an exception in the form of Lambda's REST protocol.
func refuse(rw http.ResponseWriter, err error) {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Status: http.StatusInternalServerError, Code: "ServiceException", Message: err.Error()}
	}
	body, _ := json.Marshal(map[string]string{"Type": "User", "Message": e.Message})
	rw.Header().Set("Content-Type", "application/json")
	rw.Header().Set("X-Amzn-Errortype", e.Code)
	rw.WriteHeader(e.Status)
	_, _ = rw.Write(body)
}
