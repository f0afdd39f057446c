package s3_test

import (
	"crypto/md5"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"leadline/infra/local/s3"
)

// startOnFile gives a store over a file, and what lies in the folder of its large bodies.
func startOnFile(t *testing.T) (client *awss3.Client, endpoint string, bodies func() []string, restart func() *awss3.Client) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "s3.db")
	store, client, endpoint := start(t, s3.Options{File: file})
	t.Cleanup(func() { _ = store.Close() })
	bodies = func() (names []string) {
		t.Helper()
		entries, err := os.ReadDir(file + "-large")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	restart = func() *awss3.Client {
		t.Helper()
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		store, client, _ = start(t, s3.Options{File: file})
		return client
	}
	return client, endpoint, bodies, restart
}

// pattern is a body of any length that takes no room.
func pattern(n int64) io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{7}), n) }

func sumOf(t *testing.T, r io.Reader) string {
	t.Helper()
	h := md5.New()
	if _, err := io.Copy(h, r); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// TestLargeBodiesAreStreamed uploads by a presigned URL, as a client does, and reads back. Neither way may the body lie in
// memory.
func TestLargeBodiesAreStreamed(t *testing.T) {
	const size = 64 << 20
	client, _, bodies, restart := startOnFile(t)
	key := aws.String("uploads/org_1/01J0000000000000000000BTCH")
	presigned, err := awss3.NewPresignClient(client).PresignPutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String(bucket), Key: key})
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	request, err := http.NewRequest(http.MethodPut, presigned.URL, pattern(size))
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = size
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	sum := sumOf(t, pattern(size))
	if answer.StatusCode != http.StatusOK || answer.Header.Get("ETag") != `"`+sum+`"` {
		t.Fatalf("PUT: %d %s", answer.StatusCode, answer.Header.Get("ETag"))
	}
	client = restart()
	out, err := client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String(bucket), Key: key})
	if err != nil {
		t.Fatal(err)
	}
	if got := sumOf(t, out.Body); got != sum || aws.ToInt64(out.ContentLength) != size || aws.ToString(out.ETag) != `"`+sum+`"` {
		t.Errorf("%d bytes with the sum %s came back, ETag %s", aws.ToInt64(out.ContentLength), got, aws.ToString(out.ETag))
	}
	_ = out.Body.Close()
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20 {
		t.Errorf("%d bytes of memory were taken for a body of %d", took, size)
	}

	all := pattern(size)
	if _, err := io.CopyN(io.Discard, all, 40<<20); err != nil {
		t.Fatal(err)
	}
	want, err := io.ReadAll(io.LimitReader(all, 3))
	if err != nil {
		t.Fatal(err)
	}
	if got, part := get(t, client, *key, "bytes=41943040-41943042"); string(got) != string(want) || aws.ToString(part.ContentRange) != "bytes 41943040-41943042/67108864" {
		t.Errorf("a range: %x %s, want %x", got, aws.ToString(part.ContentRange), want)
	}
	listed, err := client.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String(bucket)})
	if err != nil || len(listed.Contents) != 1 || aws.ToInt64(listed.Contents[0].Size) != size || aws.ToString(listed.Contents[0].ETag) != `"`+sum+`"` {
		t.Errorf("listed as %+v, %v", listed, err)
	}
	if got := bodies(); len(got) != 1 {
		t.Errorf("files: %v", got)
	}
}

// TestLargeBodiesGoWithTheirObjects: a body that was replaced or deleted leaves nothing behind, and conditions hold.
func TestLargeBodiesGoWithTheirObjects(t *testing.T) {
	client, _, bodies, _ := startOnFile(t)
	body := func(fill byte) []byte { return []byte(strings.Repeat(string(fill), 2<<20)) }
	for _, fill := range []byte("ab") {
		if err := put(t, client, "k", body(fill)); err != nil {
			t.Fatal(err)
		}
	}
	once := func(in *awss3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }
	wantCode(t, put(t, client, "k", body('c'), once), "PreconditionFailed")
	wantCode(t, put(t, client, "k", body('c'), func(in *awss3.PutObjectInput) { in.IfMatch = aws.String(`"d41d8cd98f00b204e9800998ecf8427e"`) }), "PreconditionFailed")
	got, out := get(t, client, "k", "")
	if string(got) != string(body('b')) || len(bodies()) != 1 {
		t.Fatalf("%d bytes came back; files: %v", len(got), bodies())
	}
	if err := put(t, client, "k", body('d'), func(in *awss3.PutObjectInput) { in.IfMatch = out.ETag }); err != nil {
		t.Errorf("PUT if it matches: %v", err)
	}
	if _, err := client.CopyObject(t.Context(), &awss3.CopyObjectInput{Bucket: aws.String(bucket), Key: aws.String("copy"), CopySource: aws.String(bucket + "/k")}); err != nil {
		t.Fatal(err)
	}
	if err := put(t, client, "k", []byte("short")); err != nil {
		t.Fatal(err)
	}
	if got, _ := get(t, client, "k", ""); string(got) != "short" {
		t.Errorf("%d bytes came back", len(got))
	}
	if got, _ := get(t, client, "copy", ""); string(got) != string(body('d')) || len(bodies()) != 1 {
		t.Errorf("%d bytes of the copy came back; files: %v", len(got), bodies())
	}
	if _, err := client.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: aws.String(bucket), Key: aws.String("copy")}); err != nil {
		t.Fatal(err)
	}
	if left := bodies(); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestBrokenUploadsLeaveNothing sends half of a body and goes away.
func TestBrokenUploadsLeaveNothing(t *testing.T) {
	client, endpoint, bodies, restart := startOnFile(t)
	if err := put(t, client, "k", []byte("before")); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	connection, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	head := "PUT /" + bucket + "/k HTTP/1.1\r\nHost: " + u.Host + "\r\nContent-Length: 4194304\r\n\r\n"
	if _, err := io.Copy(connection, io.MultiReader(strings.NewReader(head), pattern(2<<20))); err != nil {
		t.Fatal(err)
	}
	seen := false
	for deadline := time.Now().Add(30 * time.Second); !seen && time.Now().Before(deadline); {
		seen = len(bodies()) == 1
	}
	if !seen {
		t.Fatal("nothing is written while the body comes in")
	}
	if err := connection.Close(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); len(bodies()) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("left behind: %v", bodies())
		}
	}
	if got, _ := get(t, client, "k", ""); string(got) != "before" {
		t.Errorf("the object is now %d bytes long", len(got))
	}
	status, _ := do(t, http.MethodPut, endpoint+"/"+bucket+"/k", strings.Repeat("x", 2<<20), http.Header{"Content-Md5": {"mgNkuembtIDdJeHwKEyFVQ=="}})
	if status != http.StatusBadRequest || len(bodies()) != 0 {
		t.Errorf("a body with another digest: %d; files: %v", status, bodies())
	}
	if got, _ := get(t, restart(), "k", ""); string(got) != "before" {
		t.Errorf("after a restart it is %d bytes long", len(got))
	}
}

// TestUnfinishedBodiesAreForgotten: those that were being written when the process ended.
func TestUnfinishedBodiesAreForgotten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "s3.db")
	if err := os.Mkdir(file+"-large", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(file+"-large", "abc.part"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	store, err := s3.Open(s3.Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if left, err := os.ReadDir(file + "-large"); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
