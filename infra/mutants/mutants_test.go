package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// root is the root of the repository.
const root = "../.."

func entries(t *testing.T) []mutant {
	t.Helper()
	all, err := parse(table)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestEachMutationFitsOnce: a text that has changed is noticed here, not first by `make mutants`.
func TestEachMutationFitsOnce(t *testing.T) {
	all := entries(t)
	if len(all) < 50 {
		t.Fatalf("only %d entries", len(all))
	}
	for _, m := range all {
		text, err := os.ReadFile(filepath.Join(root, m.file))
		if err != nil {
			t.Error(err)
			continue
		}
		after, err := m.applied(string(text))
		if err != nil {
			t.Error(err)
			continue
		}
		if _, err := parser.ParseFile(token.NewFileSet(), m.file, after, 0); err != nil {
			t.Errorf("%s: what is left is no Go: %v", m, err)
		}
	}
}

// testsOf gives the tests of a folder.
func testsOf(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				tests[f.Name.Name] = true
			}
		}
	}
	return tests
}

func TestEachTrapHasItsTestAndEachTestItsMutation(t *testing.T) {
	tests, named := map[string]map[string]bool{}, map[string]bool{}
	for _, m := range entries(t) {
		if tests[m.folder] == nil {
			tests[m.folder] = testsOf(t, m.folder)
		}
		if !tests[m.folder][m.test] {
			t.Errorf("%s: there is no %s in %s", m, m.test, m.folder)
		}
		if named[m.String()] {
			t.Errorf("%s is there twice", m)
		}
		named[m.String()], named[m.test] = true, true
	}
	for test := range testsOf(t, "shared/connectors/close") {
		if strings.HasPrefix(test, "TestTrap") && !named[test] {
			t.Errorf("no mutation is for %s", test)
		}
	}
}

func TestParse(t *testing.T) {
	const good = "# about\n\n== limits\n\ntrap: it is: late\ntest: a/b TestX -n=1 -m\nfile: a/b/c.go\n-\tif a {\n-\t}\n+\n\n\ntrap: two\ntest: a TestY\nfile: a/d.go\n-x\n+y\n"
	all, err := parse(good)
	want := []mutant{{"limits", "it is: late", "a/b", "TestX", "-n=1 -m", "a/b/c.go", "\tif a {\n\t}", ""}, {"limits", "two", "a", "TestY", "", "a/d.go", "x", "y"}}
	if err != nil || len(all) != 2 || all[0] != want[0] || all[1] != want[1] {
		t.Errorf("got %+v, %v", all, err)
	}
	for what, text := range map[string]string{
		"no section": strings.Replace(good, "== limits\n\n", "", 1), "no test": strings.Replace(good, "test: a TestY\n", "", 1),
		"no mutation": strings.Replace(good, "+y", "+x", 1), "an unknown line": good + "why: so\n", "no text": strings.Replace(good, "-x\n", "", 1),
	} {
		if all, err := parse(text); err == nil {
			t.Errorf("%s: got %+v", what, all)
		}
	}
}

func TestAMutationFitsOnce(t *testing.T) {
	m := mutant{file: "a.go", old: "x", new: "y"}
	if got, err := m.applied("a x b"); got != "a y b" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	for _, text := range []string{"a b", "x x"} {
		if got, err := m.applied(text); err == nil {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

// TestVerdicts runs mutants of a small module: one that is killed, one that survives, one that does not compile, one whose test
// fails as it is.
func TestVerdicts(t *testing.T) {
	module := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":           "module small\n\ngo 1.26\n",
		"one/one.go":       "package one\n\nfunc One() int { return 1 }\n\nfunc Two() int { return 2 }\n",
		"one/one_test.go":  "package one\n\nimport \"testing\"\n\nfunc TestOne(t *testing.T) {\n\tif One() != 1 {\n\t\tt.Error(One())\n\t}\n}\n",
		"bad/bad.go":       "package bad\n\nfunc Bad() int { return 1 }\n",
		"bad/bad_test.go":  "package bad\n\nimport \"testing\"\n\nfunc TestBad(t *testing.T) { t.Error(Bad()) }\n",
		".hidden/no.go":    "package no\n",
		"node_modules/x.c": "x",
	} {
		path := filepath.Join(module, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(module)
	one := func(trap, old, replaced string) mutant {
		return mutant{"s", trap, "one", "TestOne", "", "one/one.go", old, replaced}
	}
	copies := t.TempDir()
	var progress, out bytes.Buffer
	results, err := try(t.Context(), []mutant{one("killed", "return 1", "return 3"), one("survives", "return 2", "return 3"), one("does not compile", "return 2", "return x"),
		one("is not there", "return 4", "return 5"), {"s", "fails anyway", "bad", "TestBad", "", "bad/bad.go", "return 1", "return 2"}}, copies, 2, &progress)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"killed", "SURVIVED", "PROBLEM", "PROBLEM", "PROBLEM"} {
		if got := verdict(results[i]); got != want {
			t.Errorf("%s: %s, want %s; %s", results[i].mutant, got, want, results[i].problem)
		}
	}
	if err := report(&out, results, time.Second); err == nil || !strings.Contains(out.String(), "1 mutants of 5 are killed") || !strings.Contains(out.String(), "passes without the remedy") {
		t.Errorf("%v: %s", err, &out)
	}
	if report(&out, results[:1], time.Second) != nil {
		t.Error("a mutant that is killed is no error")
	}
	if text, err := os.ReadFile("one/one.go"); err != nil || !strings.Contains(string(text), "return 1") {
		t.Errorf("the sources were changed: %s, %v", text, err)
	}
	if _, err := os.Stat(filepath.Join(copies, "0", ".hidden")); err == nil {
		t.Error("what is hidden was copied")
	}
}
