package conformance

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// forbiddenImports are packages by which a connector would do more than it may.
func forbiddenImports() []string {
	return []string{"os", "os/exec", "log", "log/slog", "net", "syscall", "unsafe", "testing", "math/rand", "math/rand/v2", "crypto/rand", "sync", "sync/atomic"}
}

// forbiddenCalls are functions by which it would read the clock, sleep or make requests of its own.
func forbiddenCalls() map[string][]string {
	return map[string][]string{
		"time": {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer"},
		"net/http": {"Get", "Head", "Post", "PostForm", "NewRequest", "NewRequestWithContext", "Client", "DefaultClient", "Transport",
			"DefaultTransport", "ListenAndServe", "Server"},
		"fmt":     {"Print", "Printf", "Println"},
		"context": {"Background", "TODO"},
	}
}

// checkSource reads the connector's own Go files.
func (s *suite) checkSource() {
	files, err := s.sources()
	if err == nil && len(files) == 0 {
		err = errors.New("there are no Go files")
	}
	if err != nil {
		s.fail(Source, "the code cannot be read: %v", err)
		return
	}
	for _, name := range keys(files) {
		s.checkFile(name, files[name])
	}
}

func (s *suite) sources() (map[string]*ast.File, error) {
	files := map[string]*ast.File{}
	read := func(name string, text any) error {
		if strings.HasSuffix(name, "_test.go") && s.options.Source == nil {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		files[filepath.Base(name)] = file
		return err
	}
	if s.options.Source == nil {
		names, err := filepath.Glob("*.go")
		for _, name := range names {
			err = errors.Join(err, read(name, nil))
		}
		return files, err
	}
	names, err := fs.Glob(s.options.Source, "*.go")
	for _, name := range names {
		text, readErr := fs.ReadFile(s.options.Source, name)
		err = errors.Join(err, readErr, read(name, text))
	}
	return files, err
}

func (s *suite) checkFile(name string, file *ast.File) {
	known := map[string]string{}
	for _, i := range file.Imports {
		imported, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			continue
		}
		if slices.Contains(forbiddenImports(), imported) {
			s.fail(Source, "%s imports %s", name, imported)
		}
		short := filepath.Base(imported)
		if i.Name != nil {
			short = i.Name.Name
		}
		known[short] = imported
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			s.fail(Source, "%s starts a goroutine", name)
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && slices.Contains(forbiddenCalls()[known[x.Name]], n.Sel.Name) {
				s.fail(Source, "%s uses %s.%s", name, x.Name, n.Sel.Name)
			}
		}
		return true
	})
}
