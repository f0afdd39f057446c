// Package shared_test holds the repository to its layout: who may import whom, what may not appear where, and how large
// a piece of code may grow. shared/DESIGN.md says why.
package shared_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "leadline/"

// source is one Go file of the repository.
type source struct {
	path    string // from the root, with slashes
	dir     string
	test    bool
	file    *ast.File
	fset    *token.FileSet
	lines   int
	imports []string
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != ".." && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "cdk.out") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		s := source{fset: token.NewFileSet(), test: strings.HasSuffix(name, "_test.go"), lines: strings.Count(string(text), "\n")}
		s.path = filepath.ToSlash(strings.TrimPrefix(path, "../"))
		s.dir = filepath.ToSlash(filepath.Dir(s.path))
		if s.file, err = parser.ParseFile(s.fset, path, text, parser.ParseComments); err != nil {
			return err
		}
		for _, i := range s.file.Imports {
			p, _ := strconv.Unquote(i.Path.Value)
			s.imports = append(s.imports, p)
		}
		all = append(all, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("found only %d Go files: is the test run in its folder?", len(all))
	}
	return all
}

// aid tells whether the file only serves tests: it is one, or its package is named so.
func (s source) aid() bool { return s.test || strings.HasSuffix(s.file.Name.Name, "test") }

func (s source) in(dirs ...string) bool {
	return slices.ContainsFunc(dirs, func(d string) bool { return s.dir == d || strings.HasPrefix(s.dir, d+"/") })
}

func TestTopLevelHoldsNothingElse(t *testing.T) {
	allowed := []string{"functions", "infra", "shared", "events", "go.mod", "go.sum", "Makefile", "samconfig.toml", "README.md", "LICENSE"}
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(allowed, e.Name()) {
			t.Errorf("%s does not belong at the top level", e.Name())
		}
	}
}

// TestNoBinaryLiesInTheSources finds what a `go build` without -o leaves behind, before somebody commits it.
func TestNoBinaryLiesInTheSources(t *testing.T) {
	for _, dir := range []string{"../functions", "../infra", "../shared", "../events"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "cdk.out") {
				return filepath.SkipDir
			}
			if info, err := d.Info(); err != nil {
				return err
			} else if !d.IsDir() && info.Size() > 1<<20 {
				t.Errorf("%s has %d bytes: sources are not that large", path, info.Size())
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// pure packages are imported by all the others and import nothing of ours but each other.
var pure = []string{"shared/fault", "shared/record", "shared/schema"}

func TestImports(t *testing.T) {
	awsAllowed := []string{"shared/store/dynamo", "shared/queue", "shared/blob", "shared/secret", "shared/settings", "shared/telemetry", "shared/awsfault", "shared/function", "shared/mail/ses", "infra"}
	for _, s := range sources(t) {
		for _, imported := range s.imports {
			ours, isOurs := strings.CutPrefix(imported, module)
			switch {
			case isOurs && strings.HasPrefix(ours, "functions/"):
				t.Errorf("%s imports %s: nobody imports a function", s.path, ours)
			case isOurs && strings.HasPrefix(ours, "infra") && !s.in("infra") && !s.test:
				t.Errorf("%s imports %s: nobody imports infra", s.path, ours)
			case isOurs && s.in(pure...) && !s.test && !slices.Contains(pure, ours):
				t.Errorf("%s imports %s: the nouns import only each other", s.path, ours)
			case isOurs && s.in("shared/connectors") && s.dir != "shared/connectors" && !s.test &&
				!slices.Contains([]string{"shared/connector", "shared/fault", "shared/record", "shared/schema", "shared/quarantine"}, ours):
				t.Errorf("%s imports %s: a connector imports the contract and the nouns only", s.path, ours)
			case isOurs && s.in("infra/sandbox") && strings.HasPrefix(ours, "shared/connector"):
				t.Errorf("%s imports %s: the sandbox shares no package with a connector", s.path, ours)
			case strings.Contains(imported, "aws-cdk-go") && s.dir != "infra":
				t.Errorf("%s imports the CDK: only infra's root package does", s.path)
			case strings.Contains(imported, "aws-sdk-go-v2") && !s.in(awsAllowed...) && !s.test && filepath.Base(s.path) != "main.go":
				t.Errorf("%s imports the AWS SDK: it stays in %v and main.go files", s.path, awsAllowed)
			case imported == "os" && s.in("shared") && !s.test && !s.in("shared/settings", "shared/function", "shared/connector/specs"):
				t.Errorf("%s imports os: only settings reads the environment", s.path)
			}
		}
	}
}

func TestNoHiddenState(t *testing.T) {
	for _, s := range sources(t) {
		if s.aid() {
			continue
		}
		for _, decl := range s.file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Name.Name == "init" && d.Recv == nil {
					t.Errorf("%s has an init()", s.path)
				}
			case *ast.GenDecl:
				if d.Tok == token.VAR {
					checkVar(t, s, d)
				}
			}
		}
	}
}

