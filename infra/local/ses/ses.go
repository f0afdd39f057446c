// Package ses is Amazon SES for the local stack: SendEmail of the API v2, with simple and raw content, for the AWS SDKs
// over HTTP. What is sent goes to nobody: it lies in a mailbox on disk, which people and tests can read.
//
// It does not check signatures. Every identity counts as verified, there is no sandbox, and there are no templates,
// configuration sets and events. As in SES, the Message-ID and Date of a mail are SES's own, and the addresses of the
// mailbox simulator tell what became of a mail. Failures are asked for by Fail.
//
// https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
package ses

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options sets up the service.
type Options struct {
	// Folder keeps the mailbox; empty keeps it in memory.
	Folder string
	// Region is part of the host of a Message-ID; us-east-1 unless set.
	Region string
	// Now is the clock; time.Now unless set.
	Now func() time.Time
	// Arrived hears of each mail; may be nil.
	Arrived func(Mail)
}

// Mail is one mail as it was sent.
type Mail struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	From    string    `json:"from"`
	To      []string  `json:"to"`
	Cc      []string  `json:"cc,omitempty"`
	Bcc     []string  `json:"bcc,omitempty"`
	ReplyTo []string  `json:"reply_to,omitempty"`
	Subject string    `json:"subject"`
	Text    string    `json:"text,omitempty"`
	HTML    string    `json:"html,omitempty"`
	// Headers are the further ones, by name; Message-ID is SES's own.
	Headers map[string]string `json:"headers"`
	// State is delivered, or what the mailbox simulator makes of an address: bounced, complained, suppressed.
	State string `json:"state"`
}

// The states of a mail. https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html
const (
	Delivered  = "delivered"
	Bounced    = "bounced"
	Complained = "complained"
	Suppressed = "suppressed"
)

// Service is the service. It is an http.Handler and safe for concurrent use.
type Service struct {
	opts Options

	mu       sync.Mutex
	mails    []Mail // the oldest first
	failures []failure
}

// failure is an answer that the next calls get.
type failure struct {
	code, message string
	status, times int
}

// Open makes the service and loads its mailbox.
func Open(opts Options) (*Service, error) {
	opts.Region = cmp.Or(opts.Region, "us-east-1")
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Service{opts: opts}
	if opts.Folder == "" {
		return s, nil
	}
	entries, err := os.ReadDir(opts.Folder) // by name, which is by time
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("ses: %w", err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".json") || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		path := filepath.Join(opts.Folder, e.Name())
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("ses: %w", err)
		}
		var m Mail
		if err := json.Unmarshal(text, &m); err != nil {
			return nil, fmt.Errorf("ses: %s holds no mail: %w", path, err)
		}
		s.mails = append(s.mails, m)
	}
	slices.SortStableFunc(s.mails, func(a, b Mail) int { return strings.Compare(a.ID, b.ID) })
	return s, nil
}

// Mails gives what was sent, the newest first.
func (s *Service) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Clone(s.mails)
	slices.Reverse(all)
	return all
}

// Mail gives one mail.
func (s *Service) Mail(id string) (Mail, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.mails, func(m Mail) bool { return m.ID == id })
	if i < 0 {
		return Mail{}, false
	}
	return s.mails[i], true
}

// Fail has the next calls answered with an error of SES: TooManyRequestsException, MessageRejected ... A code that SES does
// not have is an error.
func (s *Service) Fail(code string, times int) error {
	status, known := statusOf(code)
	if !known {
		return fmt.Errorf("ses: SendEmail has no error %q", code)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = append(s.failures, failure{code: code, status: status, times: times, message: "This failure was asked for."})
	return nil
}

// statusOf gives the HTTP status of an error of SendEmail.
func statusOf(code string) (status int, known bool) {
	switch code {
	case "BadRequestException", "MessageRejected", "MailFromDomainNotVerifiedException", "SendingPausedException",
		"AccountSuspendedException", "LimitExceededException":
		return 400, true
	case "NotFoundException":
		return 404, true
	case "TooManyRequestsException":
		return 429, true
	case "InternalServiceErrorException":
		return 500, true
	}
	return 0, false
}

// failing takes one of the failures that were asked for.
func (s *Service) failing() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.failures) > 0 {
		next := &s.failures[0]
		if next.times--; next.times >= 0 {
			return &refusal{next.code, next.message, next.status}
		}
		s.failures = s.failures[1:]
	}
	return nil
}

// keep puts a mail into the mailbox and gives it its name.
func (s *Service) keep(m Mail) (Mail, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.At = s.opts.Now().UTC()
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	m.ID = fmt.Sprintf("%016x-%s-000000", m.At.UnixNano(), hex.EncodeToString(random[:]))
	m.Headers["Message-ID"] = "<" + m.ID + "@" + s.opts.Region + ".amazonses.com>"
	m.State = stateOf(m)
	if err := s.write(m); err != nil {
		return Mail{}, err
	}
	s.mails = append(s.mails, m)
	return m, nil
}

// stateOf plays the mailbox simulator.
func stateOf(m Mail) string {
	for _, to := range slices.Concat(m.To, m.Cc, m.Bcc) {
		switch regexp.MustCompile(`\+[^@]*`).ReplaceAllString(strings.ToLower(bare(to)), "") { // labels make no difference
		case "bounce@simulator.amazonses.com":
			return Bounced
		case "complaint@simulator.amazonses.com":
			return Complained
		case "suppressionlist@simulator.amazonses.com":
			return Suppressed
		}
	}
	return Delivered
}

// write keeps a mail on disk in one step.
func (s *Service) write(m Mail) error {
	if s.opts.Folder == "" {
		return nil
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("ses: %w", err)
	}
	if err := os.MkdirAll(s.opts.Folder, 0o700); err != nil {
		return fmt.Errorf("ses: %w", err)
	}
	f, err := os.CreateTemp(s.opts.Folder, ".mail-*") // with mode 0600
	if err != nil {
		return fmt.Errorf("ses: %w", err)
	}
	_, err = f.Write(append(text, '\n'))
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(s.opts.Folder, m.ID+".json"))
	}
	if err != nil {
		return fmt.Errorf("ses: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}
