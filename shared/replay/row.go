package replay

import (
	"leadline/shared/fault"
	"leadline/shared/push"
)

// Row gives the one row of a batch's body that an entry is about.
func Row(body []byte, index int) ([]byte, error) {
	contents, err := push.ReadBody(body)
	if err != nil {
		return nil, err
	}
	if index < 0 || index >= len(contents.Rows) {
		return nil, fault.New(fault.Internal, "corrupt_payload", "replay: the payload has no row %d", index)
	}
	return contents.Rows[index], nil
}