// checkVar lets through what nobody can change by accident: interface assertions, embedded files, sentinel errors.
func checkVar(t *testing.T, s source, d *ast.GenDecl) {
	t.Helper()
	if d.Doc != nil && strings.Contains(docText(d.Doc), "go:embed") {
		return
	}
	for _, spec := range d.Specs {
		v := spec.(*ast.ValueSpec)
		for i, name := range v.Names {
			sentinel := strings.HasPrefix(strings.ToLower(name.Name), "err") && i < len(v.Values)
			embedded := v.Doc != nil && strings.Contains(docText(v.Doc), "go:embed")
			if name.Name != "_" && !sentinel && !embedded {
				t.Errorf("%s: the package variable %s is state that anything can change", s.path, name.Name)
			}
		}
	}
}

func docText(g *ast.CommentGroup) string {
	var b strings.Builder
	for _, c := range g.List {
		b.WriteString(c.Text)
	}
	return b.String()
}

// skips are the tests that may skip, and why.
var skips = map[string]string{
	"shared/connector/specs":                   "the checks against provider specs; `make test` says that they did not run",
	"infra/sandbox/spec/spectest":              "the same for the sandbox",
	"shared/store/storetest/storetest_test.go": "one test fails on purpose, and runs only within another that expects it",
}

func TestNoPanicNoSkip(t *testing.T) {
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if f, ok := call.Fun.(*ast.Ident); ok && f.Name == "panic" && !s.test && s.file.Name.Name != "main" {
				t.Errorf("%s panics", s.fset.Position(call.Pos()))
			}
			if f, ok := call.Fun.(*ast.SelectorExpr); ok && strings.HasPrefix(f.Sel.Name, "Skip") && skips[s.path]+skips[s.dir] == "" {
				if x, ok := f.X.(*ast.Ident); ok && (x.Name == "t" || x.Name == "b" || x.Name == "tb") {
					t.Errorf("%s skips: a skipped test looks like a pass", s.fset.Position(call.Pos()))
				}
			}
			return true
		})
	}
}

func TestSizes(t *testing.T) {
	for _, s := range sources(t) {
		if s.lines > 400 && !s.test {
			t.Errorf("%s has %d lines; over 400 it wants to be two files", s.path, s.lines)
		}
		for _, decl := range s.file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || s.aid() {
				continue
			}
			lines := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1
			if lines > 80 {
				t.Errorf("%s: %s has %d lines", s.path, f.Name.Name, lines)
			}
		}
	}
}

func TestPackageNamesAndComments(t *testing.T) {
	documented, packages := map[string]bool{}, map[string]string{}
	for _, s := range sources(t) {
		if s.test || strings.Contains(s.dir, "testdata") {
			continue
		}
		packages[s.dir] = s.file.Name.Name
		if slices.Contains([]string{"util", "utils", "common", "types", "helpers", "misc", "manager"}, filepath.Base(s.dir)) {
			t.Errorf("the name of package %s says nothing", s.dir)
		}
		if s.file.Doc != nil {
			prefix := "Package " + s.file.Name.Name + " "
			if s.file.Name.Name == "main" {
				prefix = "Command "
			}
			if !strings.HasPrefix(s.file.Doc.Text(), prefix) {
				t.Errorf("%s: the package comment must start with %q", s.path, prefix)
			}
			documented[s.dir] = true
		}
	}
	for dir := range packages {
		if !documented[dir] {
			t.Errorf("package %s does not say what it is for", dir)
		}
	}
}

