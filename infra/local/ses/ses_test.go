package ses_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"leadline/infra/local/ses"
)

func start(t *testing.T, opts ses.Options) (*ses.Service, *sesv2.Client) {
	t.Helper()
	service, err := ses.Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	return service, sesv2.New(sesv2.Options{
		BaseEndpoint: &server.URL, Region: "us-east-1", RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

func text(data string) *types.Content {
	return &types.Content{Data: &data, Charset: aws.String("UTF-8")}
}

// simple is a mail as Leadline sends it; change makes another of it.
func simple(change ...func(*sesv2.SendEmailInput)) *sesv2.SendEmailInput {
	in := &sesv2.SendEmailInput{
		FromEmailAddress: aws.String(`"Leadline" <notices@example.com>`), Destination: &types.Destination{ToAddresses: []string{"ada@example.org"}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: text("Grüße"), Body: &types.Body{Text: text("It is done."), Html: text("<p>It is <b>done</b>.</p>")},
			Headers: []types.MessageHeader{{Name: aws.String("X-Leadline-Notice"), Value: aws.String("01N")}},
		}},
	}
	for _, c := range change {
		c(in)
	}
	return in
}

func raw(data string) *sesv2.SendEmailInput {
	return &sesv2.SendEmailInput{Content: &types.EmailContent{Raw: &types.RawMessage{Data: []byte(data)}}}
}

func TestSimpleContent(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 5, time.UTC)
	var arrived []ses.Mail
	service, client := start(t, ses.Options{Now: func() time.Time { return now }, Arrived: func(m ses.Mail) { arrived = append(arrived, m) }})
	out, err := client.SendEmail(t.Context(), simple(func(in *sesv2.SendEmailInput) {
		in.Destination.CcAddresses, in.Destination.BccAddresses, in.ReplyToAddresses = []string{"c@example.org"}, []string{"b@example.org"}, []string{"r@example.org"}
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := ses.Mail{ID: *out.MessageId, At: now, From: `"Leadline" <notices@example.com>`, To: []string{"ada@example.org"}, Cc: []string{"c@example.org"},
		Bcc: []string{"b@example.org"}, ReplyTo: []string{"r@example.org"}, Subject: "Grüße", Text: "It is done.", HTML: "<p>It is <b>done</b>.</p>", State: ses.Delivered,
		Headers: map[string]string{"X-Leadline-Notice": "01N", "Message-ID": "<" + *out.MessageId + "@us-east-1.amazonses.com>"}}
	if diff := cmp.Diff([]ses.Mail{want}, service.Mails()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]ses.Mail{want}, arrived); diff != "" {
		t.Errorf("what was told of it (-want +got):\n%s", diff)
	}
}

func TestRawContent(t *testing.T) {
	service, client := start(t, ses.Options{})
	multipart := "From: =?utf-8?q?Gr=C3=BC=C3=9Fe?= <notices@example.com>\r\nTo: Ada <ada@example.org>, bob@example.org\r\nCc: c@example.org\r\n" +
		"Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\nMessage-ID: <mine@example.com>\r\nX-Own: 1\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n" +
		"--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n" +
		"--a\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=\r\n=C3=9Fe\r\n" +
		"--a\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+aGk8L2I+\r\n--a--\r\n" +
		"--m\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=x\r\n\r\nattached\r\n--m--\r\n"
	out, err := client.SendEmail(t.Context(), raw(multipart))
	if err != nil {
		t.Fatal(err)
	}
	m, found := service.Mail(*out.MessageId)
	if !found || m.Subject != "Grüße" || m.Text != "Grüße" || m.HTML != "<b>hi</b>" || !slices.Equal(m.To, []string{`"Ada" <ada@example.org>`, "<bob@example.org>"}) ||
		!slices.Equal(m.Cc, []string{"<c@example.org>"}) || m.From != "Grüße <notices@example.com>" || m.Headers["X-Own"] != "1" || strings.Contains(m.Headers["Message-ID"], "mine") {
		t.Errorf("%v %+v", found, m)
	}
	plain := raw("Subject: s\r\nFrom: a@example.com\r\n\r\nhi\r\n")
	plain.Destination, plain.FromEmailAddress = &types.Destination{ToAddresses: []string{"ada@example.org"}}, aws.String("b@example.com")
	if out, err = client.SendEmail(t.Context(), plain); err != nil {
		t.Fatal(err)
	}
	if m, _ := service.Mail(*out.MessageId); m.From != "b@example.com" || m.Text != "hi\r\n" || !slices.Equal(m.To, []string{"ada@example.org"}) {
		t.Errorf("%+v", m)
	}
}

// TestRefusals are those of SES, as the SDK reports them.
func TestRefusals(t *testing.T) {
	service, client := start(t, ses.Options{})
	from := func(address string) func(*sesv2.SendEmailInput) {
		return func(in *sesv2.SendEmailInput) { in.FromEmailAddress = aws.String(address) }
	}
	to := func(addresses ...string) func(*sesv2.SendEmailInput) {
		return func(in *sesv2.SendEmailInput) { in.Destination.ToAddresses = addresses }
	}
	header := func(name, value string) func(*sesv2.SendEmailInput) {
		return func(in *sesv2.SendEmailInput) {
			in.Content.Simple.Headers = []types.MessageHeader{{Name: &name, Value: &value}}
		}
	}
	many := make([]string, 51)
	for i := range many {
		many[i] = fmt.Sprintf("a%d@example.org", i)
	}
	for name, test := range map[string]struct {
		in   *sesv2.SendEmailInput
		code string
	}{
		"no sender":           {simple(func(in *sesv2.SendEmailInput) { in.FromEmailAddress = nil }), "BadRequestException"},
		"a sender of no form": {simple(from("Leadline")), "BadRequestException"},
		"nobody":              {simple(to()), "BadRequestException"},
		"too many":            {simple(to(many...)), "BadRequestException"},
		"an address of none":  {simple(to("ada")), "BadRequestException"},
		"two in one":          {simple(to("a@example.org, b@example.org")), "BadRequestException"},
		"no dot":              {simple(to("ada@localhost")), "BadRequestException"},
		"another script":      {simple(to("ädä@example.org")), "BadRequestException"},
		"a header's name":     {simple(header("X Y", "1")), "BadRequestException"},
		"a header's value":    {simple(header("X", "1\r\nBcc: x@example.org")), "BadRequestException"},
		"lines in a subject":  {simple(func(in *sesv2.SendEmailInput) { in.Content.Simple.Subject = text("a\nb") }), "BadRequestException"},
		"not ASCII":           {simple(func(in *sesv2.SendEmailInput) { in.Content.Simple.Subject.Charset = nil }), "BadRequestException"},
		"a charset":           {simple(func(in *sesv2.SendEmailInput) { in.Content.Simple.Subject.Charset = aws.String("koi8-r") }), "BadRequestException"},
		"no body":             {simple(func(in *sesv2.SendEmailInput) { in.Content.Simple.Body = &types.Body{} }), "BadRequestException"},
		"both contents":       {simple(func(in *sesv2.SendEmailInput) { in.Content.Raw = &types.RawMessage{Data: []byte("x")} }), "BadRequestException"},
		"no content":          {simple(func(in *sesv2.SendEmailInput) { in.Content = &types.EmailContent{} }), "BadRequestException"},
		"a template":          {simple(func(in *sesv2.SendEmailInput) { in.Content = &types.EmailContent{Template: &types.Template{}} }), "BadRequestException"},
		"no message":          {raw("nonsense"), "MessageRejected"},
		"broken MIME":         {raw("From: a@example.com\r\nTo: b@example.com\r\nContent-Type: multipart/mixed\r\n\r\nx"), "MessageRejected"},
		"a raw address":       {raw("From: a@example.com\r\nTo: nobody\r\n\r\nx"), "BadRequestException"},
	} {
		_, err := client.SendEmail(t.Context(), test.in)
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != test.code || api.ErrorMessage() == "" {
			t.Errorf("%s: got %v, want %s", name, err, test.code)
		}
	}
	if len(service.Mails()) != 0 {
		t.Errorf("kept: %+v", service.Mails())
	}
	if _, err := client.GetAccount(t.Context(), &sesv2.GetAccountInput{}); err == nil {
		t.Error("an operation that the emulator has not succeeds")
	}
}

// TestFailuresThatWereAskedFor come in their order, so many times, typed as in SES.
func TestFailuresThatWereAskedFor(t *testing.T) {
	service, client := start(t, ses.Options{})
	for _, f := range []struct {
		code  string
		times int
	}{{"TooManyRequestsException", 2}, {"MessageRejected", 1}} {
		if err := service.Fail(f.code, f.times); err != nil {
			t.Fatal(err)
		}
	}
	if err := service.Fail("NoSuchException", 1); err == nil {
		t.Error("an error that SES has not is promised")
	}
	var throttled *types.TooManyRequestsException
	var rejected *types.MessageRejected
	for i, want := range []any{&throttled, &throttled, &rejected} {
		if _, err := client.SendEmail(t.Context(), simple()); !errors.As(err, want) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if _, err := client.SendEmail(t.Context(), simple()); err != nil || len(service.Mails()) != 1 {
		t.Errorf("after the failures: %v, %d mails", err, len(service.Mails()))
	}
	for _, code := range []string{"BadRequestException", "MailFromDomainNotVerifiedException", "SendingPausedException", "AccountSuspendedException",
		"LimitExceededException", "NotFoundException", "InternalServiceErrorException"} {
		if err := service.Fail(code, 1); err != nil {
			t.Fatal(err)
		}
		var api smithy.APIError
		if _, err := client.SendEmail(t.Context(), simple()); !errors.As(err, &api) || api.ErrorCode() != code {
			t.Errorf("%s: %v", code, err)
		}
	}
}

func TestMailboxSimulator(t *testing.T) {
	service, client := start(t, ses.Options{})
	for address, want := range map[string]string{"success@simulator.amazonses.com": ses.Delivered, "bounce+7@simulator.amazonses.com": ses.Bounced,
		"complaint@simulator.amazonses.com": ses.Complained, "suppressionlist@simulator.amazonses.com": ses.Suppressed} {
		out, err := client.SendEmail(t.Context(), simple(func(in *sesv2.SendEmailInput) { in.Destination.ToAddresses = []string{address} }))
		if err != nil {
			t.Fatal(err)
		}
		if m, _ := service.Mail(*out.MessageId); m.State != want {
			t.Errorf("%s: %s", address, m.State)
		}
	}
}

// TestMailboxSurvives a restart, in order, readable by its owner only.
func TestMailboxSurvives(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "mail")
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	tick := func() time.Time { now = now.Add(time.Second); return now }
	service, client := start(t, ses.Options{Folder: folder, Now: tick})
	for range 3 {
		if _, err := client.SendEmail(t.Context(), simple()); err != nil {
			t.Fatal(err)
		}
	}
	again, _ := start(t, ses.Options{Folder: folder})
	if diff := cmp.Diff(service.Mails(), again.Mails()); diff != "" || len(again.Mails()) != 3 || !again.Mails()[0].At.After(again.Mails()[2].At) {
		t.Errorf("(-before +after):\n%s", diff)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) != 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	if info, err := os.Stat(files[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(files[0], []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ses.Open(ses.Options{Folder: folder}); err == nil || !strings.Contains(err.Error(), files[0]) {
		t.Errorf("a spoilt mailbox: %v", err)
	}
}

func TestMailbox(t *testing.T) {
	service, client := start(t, ses.Options{})
	for _, to := range []string{"ada@example.org", "Bob <bob@example.org>"} {
		if _, err := client.SendEmail(t.Context(), simple(func(in *sesv2.SendEmailInput) {
			in.Destination.ToAddresses = []string{to}
			in.Content.Simple.Subject = text("<script>1</script>")
		})); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(service.Mailbox("/_local/mail"))
	defer server.Close()
	ask := func(method, path string) (int, http.Header, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, response.Header, string(body)
	}
	for query, want := range map[string]int{"": 2, "?to=bob@example.org": 1, "?to=eve@example.org": 0} {
		status, _, body := ask("GET", "/_local/mail"+query)
		var list struct{ Items []ses.Mail }
		if err := json.Unmarshal([]byte(body), &list); err != nil || status != 200 || len(list.Items) != want || list.Items == nil {
			t.Errorf("%s: %d %s, %v", query, status, body, err)
		}
	}
	status, header, body := ask("GET", "/_local/mail/"+service.Mails()[0].ID)
	if status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "text/html") || !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") ||
		strings.Contains(body, "<script>") || !strings.Contains(body, "bob@example.org") || !strings.Contains(body, "It is done.") || !strings.Contains(body, "srcdoc") {
		t.Errorf("%d %v %s", status, slices.Collect(maps.Keys(header)), body)
	}
	for path, want := range map[string]int{"GET /_local/mail/none": 404, "POST /_local/mail/fail?code=Nonsense": 400, "POST /_local/mail/fail?code=MessageRejected&times=x": 400,
		"POST /_local/mail/fail?code=MessageRejected&times=0": 400, "POST /_local/mail/fail?code=MessageRejected": 200} {
		method, path, _ := strings.Cut(path, " ")
		if status, _, body := ask(method, path); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if _, err := client.SendEmail(t.Context(), simple()); err == nil {
		t.Error("the failure that was asked for did not come")
	}
}
