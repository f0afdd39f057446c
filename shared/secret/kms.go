package secret

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"leadline/shared/awsfault"
)

// KMSClient is what the master key needs of *kms.Client.
type KMSClient interface {
	GenerateDataKey(context.Context, *kms.GenerateDataKeyInput, ...func(*kms.Options)) (*kms.GenerateDataKeyOutput, error)
	Decrypt(context.Context, *kms.DecryptInput, ...func(*kms.Options)) (*kms.DecryptOutput, error)
}

var (
	_ KMSClient = (*kms.Client)(nil)
	_ MasterKey = (*KMS)(nil)
)

// KMS is a MasterKey in AWS KMS. Each method is one request. The organization is part of the encryption context, so
// that KMS itself refuses a data key of another, and its log tells whose key was used.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html
type KMS struct {
	client KMSClient
	key    string
}

// NewKMS uses the KMS key of the ARN. It may be empty where data keys are only unwrapped: KMS reads from a wrapped key
// which key wrapped it, and the caller's permissions say which keys may be.
func NewKMS(client KMSClient, keyARN string) *KMS { return &KMS{client: client, key: keyARN} }

// NewDataKey implements MasterKey.
func (m *KMS) NewDataKey(ctx context.Context, organization string) (key, wrapped []byte, err error) {
	out, err := m.client.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{
		KeyId: &m.key, KeySpec: types.DataKeySpecAes256, EncryptionContext: encryptionContext(organization),
	})
	if err != nil {
		return nil, nil, awsfault.Wrap(err, "generate data key")
	}
	return out.Plaintext, out.CiphertextBlob, nil
}

// Unwrap implements MasterKey.
func (m *KMS) Unwrap(ctx context.Context, organization string, wrapped []byte) ([]byte, error) {
	in := &kms.DecryptInput{CiphertextBlob: wrapped, EncryptionContext: encryptionContext(organization)}
	if m.key != "" {
		in.KeyId = &m.key
	}
	out, err := m.client.Decrypt(ctx, in)
	switch awsfault.Code(err) {
	case "InvalidCiphertextException", "IncorrectKeyException":
		return nil, refused("the data key")
	}
	if err != nil {
		return nil, awsfault.Wrap(err, "decrypt data key")
	}
	return out.Plaintext, nil
}

func encryptionContext(organization string) map[string]string {
	return map[string]string{"organization": organization, "purpose": "data key"}
}
