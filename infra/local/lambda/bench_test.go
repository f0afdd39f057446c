package lambda_test

import (
	"context"
	"testing"
	"time"

	"leadline/infra/local/lambda"
	"leadline/infra/local/lambda/lambdatest"
)

// BenchmarkInvoke is what an invocation costs besides what the function does.
func BenchmarkInvoke(b *testing.B) {
	h := lambdatest.Host(b, lambda.Options{}, lambda.Function{Name: "one", Binary: probe, Timeout: 20 * time.Second})
	for b.Loop() {
		if result, err := h.Invoke(context.Background(), "one", lambda.Invocation{Payload: []byte(`{"do":"pid"}`)}); err != nil || result.FunctionError != "" {
			b.Fatal(err, result.FunctionError)
		}
	}
}
