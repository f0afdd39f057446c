package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"leadline/shared/outbound"
)

const (
	// maxEventBytes bounds what the receiver reads of a request.
	maxEventBytes = 8 << 20
	// maxAge is how old a signature may be, or how far ahead of the clock, as Standard Webhooks recommends.
	maxAge = 5 * time.Minute
)

// receiver is a small receiver of events, for trying out a destination: it checks the signature of each as Standard
// Webhooks says, and shows it.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
type receiver struct {
	// key is that of the secret; nil checks nothing.
	key []byte
	now func() time.Time
	// show is called with one event at a time.
	show func(received)
	mu   sync.Mutex
	// fail is how many requests are still answered with 500.
	fail int
	got  int
}

// received is one request.
type received struct {
	at   time.Time
	id   string
	body []byte
	// verified is set where the signature was checked and is right, problem where it is not.
	verified bool
	problem  string
	status   int
}

// ServeHTTP takes one event.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "events are posted", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxEventBytes))
	if err != nil {
		http.Error(w, "the body cannot be read", http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	event := received{at: r.now(), id: req.Header.Get("webhook-id"), body: body, status: http.StatusOK}
	if r.key != nil {
		event.problem = verify(req.Header, body, r.key, event.at)
		event.verified = event.problem == ""
	}
	switch {
	case r.fail > 0:
		r.fail--
		event.status = http.StatusInternalServerError
	case event.problem != "":
		event.status = http.StatusUnauthorized
	}
	r.got++
	r.show(event)
	w.WriteHeader(event.status)
	_, _ = io.WriteString(w, http.StatusText(event.status)+"\n") // that the sender is gone is its own affair
}

// verify tells what is wrong with a signature; nothing if it is empty.
func verify(header http.Header, body, key []byte, now time.Time) string {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if id == "" || err != nil {
		return "not signed"
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > maxAge || age < -maxAge {
		return "signed at another time"
	}
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%s.", id, timestamp) // a hash takes everything
	_, _ = mac.Write(body)
	want := mac.Sum(nil)
	for _, signature := range strings.Fields(header.Get("webhook-signature")) {
		text, isV1 := strings.CutPrefix(signature, "v1,")
		if got, err := base64.StdEncoding.DecodeString(text); isV1 && err == nil && hmac.Equal(got, want) {
			return ""
		}
	}
	return "signed with another secret"
}

// line writes an event in one line.
func (e received) line(p painter) string {
	var track struct {
		Type   string `json:"type"`
		Event  string `json:"event"`
		UserID string `json:"userId"`
		Anon   string `json:"anonymousId"`
	}
	_ = json.Unmarshal(e.body, &track) // what is no track event has no names
	check := p.paint(dim, "not checked")
	switch {
	case e.verified:
		check = p.paint(green, "verified")
	case e.problem != "":
		check = p.paint(red, "NOT VERIFIED: "+e.problem)
	}
	who := orElse(orElse(track.UserID, track.Anon), "-")
	text := fmt.Sprintf("%s  %s  %s  %s  %s", p.paint(dim, e.at.UTC().Format("15:04:05")),
		clean(orElse(track.Event, orElse(track.Type, "(no event)"))), clean(who), clean(orElse(e.id, "-")), check)
	if e.status != http.StatusOK {
		text += p.paint(yellow, fmt.Sprintf("  answered %d", e.status))
	}
	return text
}

func (c *command) receiverCommand() *cobra.Command {
	var port, fail int
	var secret string
	cmd := &cobra.Command{
		Use: "receiver", Short: "Receive events on this machine and show them, to try out a destination", Args: cobra.NoArgs,
		Long: "Receive events on this machine, at 127.0.0.1 only, check their signatures if the destination's secret is known, and show each in a line, until Ctrl-C. With --json their bodies, one in a line.\n\n" +
			"Make it a destination of what `make run` started: leadline destinations create http://127.0.0.1:9099/ --name receiver. A wrong signature is answered with 401.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			text := orElse(secret, c.getenv("LEADLINE_RECEIVER_SECRET"))
			text, err := c.secretFlag(text)
			if err != nil {
				return err
			}
			r := &receiver{now: c.now, fail: fail, show: c.showReceived}
			if text != "" {
				if r.key, err = outbound.DecodeSecret(text); err != nil {
					return usageError(err.Error())
				}
			}
			listener, err := (&net.ListenConfig{}).Listen(cmd.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
			if err != nil {
				return fmt.Errorf("listen: %w (is one running already? --port takes another)", err)
			}
			_, _ = fmt.Fprintf(c.stderr, "Listening on http://%s/, until Ctrl-C\n", listener.Addr())
			if err := r.serve(cmd.Context(), listener); err != nil {
				return err
			}
			_, _ = fmt.Fprintf(c.stderr, "Received %s.\n", plural(int64(r.got), "event"))
			return nil
		},
	}
	cmd.Flags().IntVar(&port, "port", 9099, "where to listen; 0 for any free port")
	cmd.Flags().StringVar(&secret, "secret", "", "the destination's secret, if not in LEADLINE_RECEIVER_SECRET; - reads it from stdin")
	cmd.Flags().IntVar(&fail, "fail", 0, "answer the first `N` requests with 500, so that retries can be seen")
	return cmd
}

// showReceived writes one event to stdout.
func (c *command) showReceived(e received) {
	if !c.asJSON {
		c.printf("%s\n", e.line(c.paint))
		return
	}
	line, err := onOneLine(e.body)
	if err != nil { // it is no JSON
		text, _ := json.Marshal(string(e.body)) // a text
		line = append(text, '\n')
	}
	c.printf("%s", line)
	if e.problem != "" {
		c.warn(errors.New("not verified: " + e.problem))
	}
}

// serve takes events until ctx ends.
func (r *receiver) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{Handler: r, ReadTimeout: time.Minute, IdleTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second) // for what is being answered
	defer cancel()
	if server.Shutdown(end) != nil {
		_ = server.Close()
	}
	<-served
	return nil
}
