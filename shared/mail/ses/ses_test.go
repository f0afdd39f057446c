package ses_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"

	emulator "leadline/infra/local/ses"
	"leadline/shared/fault"
	"leadline/shared/mail"
	"leadline/shared/mail/ses"
)

func letter() mail.Letter {
	return mail.Letter{From: `"Leadline" <notices@example.com>`, To: "ada@example.org", Subject: "Grüße: Acme", Text: "It is döne.", HTML: "<p>It is döne.</p>",
		Headers: []mail.Header{{Name: mail.NoticeHeader, Value: "01N"}, {Name: "Auto-Submitted", Value: "auto-generated"}}}
}

func client(t *testing.T, handler http.Handler) *sesv2.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return sesv2.New(sesv2.Options{BaseEndpoint: &server.URL, Region: "us-east-1", RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")})
}

// TestALetterArrivesWhole through the SDK and the emulator.
func TestALetterArrivesWhole(t *testing.T) {
	service, err := emulator.Open(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l := letter()
	if err := ses.NewSender(client(t, service)).Send(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	m := service.Mails()[0]
	if m.From != l.From || len(m.To) != 1 || m.To[0] != l.To || m.Subject != l.Subject || m.Text != l.Text || m.HTML != l.HTML ||
		m.Headers[mail.NoticeHeader] != "01N" || m.Headers["Auto-Submitted"] != "auto-generated" {
		t.Errorf("%+v", m)
	}
}

// TestWhatSESRefuses has the kind that decides what becomes of the mail.
func TestWhatSESRefuses(t *testing.T) {
	service, err := emulator.Open(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sender := ses.NewSender(client(t, service))
	for code, want := range map[string]fault.Kind{
		"BadRequestException": fault.Invalid, "MessageRejected": fault.Invalid,
		"TooManyRequestsException": fault.RateLimited, "LimitExceededException": fault.RateLimited,
		"InternalServiceErrorException":      fault.Unavailable,
		"MailFromDomainNotVerifiedException": fault.Internal, "SendingPausedException": fault.Internal, "AccountSuspendedException": fault.Internal,
		"NotFoundException": fault.Internal,
	} {
		if err := service.Fail(code, 1); err != nil {
			t.Fatal(err)
		}
		if err := sender.Send(t.Context(), letter()); !fault.Is(err, want) {
			t.Errorf("%s: got %v, want the kind %s", code, err, want)
		}
	}
	wrong := letter()
	wrong.To = "ada"
	if err := sender.Send(t.Context(), wrong); !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "ada") {
		t.Errorf("an address of no form: %v", err)
	}
	if len(service.Mails()) != 0 {
		t.Errorf("%d mails", len(service.Mails()))
	}
	gone := ses.NewSender(sesv2.New(sesv2.Options{BaseEndpoint: aws.String("http://127.0.0.1:1"), Region: "us-east-1", RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")}))
	if err := gone.Send(t.Context(), letter()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("nobody there: %v", err)
	}
	denied := ses.NewSender(client(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-ErrorType", "AccessDeniedException")
		w.WriteHeader(http.StatusForbidden)
	})))
	if err := denied.Send(t.Context(), letter()); !fault.Is(err, fault.Internal) {
		t.Errorf("a permission that is missing: %v", err)
	}
}

// failing is a client that fails.
type failing struct{ err error }

func (f failing) SendEmail(context.Context, *sesv2.SendEmailInput, ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error) {
	return nil, f.err
}

// TestWhoIsNotVerified: it is an operator's matter if it is the sender, and the person's if it is the address.
func TestWhoIsNotVerified(t *testing.T) {
	const says = "Email address is not verified. The following identities failed the check in region US-EAST-1: "
	for identities, want := range map[string]fault.Kind{
		"ada@example.org": fault.Invalid, "Notices@Example.com": fault.Internal, "ada@example.org, notices@example.com": fault.Internal,
	} {
		rejected := &types.MessageRejected{Message: aws.String(says + identities)}
		err := ses.NewSender(failing{&smithy.OperationError{ServiceID: "SESv2", OperationName: "SendEmail", Err: rejected}}).Send(t.Context(), letter())
		if !fault.Is(err, want) || strings.Contains(err.Error(), "ada@") {
			t.Errorf("%s: got %v, want the kind %s", identities, err, want)
		}
	}
	bare := letter()
	bare.From = "notices@example.com"
	err := ses.NewSender(failing{&types.MessageRejected{Message: aws.String(says + "notices@example.com")}}).Send(t.Context(), bare)
	if !fault.Is(err, fault.Internal) {
		t.Errorf("a sender without a name: %v", err)
	}
	if err := ses.NewSender(failing{errors.New("strange")}).Send(t.Context(), letter()); !fault.Is(err, fault.Internal) {
		t.Errorf("what nobody foresaw: %v", err)
	}
}
