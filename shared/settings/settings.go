// Package settings is the only reader of the environment: each function declares what it needs as a struct with env
// tags, and gets its AWS configuration here.
package settings

import (
	"errors"
	"fmt"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Load fills a struct from the variables that its env tags name; all of them are required unless tagged otherwise. The
// error names every missing or malformed variable at once, and no value.
func Load(target any) error {
	err := env.ParseWithOptions(target, env.Options{RequiredIfNoDef: true})
	var all env.AggregateError
	if !errors.As(err, &all) {
		return err
	}
	var wrong []string
	for _, e := range all.Errors {
		var missing env.VarIsNotSetError
		var empty env.EmptyVarError
		var parse env.ParseError
		switch {
		case errors.As(e, &missing):
			wrong = append(wrong, missing.Key+" is not set")
		case errors.As(e, &empty):
			wrong = append(wrong, empty.Key+" is empty")
		case errors.As(e, &parse):
			wrong = append(wrong, fmt.Sprintf("%s is no %s", parse.Name, parse.Type))
		default:
			wrong = append(wrong, e.Error())
		}
	}
	return fmt.Errorf("settings: %s", strings.Join(wrong, ", "))
}
