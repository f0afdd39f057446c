package s3

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"
	"sync"

	"github.com/johannesboyne/gofakes3"
)

// objects keeps the headers of an object as one piece. The backends of gofakes3 let an object that replaces another one
// inherit every header that it does not bring itself, so that a checksum or an encoding of the old content would be
// stated for the new one. They also keep headers that belong to the request.
//
// Where it has files, it keeps large bodies there, and in the backend an object without a body that tells of them.
type objects struct {
	gofakes3.Backend
	files *files // nil to leave all bodies to the backend

	// changes is held while an object is replaced or deleted, so that conditions hold and no body is left behind.
	changes sync.Mutex
}

// headersKey is under what the backend keeps an object's headers, as JSON.
const headersKey = "headers"

// Where the headers tell of a large body. No header of HTTP is kept in lower case.
const (
	bodyFile = "body-file"
	bodySize = "body-size"
	bodyMD5  = "body-md5"
)

func (o *objects) PutObject(bucket, name string, meta map[string]string, input io.Reader, size int64, conditions *gofakes3.PutConditions) (gofakes3.PutObjectResult, error) {
	none := gofakes3.PutObjectResult{}
	headers := map[string]string{"Content-Type": "binary/octet-stream"}
	for key, value := range meta {
		if ofObject(key) {
			headers[key] = value
		}
	}
	// The body is read before the lock is taken: whoever sends it may take long.
	var large largeBody
	if o.files != nil && size > largeBytes {
		var err error
		if large, err = o.files.write(input, size); err != nil {
			return none, err
		}
		headers[bodyFile], headers[bodySize], headers[bodyMD5] = large.File, strconv.FormatInt(size, 10), hex.EncodeToString(large.MD5)
		input, size = bytes.NewReader(nil), 0
	} else {
		body, err := gofakes3.ReadAll(input, size)
		if err != nil {
			return none, err
		}
		input = bytes.NewReader(body)
	}
	text, err := json.Marshal(headers)
	if err != nil {
		return none, err
	}
	o.changes.Lock()
	defer o.changes.Unlock()
	replaced, err := o.replaces(bucket, name, conditions)
	if err == nil && large.File != "" {
		err = o.files.settle(large)
	}
	var result gofakes3.PutObjectResult
	if err == nil {
		result, err = o.Backend.PutObject(bucket, name, map[string]string{headersKey: string(text)}, input, size, nil)
	}
	switch {
	case err != nil && large.File != "":
		o.files.drop(large)
	case err == nil && replaced.File != "":
		o.files.drop(replaced)
	}
	return result, err
}

// replaces gives the large body that a write replaces, if there is one, and refuses a write whose conditions do not hold.
func (o *objects) replaces(bucket, name string, conditions *gofakes3.PutConditions) (largeBody, error) {
	object, body, err := o.head(bucket, name)
	missing := gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey)
	if err != nil && !missing {
		return largeBody{}, err
	}
	if conditions == nil {
		return body, nil
	}
	info := &gofakes3.ConditionalObjectInfo{Exists: !missing}
	if info.Exists {
		info.Hash = object.Hash
	}
	return body, gofakes3.CheckPutConditions(conditions, info)
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
	object, err := o.Backend.GetObject(bucket, name, nil)
	if err != nil {
		return nil, err
	}
	body, err := unpack(object)
	if err != nil {
		return nil, errors.Join(err, object.Contents.Close())
	}
	if object.Range, err = part.Range(object.Size); err != nil {
		_ = object.Contents.Close() // what matters is the range that is none
		return nil, err
	}
	offset := int64(0)
	if object.Range != nil {
		offset = object.Range.Start
		maps.DeleteFunc(object.Metadata, func(header, _ string) bool { return checksum(header) }) // a checksum is that of the whole
	}
	if body.File != "" {
		object.Contents, err = o.files.open(body, offset)
	} else {
		_, err = io.CopyN(io.Discard, object.Contents, offset)
	}
	if err == nil && object.Range != nil {
		object.Contents = cut{io.LimitReader(object.Contents, object.Range.Length), object.Contents}
	}
	return object, err
}

