// Package ses sends letters by Amazon SES.
package ses

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"leadline/shared/awsfault"
	"leadline/shared/fault"
	"leadline/shared/mail"
)

// Client is what a Sender needs of *sesv2.Client.
type Client interface {
	SendEmail(context.Context, *sesv2.SendEmailInput, ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error)
}

var _ Client = (*sesv2.Client)(nil)

// Sender sends letters. It implements mail.Sender.
type Sender struct{ client Client }

var _ mail.Sender = (*Sender)(nil)

// NewSender uses a client.
func NewSender(client Client) *Sender { return &Sender{client} }

// Send sends a letter in one request. That SES takes it does not mean that it arrives: an address on the account's
// suppression list is taken and not sent to.
//
// Errors are of package fault: what SES will never take (an address that is none, or that it refuses) is Invalid; limits
// are RateLimited; a sender that is not verified, an account that may not send and a permission that is missing are
// Internal, for an operator must see to them.
//
// https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
// https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html
func (s *Sender) Send(ctx context.Context, l mail.Letter) error {
	in := &sesv2.SendEmailInput{
		FromEmailAddress: &l.From,
		Destination:      &types.Destination{ToAddresses: []string{l.To}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: content(l.Subject),
			Body:    &types.Body{Text: content(l.Text), Html: content(l.HTML)},
		}},
	}
	for _, h := range l.Headers {
		in.Content.Simple.Headers = append(in.Content.Simple.Headers, types.MessageHeader{Name: aws.String(h.Name), Value: aws.String(h.Value)})
	}
	_, err := s.client.SendEmail(ctx, in)
	return awsfault.Wrap(judge(err, l), "mail: send by SES")
}

func content(text string) *types.Content {
	return &types.Content{Data: &text, Charset: aws.String("UTF-8")}
}

// judge gives what SES refuses its kind. Causes are not kept where they quote an address.
func judge(err error, l mail.Letter) error {
	switch awsfault.Code(err) {
	case "MessageRejected":
		// In the sandbox of SES this names the addresses that are not verified, the sender's among them:
		// https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html
		if blames(err, sender(l.From)) {
			return notSetUp()
		}
		return refused()
	case "BadRequestException":
		return refused()
	case "MailFromDomainNotVerifiedException", "AccountSuspendedException", "SendingPausedException", "NotFoundException":
		return notSetUp()
	case "LimitExceededException":
		return fault.New(fault.RateLimited, "mail_quota", "the mail service is at its limit")
	}
	return err
}

func refused() error {
	return fault.New(fault.Invalid, "mail_refused", "the mail service does not take mail for this address")
}

func notSetUp() error {
	return fault.New(fault.Internal, "mail_not_set_up", "the mail service does not let this installation send: an operator must verify MAIL_FROM in SES, or have SES let the account send")
}

// blames tells whether the text of an error names an address.
func blames(err error, address string) bool {
	var api interface{ ErrorMessage() string }
	return address != "" && errors.As(err, &api) && strings.Contains(strings.ToLower(api.ErrorMessage()), strings.ToLower(address))
}

// sender gives the bare address of a From.
func sender(from string) string {
	_, address, found := strings.Cut(from, "<")
	if !found {
		return from
	}
	return strings.TrimSuffix(address, ">")
}
