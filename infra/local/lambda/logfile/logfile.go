// Package logfile writes log files that stay small: a file that is full is renamed, and the oldest is dropped.
package logfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// File is a log file. It is safe for concurrent use.
type File struct {
	path string
	max  int64
	keep int

	mu   sync.Mutex
	file *os.File
	size int64
}

// Open opens path for appending, with its directory. Before it would grow beyond max bytes it is renamed to path.1, an
// older path.1 to path.2 and so on; of those, keep are kept. One write larger than max goes into one file all the same.
// Only the owner can read it.
func Open(path string, max int64, keep int) (*File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("logfile: %w", err)
	}
	f := &File{path: path, max: max, keep: keep}
	return f, f.open()
}

func (f *File) open() error {
	file, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("logfile: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(fmt.Errorf("logfile: %w", err), file.Close())
	}
	f.file, f.size = file, info.Size()
	return nil
}

// Write appends p to the file; p is never split over two files.
func (f *File) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return 0, fmt.Errorf("logfile: %w", os.ErrClosed)
	}
	if f.size > 0 && f.size+int64(len(p)) > f.max {
		if err := f.rotate(); err != nil {
			return 0, err
		}
	}
	n, err := f.file.Write(p)
	f.size += int64(n)
	return n, err
}

func (f *File) rotate() error {
	if err := f.file.Close(); err != nil {
		return fmt.Errorf("logfile: %w", err)
	}
	f.file = nil
	for i := f.keep; i > 0; i-- {
		older := fmt.Sprintf("%s.%d", f.path, i)
		newer := fmt.Sprintf("%s.%d", f.path, i-1)
		if i == 1 {
			newer = f.path
		}
		if err := os.Rename(newer, older); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("logfile: %w", err)
		}
	}
	if f.keep < 1 {
		if err := os.Remove(f.path); err != nil {
			return fmt.Errorf("logfile: %w", err)
		}
	}
	return f.open()
}

// Close closes the file. Writes fail from then on.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}
