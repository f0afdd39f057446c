package s3

import (
	"crypto/md5"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// largeBytes is the length above which a body lies in a file of its own, written and read as a stream. The backends of
// gofakes3 hold each body in memory as a whole, several times over.
const largeBytes = 1 << 20

// unfinished is how the name of a file ends that is still being written.
const unfinished = ".part"

// largeBody is a body that lies in a file. In the headers of its object, names in lower case tell of it.
type largeBody struct {
	File string
	Size int64
	MD5  []byte
}

// files keeps large bodies in a folder.
type files struct {
	folder string
}

// openFiles makes the folder and forgets what was never written to its end.
func openFiles(folder string) (*files, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	left, err := filepath.Glob(filepath.Join(folder, "*"+unfinished))
	for _, name := range left {
		err = errors.Join(err, os.Remove(name))
	}
	return &files{folder: folder}, err
}

// write keeps a body of a size. Until settle it is unfinished.
func (f *files) write(input io.Reader, size int64) (body largeBody, err error) {
	body = largeBody{File: strings.ToLower(rand.Text()), Size: size}
	file, err := os.OpenFile(f.path(body.File)+unfinished, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return largeBody{}, err
	}
	sum := md5.New()
	n, err := io.Copy(io.MultiWriter(file, sum), input)
	if errors.Is(err, io.ErrUnexpectedEOF) || err == nil && n != size {
		err = gofakes3.ErrIncompleteBody
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		f.drop(body)
		return largeBody{}, err
	}
	body.MD5 = sum.Sum(nil)
	return body, nil
}

// settle makes an unfinished body a lasting one.
func (f *files) settle(body largeBody) error {
	return os.Rename(f.path(body.File)+unfinished, f.path(body.File))
}

// drop forgets a body, finished or not. Who reads it reads on. One that cannot be dropped takes up room, nothing else.
func (f *files) drop(body largeBody) {
	_ = os.Remove(f.path(body.File) + unfinished)
	_ = os.Remove(f.path(body.File))
}

// open gives the body's content from an offset.
func (f *files) open(body largeBody, offset int64) (io.ReadCloser, error) {
	file, err := os.Open(f.path(body.File))
	if errors.Is(err, fs.ErrNotExist) { // replaced or deleted since its object was looked up
		return nil, gofakes3.ErrNoSuchKey
	}
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return nil, errors.Join(fmt.Errorf("s3: a body of %d bytes: %w", body.Size, err), file.Close())
	}
	return file, nil
}

func (f *files) path(name string) string { return filepath.Join(f.folder, name) }
