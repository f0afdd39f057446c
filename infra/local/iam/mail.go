package iam

import (
	"encoding/json"
	"net/http"
	"net/mail"
	"strings"
)

// SES guards SES.
func (g *Guard) SES(next http.Handler) http.Handler {
	return g.guard(service{needs: g.mailNeeds, refuse: refuseMail, bodies: 64 << 20}, passTo(next))
}

// mailNeeds lists what a call of SES needs: the right to send as the identity of the sender. That is the one that the
// call names, else the sender's domain, as if that were what is verified and not each address.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html
func (g *Guard) mailNeeds(r *http.Request, body []byte) []Grant {
	var in struct {
		FromEmailAddress, FromEmailAddressIdentityArn string
		Content                                       struct{ Raw json.RawMessage }
	}
	err := json.Unmarshal(body, &in)
	if err != nil || r.URL.Path != "/v2/email/outbound-emails" {
		return []Grant{{"ses:" + r.Method + r.URL.Path, everything}} // which nothing allows
	}
	action, resource := "ses:SendEmail", everything
	if in.Content.Raw != nil {
		action = "ses:SendRawEmail"
	}
	if from, err := mail.ParseAddress(in.FromEmailAddress); err == nil {
		_, domain, _ := strings.Cut(from.Address, "@")
		resource = g.arn("ses", "identity/", strings.ToLower(domain))
	}
	if in.FromEmailAddressIdentityArn != "" {
		resource = in.FromEmailAddressIdentityArn
	}
	return []Grant{{action, resource}}
}

func refuseMail(rw http.ResponseWriter, _ *http.Request, message string) {
	text, _ := json.Marshal(map[string]string{"message": message})
	rw.Header().Set("Content-Type", "application/json")
	rw.Header().Set("X-Amzn-ErrorType", "AccessDeniedException")
	answer(rw, http.StatusForbidden, text)
}
