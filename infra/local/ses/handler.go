package ses

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/mail"
	"slices"
	"strings"
)

// Path is where the SDKs send mail to.
const Path = "/v2/email/outbound-emails"

const (
	// maxRecipients and maxBytes are limits of SES: https://docs.aws.amazon.com/ses/latest/dg/quotas.html
	maxRecipients = 50
	maxBytes      = 40 << 20
)

// refusal is an error as SES words it: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors
type refusal struct {
	code, message string
	status        int
}

func (e *refusal) Error() string { return e.code + ": " + e.message }

func refuse(code, format string, args ...any) error {
	status, _ := statusOf(code)
	return &refusal{code, fmt.Sprintf(format, args...), status}
}

// request is a call of SendEmail.
type request struct {
	FromEmailAddress string
	Destination      struct{ ToAddresses, CcAddresses, BccAddresses []string }
	ReplyToAddresses []string
	Content          struct {
		Simple   *simple
		Raw      *struct{ Data []byte }
		Template json.RawMessage
	}
}

// simple is content that SES makes a mail of.
type simple struct {
	Subject content
	Body    struct{ Text, Html *content }
	Headers []struct{ Name, Value string }
}

type content struct{ Data, Charset *string }

// ServeHTTP answers the calls of AWS SDKs.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	m, err := s.answer(w, r)
	if err != nil {
		refused := &refusal{}
		if !errors.As(err, &refused) {
			refused = &refusal{"InternalServiceErrorException", err.Error(), http.StatusInternalServerError}
		}
		w.Header().Set("X-Amzn-ErrorType", refused.code)
		w.WriteHeader(refused.status)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": refused.message}) // what fails here is the connection
		return
	}
	if s.opts.Arrived != nil {
		s.opts.Arrived(m)
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"MessageId": m.ID})
}

func (s *Service) answer(w http.ResponseWriter, r *http.Request) (Mail, error) {
	if r.Method != http.MethodPost || r.URL.Path != Path {
		return Mail{}, refuse("NotFoundException", "This emulator has SendEmail and nothing else of SES.")
	}
	if err := s.failing(); err != nil {
		return Mail{}, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBytes/3*4)) // raw content is base64
	var in request
	if err != nil || json.Unmarshal(body, &in) != nil {
		return Mail{}, refuse("BadRequestException", "The request is malformed or too large.")
	}
	m, err := read(in)
	if err != nil {
		return Mail{}, err
	}
	return s.keep(m)
}

// read makes a mail of a request.
func read(in request) (Mail, error) {
	m := Mail{From: in.FromEmailAddress, To: in.Destination.ToAddresses, Cc: in.Destination.CcAddresses, Bcc: in.Destination.BccAddresses,
		ReplyTo: in.ReplyToAddresses, Headers: map[string]string{}}
	var err error
	switch c := in.Content; {
	case c.Template != nil:
		return Mail{}, refuse("BadRequestException", "This emulator has no templates.")
	case (c.Simple != nil) == (c.Raw != nil):
		return Mail{}, refuse("BadRequestException", "Content must have exactly one of Simple, Raw and Template.")
	case c.Simple != nil:
		err = c.Simple.fill(&m)
	default:
		err = fillRaw(&m, c.Raw.Data)
	}
	if err != nil {
		return Mail{}, err
	}
	return m, check(m)
}

func (c *simple) fill(m *Mail) error {
	if c.Subject.Data == nil {
		return refuse("BadRequestException", "1 validation error detected: Value at 'content.simple.subject.data' failed to satisfy constraint: Member must not be null")
	}
	if c.Body.Text == nil && c.Body.Html == nil {
		return refuse("BadRequestException", "1 validation error detected: the body must have text or html")
	}
	m.Subject = *c.Subject.Data
	for _, part := range []struct {
		from *content
		to   *string
	}{{&c.Subject, &m.Subject}, {c.Body.Text, &m.Text}, {c.Body.Html, &m.HTML}} {
		if part.from == nil || part.from.Data == nil {
			continue
		}
		charset := "us-ascii" // unless another is given, SES takes 7-bit ASCII only
		if part.from.Charset != nil {
			charset = strings.ToLower(*part.from.Charset)
		}
		switch {
		case charset != "utf-8" && charset != "us-ascii" && charset != "iso-8859-1":
			return refuse("BadRequestException", "This emulator does not know the charset %s.", charset)
		case charset == "us-ascii" && strings.ContainsFunc(*part.from.Data, func(r rune) bool { return r > 127 }):
			return refuse("BadRequestException", "The content has characters that its charset, 7-bit ASCII, has not.")
		}
		*part.to = *part.from.Data
	}
	for _, h := range c.Headers {
		printable := func(text string, spaces bool) bool {
			return !strings.ContainsFunc(text, func(r rune) bool { return r > 126 || r < 32 || r == 32 && !spaces })
		}
		if h.Name == "" || len(h.Name) > 126 || len(h.Value) > 995 || strings.Contains(h.Name, ":") || !printable(h.Name, false) || !printable(h.Value, true) {
			return refuse("BadRequestException", "The message header %q is invalid.", h.Name)
		}
		m.Headers[h.Name] = h.Value
	}
	return nil
}

// check refuses what SES does not send.
func check(m Mail) error {
	recipients := slices.Concat(m.To, m.Cc, m.Bcc)
	switch {
	case m.From == "":
		return refuse("BadRequestException", "The From address is missing.")
	case len(recipients) == 0:
		return refuse("BadRequestException", "The destination has no address.")
	case len(recipients) > maxRecipients:
		return refuse("BadRequestException", "Recipient count exceeds %d.", maxRecipients)
	case strings.ContainsAny(m.Subject, "\r\n"):
		return refuse("BadRequestException", "The subject has line breaks.")
	case len(m.Text)+len(m.HTML) > maxBytes:
		return refuse("BadRequestException", "The message is longer than %d bytes.", maxBytes)
	}
	for _, address := range slices.Concat([]string{m.From}, recipients, m.ReplyTo) {
		if problem := wrong(address); problem != "" {
			return refuse("BadRequestException", "%s", problem)
		}
	}
	return nil
}

// wrong says what is wrong with an address, which may have a display name.
func wrong(address string) string {
	parsed, err := mail.ParseAddress(address)
	if err != nil {
		return "Illegal address"
	}
	local, domain, _ := strings.Cut(parsed.Address, "@")
	switch {
	case strings.ContainsFunc(local, func(r rune) bool { return r > 126 || r <= 32 }):
		return "Local address contains control or whitespace"
	case !strings.Contains(domain, ".") || strings.ContainsFunc(domain, func(r rune) bool { return r > 126 }):
		return "Domain contains illegal character or no dot" // names of other scripts must be in Punycode
	}
	return ""
}

// bare gives an address without its display name.
func bare(address string) string {
	if parsed, err := mail.ParseAddress(address); err == nil {
		return parsed.Address
	}
	return address
}
