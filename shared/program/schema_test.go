package program_test

import (
	"bytes"
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"leadline/shared/program"
)

// TestTheSchemaIsPublished as the types and their comments are.
func TestTheSchemaIsPublished(t *testing.T) {
	made := program.Schema(said(t))
	if *update {
		if err := os.WriteFile("schema.json", made, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(made, program.JSONSchema()) {
		t.Error("schema.json is not what the types say; -update writes it anew")
	}
	for _, words := range []string{"Marginal: what lies in the tier is paid at its rate", "direct: the record's owner", "once per component and period"} {
		if !bytes.Contains(made, []byte(words)) {
			t.Errorf("it does not say %q", words)
		}
	}
}

// said reads the comments of the types that definitions are made of.
func said(t *testing.T) func(typ, field string) string {
	t.Helper()
	texts, names := map[[2]string]string{}, map[string]string{}
	for _, dir := range []string{".", "../calendar", "../number"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range parsed.Decls {
				if d, ok := decl.(*ast.GenDecl); ok {
					for _, spec := range d.Specs {
						read(parsed.Name.Name+".", spec, d, texts, names)
					}
				}
			}
		}
	}
	humps := regexp.MustCompile(`\b[A-Z][a-z]+([A-Z][a-z]+)+\b`)
	plain := regexp.MustCompile(`\bThe (ways|kinds|days|totals|policies|forms|modes|bases|windows|owners|rules|patterns)\. `)
	return func(typ, field string) string {
		text := plain.ReplaceAllString(texts[[2]string{typ, field}], "")
		return humps.ReplaceAllStringFunc(text, func(word string) string { return cmp.Or(names[word], word) })
	}
}

// read keeps the comments of a type with its fields, or of a word that a type has, and what fields and words are in JSON.
func read(in string, spec ast.Spec, d *ast.GenDecl, texts map[[2]string]string, names map[string]string) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		doc := spec.Doc
		if doc == nil && len(d.Specs) == 1 {
			doc = d.Doc
		}
		add(texts, [2]string{in + spec.Name.Name, ""}, line(doc))
		if of, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range of.Fields.List {
				for _, name := range f.Names {
					if f.Tag != nil {
						tag, _ := strconv.Unquote(f.Tag.Value)
						names[name.Name], _, _ = strings.Cut(reflect.StructTag(tag).Get("json"), ",")
					}
					add(texts, [2]string{in + spec.Name.Name, name.Name}, strings.TrimSpace(line(f.Doc)+" "+line(f.Comment)))
				}
			}
		}
	case *ast.ValueSpec:
		of, typed := spec.Type.(*ast.Ident)
		if !typed || len(spec.Values) != 1 {
			return
		}
		if d.Doc != nil && spec == d.Specs[0] && len(line(d.Doc)) > 40 { // more than "The kinds."
			add(texts, [2]string{in + of.Name, ""}, line(d.Doc))
		}
		if value, ok := spec.Values[0].(*ast.BasicLit); ok && value.Kind == token.STRING {
			word, _ := strconv.Unquote(value.Value)
			names[spec.Names[0].Name] = word
			if spec.Comment != nil {
				add(texts, [2]string{in + of.Name, ""}, word+": "+strings.TrimSuffix(line(spec.Comment), ".")+".")
			}
		}
	}
}

func add(texts map[[2]string]string, key [2]string, text string) {
	if text != "" {
		texts[key] = strings.TrimSpace(texts[key] + " " + text)
	}
}

func line(g *ast.CommentGroup) string {
	if g == nil {
		return ""
	}
	return strings.Join(strings.Fields(g.Text()), " ")
}
