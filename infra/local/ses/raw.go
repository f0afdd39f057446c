package ses

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
)

// fillRaw reads a mail that the sender made itself. Addresses of the request win over those of the mail.
func fillRaw(m *Mail, data []byte) error {
	if len(data) > maxBytes {
		return refuse("BadRequestException", "The message is longer than %d bytes.", maxBytes)
	}
	raw, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return refuse("MessageRejected", "The message cannot be read as one.")
	}
	decoder := mime.WordDecoder{}
	for name, values := range raw.Header {
		value, err := decoder.DecodeHeader(values[0])
		if err != nil {
			value = values[0]
		}
		switch name {
		case "Subject":
			m.Subject = value
		case "From":
			if m.From == "" {
				m.From = value
			}
		case "Message-Id", "Date": // SES has its own
		default:
			m.Headers[name] = value
		}
	}
	if len(m.To)+len(m.Cc)+len(m.Bcc) == 0 {
		for name, to := range map[string]*[]string{"To": &m.To, "Cc": &m.Cc, "Bcc": &m.Bcc} {
			addresses, err := raw.Header.AddressList(name)
			if err != nil && !errors.Is(err, mail.ErrHeaderNotPresent) {
				return refuse("BadRequestException", "Illegal address")
			}
			for _, a := range addresses {
				*to = append(*to, a.String())
			}
		}
	}
	if err := m.part(textproto.MIMEHeader(raw.Header), raw.Body, 0); err != nil {
		return refuse("MessageRejected", "The message cannot be read as MIME.")
	}
	return nil
}

// part reads the texts of a MIME part and of those in it. Attachments are left out.
func (m *Mail) part(header textproto.MIMEHeader, body io.Reader, depth int) error {
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if header.Get("Content-Type") == "" {
		kind, err = "text/plain", nil
	}
	if err != nil {
		return err
	}
	if strings.HasPrefix(kind, "multipart/") {
		if depth > 10 {
			return errors.New("nested too deep")
		}
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err == nil {
				err = m.part(p.Header, p, depth+1)
			}
			if err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(header.Get("Content-Transfer-Encoding")) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	attached := strings.HasPrefix(strings.ToLower(header.Get("Content-Disposition")), "attachment")
	switch {
	case err != nil:
		return err
	case kind == "text/plain" && !attached && m.Text == "":
		m.Text = string(text)
	case kind == "text/html" && !attached && m.HTML == "":
		m.HTML = string(text)
	}
	return nil
}
