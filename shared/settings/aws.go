package settings

import (
	"context"
	"net/http"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// connections to one service are kept open, more than any function uses at once.
const connections = 64

// AWS gives the configuration for all AWS clients of a function. Region, credentials and endpoints come from the
// environment that Lambda (or the local runner) sets, and from nowhere else: the SDK's own loader knows a dozen more
// sources, which a function never has and which make its binary a tenth larger.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func AWS() (aws.Config, error) {
	var e struct {
		Region    string `env:"AWS_REGION,notEmpty"`
		KeyID     string `env:"AWS_ACCESS_KEY_ID,notEmpty"`
		SecretKey string `env:"AWS_SECRET_ACCESS_KEY,notEmpty"`
		Token     string `env:"AWS_SESSION_TOKEN" envDefault:""`
	}
	if err := Load(&e); err != nil {
		return aws.Config{}, err
	}
	return aws.Config{
		Region:        e.Region,
		Credentials:   credentials.NewStaticCredentialsProvider(e.KeyID, e.SecretKey, e.Token),
		ConfigSources: []any{endpoints{}},
		// As many connections are kept as a function has requests under way: the default of ten would make a batch of rows
		// shake hands over and over.
		HTTPClient: awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConnsPerHost = connections
		}),
		// More than the default of three: a queue consumer that gives up early sends its whole batch round again.
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = 5 })
		},
	}, nil
}

// endpoints lets the environment say where a service is: AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL for all of them.
//
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
type endpoints struct{}

// GetServiceBaseEndpoint is what the clients of the SDK ask their sources of configuration.
func (endpoints) GetServiceBaseEndpoint(_ context.Context, service string) (string, bool, error) {
	name := strings.ToUpper(strings.ReplaceAll(service, " ", "_"))
	for _, variable := range []string{"AWS_ENDPOINT_URL_" + name, "AWS_ENDPOINT_URL"} {
		if url := os.Getenv(variable); url != "" {
			return url, true, nil
		}
	}
	return "", false, nil
}