func TestEachFunctionHasItsParts(t *testing.T) {
	entries, err := os.ReadDir("../functions")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		dir := filepath.Join("..", "functions", e.Name())
		for _, name := range []string{"main.go", "handler.go", "handler_test.go"} {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Errorf("functions/%s has no %s", e.Name(), name)
				continue
			}
			if lines := strings.Count(string(text), "\n"); name == "main.go" && lines > 40 {
				t.Errorf("functions/%s/main.go has %d lines; it only wires", e.Name(), lines)
			}
		}
		samples, _ := filepath.Glob(filepath.Join("..", "events", e.Name(), "*.json"))
		if len(samples) == 0 {
			t.Errorf("events/%s has no sample event", e.Name())
		}
		test, _ := os.ReadFile(filepath.Join(dir, "handler_test.go"))
		if !strings.Contains(string(test), "events/"+e.Name()) {
			t.Errorf("functions/%s/handler_test.go does not read events/%s: the samples can rot", e.Name(), e.Name())
		}
	}
}

func TestConnectorShape(t *testing.T) {
	entries, err := os.ReadDir("connectors")
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`^[a-z][a-z0-9]*$`)
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if !name.MatchString(e.Name()) {
			t.Errorf("shared/connectors/%s: a connector's name is lower case without separators", e.Name())
		}
		for _, file := range []string{e.Name() + ".go", e.Name() + "_test.go"} {
			if _, err := os.Stat(filepath.Join("connectors", e.Name(), file)); err != nil {
				t.Errorf("shared/connectors/%s has no %s", e.Name(), file)
			}
		}
	}
	for _, s := range sources(t) {
		if !s.in("shared/connectors") || s.dir == "shared/connectors" || s.test {
			continue
		}
		for _, decl := range s.file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.IsExported() && f.Name.Name != "Definition" {
				t.Errorf("%s exports %s: a connector exports its Definition only", s.path, f.Name.Name)
			}
		}
		for _, forbidden := range []string{"log", "log/slog", "os", "net", "math/rand", "math/rand/v2", "crypto/rand"} {
			if slices.Contains(s.imports, forbidden) {
				t.Errorf("%s imports %s: a connector does no I/O of its own, and the same input gives the same result", s.path, forbidden)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s starts a goroutine", s.fset.Position(n.Pos()))
			case *ast.SelectorExpr:
				if of, ok := n.X.(*ast.Ident); ok && !allowedInConnector(of.Name, n.Sel.Name) {
					t.Errorf("%s uses %s.%s: a connector makes requests through its Client alone, and neither sleeps nor reads the clock", s.fset.Position(n.Pos()), of.Name, n.Sel.Name)
				}
			}
			return true
		})
	}
}

// allowedInConnector tells whether a connector may use something of a package: of net/http only its words.
func allowedInConnector(of, name string) bool {
	switch of {
	case "http":
		return name == "Header" || strings.HasPrefix(name, "Method") || strings.HasPrefix(name, "Status")
	case "time":
		return !slices.Contains([]string{"Now", "Sleep", "Since", "Until", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}, name)
	}
	return true
}

// TestMoneyIsNeverAFloat covers the packages through which amounts pass, too.
func TestMoneyIsNeverAFloat(t *testing.T) {
	for _, s := range sources(t) {
		if !s.in("shared/money", "shared/incentive", "shared/ledger", "shared/payout", "shared/tax", "shared/record", "shared/intake", "shared/push", "shared/schema", "shared/track", "shared/view", "shared/connectors") || s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && (id.Name == "float64" || id.Name == "float32") {
				t.Errorf("%s uses %s", s.fset.Position(id.Pos()), id.Name)
			}
			return true
		})
	}
}
