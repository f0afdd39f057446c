package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// sampleFile is the event of the seed, as the track mapping's tests have it.
const sampleFile = "shared/track/testdata/opportunity-updated.json"

// object is a JSON object; its numbers stay as they are written.
type object map[string]any

func (o object) inner(name string) object {
	inner, _ := o[name].(map[string]any)
	return inner
}

func (o object) text() []byte {
	text, _ := json.Marshal(map[string]any(o)) // it was JSON, or is made of texts and numbers
	return text
}

func decode(text []byte) (object, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var o object
	return o, d.Decode(&o)
}

// closeTime writes a time as Close does.
func closeTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000+00:00") }

// opportunities gives n of the seed's events, each about one of so many opportunities and newer than those before. Every
// other one brings back the previous data, so that each changes the five fields that the seed's event changes.
func opportunities(first, n, among int) ([][]byte, error) {
	text, err := os.ReadFile(sampleFile)
	if err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	var all [][]byte
	for i := first; i < first+n; i++ {
		o, err := decode(text)
		if err != nil {
			return nil, fmt.Errorf("corpus: %s: %w", sampleFile, err)
		}
		event := o.inner("event")
		data, previous := event.inner("data"), event.inner("previous_data")
		at := time.Date(2019, 1, 15, 12, 48, 23, 392000000, time.UTC).Add(time.Duration(i) * time.Second)
		if i/among%2 == 1 {
			for name, value := range previous {
				data[name], previous[name] = value, data[name]
			}
		}
		data["date_updated"] = closeTime(at)
		event["date_updated"], event["date_created"] = strings.TrimSuffix(closeTime(at), "+00:00"), strings.TrimSuffix(closeTime(at), "+00:00")
		event["id"] = numbered(event["id"], i)
		data["id"] = numbered(data["id"], i%among)
		event["object_id"] = data["id"]
		all = append(all, o.text())
	}
	return all, nil
}

// numbered gives an id of the same length with a number in its end.
func numbered(id any, n int) string {
	text := fmt.Sprint(id)
	digits := fmt.Sprintf("%06d", n)
	return text[:len(text)-len(digits)] + digits
}

// mixed gives n events of all kinds: of 20, five leads, five opportunities, four e-mails with a body of 30 KB, three calls
// and three tasks. The same n give the same events.
func mixed(first, n int) ([][]byte, error) {
	samples := map[string]object{}
	for kind, file := range map[string]string{"lead": "06-lead-custom-fields", "call": "03-call-completed", "task": "04-task-created"} {
		o, err := sampleEvent("events/receive/" + file + ".json")
		if err != nil {
			return nil, err
		}
		samples[kind] = o
	}
	kinds := strings.Fields("lead opportunity email lead call opportunity task email lead opportunity call email task lead opportunity lead email call opportunity task")
	var all [][]byte
	for i := first; i < first+n; i++ {
		kind := kinds[i%len(kinds)]
		switch kind {
		case "opportunity":
			some, err := opportunities(i, 1, 1_000_000)
			if err != nil {
				return nil, err
			}
			all = append(all, some[0])
		case "email":
			all = append(all, email(i))
		default:
			text := samples[kind].text()
			o, err := decode(text)
			if err != nil {
				return nil, err
			}
			event := o.inner("event")
			data := event.inner("data")
			event["id"] = "ev_" + randomText(kind, i)[:22]
			data["id"] = fmt.Sprintf("%.4s_%s", data["id"], randomText(kind, i))
			event["object_id"] = data["id"]
			all = append(all, o.text())
		}
	}
	return all, nil
}

// randomText gives the 43 characters of an id of Close, the same for the same number.
func randomText(kind string, i int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", kind, i))
	return strings.NewReplacer("-", "a", "_", "b").Replace(base64.RawURLEncoding.EncodeToString(sum[:]))
}

// sampleEvent reads the body of a sample of receive.
func sampleEvent(file string) (object, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	var request events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(text, &request); err != nil {
		return nil, fmt.Errorf("corpus: %s: %w", file, err)
	}
	body := []byte(request.Body)
	if request.IsBase64Encoded {
		if body, err = base64.StdEncoding.DecodeString(request.Body); err != nil {
			return nil, fmt.Errorf("corpus: %s: %w", file, err)
		}
	}
	return decode(body)
}

