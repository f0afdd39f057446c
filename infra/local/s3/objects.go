package s3

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// objects keeps the headers of an object as one piece. The backends of gofakes3 let an object that replaces another one
// inherit every header that it does not bring itself, so that a checksum or an encoding of the old content would be
// stated for the new one. They also keep headers that belong to the request.
type objects struct {
	gofakes3.Backend
}

// headersKey is under what the backend keeps an object's headers, as JSON.
const headersKey = "headers"

func (o *objects) PutObject(bucket, name string, meta map[string]string, input io.Reader, size int64, conditions *gofakes3.PutConditions) (gofakes3.PutObjectResult, error) {
	headers := map[string]string{"Content-Type": "binary/octet-stream"}
	for key, value := range meta {
		if ofObject(key) {
			headers[key] = value
		}
	}
	text, err := json.Marshal(headers)
	if err != nil {
		return gofakes3.PutObjectResult{}, err
	}
	return o.Backend.PutObject(bucket, name, map[string]string{headersKey: string(text)}, input, size, conditions)
}

// ofObject tells whether a header says something about the object rather than the request.
func ofObject(header string) bool {
	switch header {
	case "Content-Type", "Content-Disposition", "Content-Encoding", "Last-Modified":
		return true
	}
	return strings.HasPrefix(header, "X-Amz-Meta-") || checksum(header)
}

func checksum(header string) bool {
	switch header {
	case "X-Amz-Checksum-Crc32", "X-Amz-Checksum-Crc32c", "X-Amz-Checksum-Crc64nvme", "X-Amz-Checksum-Sha1", "X-Amz-Checksum-Sha256":
		return true
	}
	return false
}

func (o *objects) GetObject(bucket, name string, part *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	object, err := o.Backend.GetObject(bucket, name, part)
	if err != nil {
		return nil, err
	}
	if err := unpack(object); err != nil {
		return nil, err
	}
	if object.Range != nil { // a checksum is that of the whole
		maps.DeleteFunc(object.Metadata, func(header, _ string) bool { return checksum(header) })
	}
	return object, nil
}

func (o *objects) HeadObject(bucket, name string) (*gofakes3.Object, error) {
	object, err := o.Backend.HeadObject(bucket, name)
	if err != nil {
		return nil, err
	}
	return object, unpack(object)
}

func unpack(object *gofakes3.Object) error {
	headers := map[string]string{}
	if err := json.Unmarshal([]byte(object.Metadata[headersKey]), &headers); err != nil {
		return fmt.Errorf("s3: headers of an object: %w", err)
	}
	object.Metadata = headers
	return nil
}

func (o *objects) CopyObject(fromBucket, fromName, toBucket, toName string, meta map[string]string) (gofakes3.CopyObjectResult, error) {
	return gofakes3.CopyObject(o, fromBucket, fromName, toBucket, toName, meta)
}