// cut is a part of a body.
type cut struct {
	io.Reader
	io.Closer
}

func (o *objects) HeadObject(bucket, name string) (*gofakes3.Object, error) {
	object, _, err := o.head(bucket, name)
	return object, err
}

func (o *objects) head(bucket, name string) (*gofakes3.Object, largeBody, error) {
	object, err := o.Backend.HeadObject(bucket, name)
	if err != nil {
		return nil, largeBody{}, err
	}
	body, err := unpack(object)
	return object, body, err
}

// unpack gives an object its own headers, and where its body lies in a file, that body's size and hash.
func unpack(object *gofakes3.Object) (body largeBody, err error) {
	headers := map[string]string{}
	if err := json.Unmarshal([]byte(object.Metadata[headersKey]), &headers); err != nil {
		return largeBody{}, fmt.Errorf("s3: headers of an object: %w", err)
	}
	if headers[bodyFile] != "" {
		body.File = headers[bodyFile]
		if body.Size, err = strconv.ParseInt(headers[bodySize], 10, 64); err == nil {
			body.MD5, err = hex.DecodeString(headers[bodyMD5])
		}
		if err != nil {
			return largeBody{}, fmt.Errorf("s3: headers of an object: %w", err)
		}
		object.Size, object.Hash = body.Size, body.MD5
	}
	for _, own := range []string{bodyFile, bodySize, bodyMD5} {
		delete(headers, own)
	}
	object.Metadata = headers
	return body, nil
}

// ListBucket gives objects with a large body their size and hash.
func (o *objects) ListBucket(bucket string, prefix *gofakes3.Prefix, page gofakes3.ListBucketPage) (*gofakes3.ObjectList, error) {
	list, err := o.Backend.ListBucket(bucket, prefix, page)
	if err != nil || o.files == nil {
		return list, err
	}
	for _, content := range list.Contents {
		if content.Size > 0 {
			continue
		}
		switch object, body, err := o.head(bucket, content.Key); {
		case gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey): // deleted since
		case err != nil:
			return nil, err
		case body.File != "":
			content.Size, content.ETag = object.Size, gofakes3.FormatETag(object.Hash)
		}
	}
	return list, nil
}

func (o *objects) DeleteObject(bucket, name string) (gofakes3.ObjectDeleteResult, error) {
	o.changes.Lock()
	defer o.changes.Unlock()
	bodies := o.bodies(bucket, name)
	result, err := o.Backend.DeleteObject(bucket, name)
	if err == nil {
		o.drop(bodies)
	}
	return result, err
}

func (o *objects) DeleteMulti(bucket string, names ...string) (gofakes3.MultiDeleteResult, error) {
	o.changes.Lock()
	defer o.changes.Unlock()
	bodies := o.bodies(bucket, names...)
	result, err := o.Backend.DeleteMulti(bucket, names...)
	if err == nil && len(result.Error) == 0 {
		o.drop(bodies)
	}
	return result, err
}

// bodies lists the large bodies of objects.
func (o *objects) bodies(bucket string, names ...string) (all []largeBody) {
	if o.files == nil {
		return nil
	}
	for _, name := range names {
		if _, body, err := o.head(bucket, name); err == nil && body.File != "" {
			all = append(all, body)
		}
	}
	return all
}

func (o *objects) drop(bodies []largeBody) {
	for _, body := range bodies {
		o.files.drop(body)
	}
}

func (o *objects) CopyObject(fromBucket, fromName, toBucket, toName string, meta map[string]string) (gofakes3.CopyObjectResult, error) {
	return gofakes3.CopyObject(o, fromBucket, fromName, toBucket, toName, meta)
}