// emailBytes is how long the body of an e-mail is.
const emailBytes = 30 << 10

// email is an e-mail as Close sends it, its body of words that do not pack better than others.
func email(i int) []byte {
	random := rand.New(rand.NewPCG(1, uint64(i)))
	var body strings.Builder
	for body.Len() < emailBytes {
		for range 2 + random.IntN(8) {
			body.WriteByte(byte('a' + random.IntN(26)))
		}
		body.WriteString([]string{" ", " ", " ", ", ", ".<br>\n"}[random.IntN(5)])
	}
	at := closeTime(time.Date(2025, 3, 3, 9, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Second))
	id := "acti_" + randomText("email", i)
	return object{"subscription_id": "whsub_8AmjKCZYT3zI8eZoi4HhFC", "event": object{
		"id": "ev_" + randomText("event", i)[:22], "date_created": at, "date_updated": at, "organization_id": "orga_XbVPx5fFbKlYTz9PW5Ih1XDhViV10YihIaEgMEb6fVW",
		"user_id": "user_lAm7YqrzZj00t1GLK5eTOaRgdkNChswxydbhUhGRbcM", "request_id": "req_4S2L8JTBAA1OUS74SVmfbN", "object_type": "activity.email",
		"object_id": id, "lead_id": "lead_zwqYhEFwzPyfCErS8uQ77is2wFLvr9BgVi6cTfbFM68", "action": "created", "changed_fields": []string{}, "previous_data": object{},
		"data": object{"id": id, "_type": "Email", "lead_id": "lead_zwqYhEFwzPyfCErS8uQ77is2wFLvr9BgVi6cTfbFM68", "contact_id": "cont_BwlwYQkIP6AooiXP1CMvc6Zbb5gGh2gPu4dqIDlDrII",
			"user_id": "user_lAm7YqrzZj00t1GLK5eTOaRgdkNChswxydbhUhGRbcM", "user_name": "Joe Kemp", "direction": "incoming", "status": "inbox",
			"subject": "Re: the offer of last week", "sender": "Mr. Jones <jones@kline.example>", "to": []string{"joe@example.com"}, "cc": []string{}, "bcc": []string{},
			"body_html": body.String()[:emailBytes], "body_preview": body.String()[:180], "thread_id": "acti_" + randomText("thread", i), "attachments": []string{}, "opens": []string{},
			"date_created": at, "date_updated": at, "date_sent": at,
			"organization_id": "orga_XbVPx5fFbKlYTz9PW5Ih1XDhViV10YihIaEgMEb6fVW"},
	}}.text()
}

// creates gives a push of rows first to first+n-1, which create; about 280 bytes each, as a client's order may be.
func creates(c *customer, objectName string, first, n int) []byte {
	return pushed(c, objectName, first, n, func(i int) object {
		return object{"id": fmt.Sprintf("ORD-2026-%08d", i), "action": "create", "customer_id": fmt.Sprintf("C-%06d", i%1000),
			"customer_name": "Harbor & Pine Studio", "status": "open", "product": "Annual plan, 25 seats", "quantity": 25,
			"amount": json.Number(fmt.Sprintf("%d.%02d", 1000+i%9000, i%100)), "currency": "USD", "sales_rep": fmt.Sprintf("rep%02d@example.com", i%40),
			"region": "EMEA", "ordered_at": time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC).Format(time.RFC3339)}
	})
}

// updates gives a push that changes three fields of the same rows.
func updates(c *customer, objectName string, first, n int) []byte {
	return pushed(c, objectName, first, n, func(i int) object {
		return object{"id": fmt.Sprintf("ORD-2026-%08d", i), "action": "update", "status": "paid", "quantity": 30,
			"amount": json.Number(fmt.Sprintf("%d.%02d", 2000+i%9000, i%100))}
	})
}

func pushed(c *customer, objectName string, first, n int, row func(i int) object) []byte {
	rows := make([]object, n)
	for i := range rows {
		rows[i] = row(first + i)
	}
	return object{"clientid": c.client.ID, "clientSecret": c.client.Secret, "objectname": objectName, "data": rows}.text()
}
