package conformance

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"strings"
)

// decodeForm gives the names of a form with their first values; nil for what is no form.
func decodeForm(body []byte) any {
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil
	}
	tree := map[string]any{}
	for name := range values {
		tree[name] = values.Get(name)
	}
	return tree
}

// encode writes a tree as the sample is written.
func (one sample) encode(tree any) []byte {
	top, ok := tree.(map[string]any)
	if !one.form || !ok {
		return encode(tree)
	}
	values := url.Values{}
	for name, value := range top {
		values.Set(name, plainText(value))
	}
	return []byte(values.Encode())
}

// plainText is what a form would hold for a value.
func plainText(value any) string {
	if text, ok := value.(string); ok || value == nil {
		return text
	}
	text, err := json.Marshal(value)
	if err != nil {
		return markerText
	}
	return string(text)
}

// shuffled writes the sample with its names in another order and other white space.
func (one sample) shuffled(random *rand.Rand) []byte {
	if !one.form {
		var body bytes.Buffer
		shuffle(&body, one.tree, random)
		return body.Bytes()
	}
	pairs := strings.Split(string(one.encode(one.tree)), "&")
	random.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
	return []byte(strings.Join(pairs, "&"))
}
