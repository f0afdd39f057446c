package kms

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// refusal is an error as KMS words it: https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
type refusal struct {
	code    string
	message string
}

func (e *refusal) Error() string { return e.code + ": " + e.message }

func refuse(code, format string, args ...any) error {
	return &refusal{code, fmt.Sprintf(format, args...)}
}

// request holds the parameters of all operations.
type request struct {
	KeyId             string
	Description       string
	KeySpec           string
	KeyUsage          string
	NumberOfBytes     *int
	Plaintext         []byte
	CiphertextBlob    []byte
	EncryptionContext map[string]string
	DryRun            bool
}

type metadata struct {
	AWSAccountId         string
	KeyId                string
	Arn                  string
	CreationDate         float64
	Enabled              bool
	Description          string
	KeyUsage             string
	KeyState             string
	Origin               string
	KeyManager           string
	KeySpec              string
	EncryptionAlgorithms []string
	MultiRegion          bool
}

type answer struct {
	KeyId               string    `json:",omitempty"`
	Plaintext           []byte    `json:",omitempty"`
	CiphertextBlob      []byte    `json:",omitempty"`
	EncryptionAlgorithm string    `json:",omitempty"`
	KeyMetadata         *metadata `json:",omitempty"`
}

const symmetric = "SYMMETRIC_DEFAULT"

// ServeHTTP answers the calls of AWS SDKs.
func (s *Keys) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	a, err := s.answer(w, r)
	if err != nil {
		refused, status := &refusal{}, http.StatusBadRequest
		if !errors.As(err, &refused) {
			refused, status = &refusal{"KMSInternalException", err.Error()}, http.StatusInternalServerError
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": refused.code, "message": refused.message})
		return
	}
	_ = json.NewEncoder(w).Encode(a) // what fails here is the connection
}

func (s *Keys) answer(w http.ResponseWriter, r *http.Request) (answer, error) {
	operation, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "TrentService.")
	if !ok {
		return answer{}, refuse("UnknownOperationException", "The header X-Amz-Target names no operation of KMS.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	var in request
	if err != nil || json.Unmarshal(body, &in) != nil {
		return answer{}, refuse("SerializationException", "The request is malformed.")
	}
	var given struct{ KeyId *string }
	if json.Unmarshal(body, &given) == nil && given.KeyId != nil && *given.KeyId == "" { // absent is fine, empty is not
		return answer{}, refuse("ValidationException", "1 validation error detected: Value at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	if in.DryRun {
		return answer{}, refuse("UnsupportedOperationException", "This emulator has no dry runs.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch operation {
	case "CreateKey":
		return s.createKey(in)
	case "DescribeKey":
		return s.describeKey(in)
	case "GenerateDataKey", "GenerateDataKeyWithoutPlaintext":
		a, err := s.generateDataKey(in)
		if operation != "GenerateDataKey" {
			a.Plaintext = nil
		}
		return a, err
	case "Encrypt":
		a, err := s.encrypt(in)
		a.EncryptionAlgorithm = symmetric
		return a, err
	case "Decrypt":
		return s.decrypt(in)
	}
	return answer{}, refuse("UnsupportedOperationException", "This emulator does not have %s.", operation)
}

func (s *Keys) createKey(in request) (answer, error) {
	if in.KeySpec != "" && in.KeySpec != symmetric || in.KeyUsage != "" && in.KeyUsage != "ENCRYPT_DECRYPT" {
		return answer{}, refuse("UnsupportedOperationException", "This emulator has symmetric keys for encryption only.")
	}
	b := random(16)
	id := fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	if err := s.create(id, in.Description); err != nil {
		return answer{}, err
	}
	return s.describeKey(request{KeyId: id})
}

func (s *Keys) describeKey(in request) (answer, error) {
	id, k, err := s.find(in.KeyId)
	if err != nil {
		return answer{}, err
	}
	return answer{KeyMetadata: &metadata{
		AWSAccountId: s.opts.Account, KeyId: id, Arn: s.arn(id), CreationDate: float64(k.CreatedAt.UnixMilli()) / 1000,
		Enabled: true, Description: k.Description, KeyUsage: "ENCRYPT_DECRYPT", KeyState: "Enabled", Origin: "AWS_KMS",
		KeyManager: "CUSTOMER", KeySpec: symmetric, EncryptionAlgorithms: []string{symmetric},
	}}, nil
}

// find looks up a key by id or ARN.
func (s *Keys) find(name string) (string, key, error) {
	id := strings.TrimPrefix(name, s.arn(""))
	k, ok := s.keys[id]
	switch {
	case name == "":
		return "", key{}, refuse("ValidationException", "1 validation error detected: Value at 'keyId' failed to satisfy constraint: Member must not be null")
	case !ok:
		return "", key{}, refuse("NotFoundException", "Key '%s' does not exist", name)
	}
	return id, k, nil
}

// generateDataKey makes a key of 1 to 1024 bytes and encrypts it.
func (s *Keys) generateDataKey(in request) (answer, error) {
	var n int
	switch {
	case in.KeySpec == "" && in.NumberOfBytes != nil && *in.NumberOfBytes >= 1 && *in.NumberOfBytes <= 1024:
		n = *in.NumberOfBytes
	case in.KeySpec == "AES_256" && in.NumberOfBytes == nil:
		n = 32
	case in.KeySpec == "AES_128" && in.NumberOfBytes == nil:
		n = 16
	default:
		return answer{}, refuse("ValidationException", "Please specify either number of bytes or key spec.")
	}
	in.Plaintext = random(n)
	a, err := s.encrypt(in)
	a.Plaintext = in.Plaintext
	return a, err
}

func (s *Keys) encrypt(in request) (answer, error) {
	if len(in.Plaintext) < 1 || len(in.Plaintext) > 4096 {
		return answer{}, refuse("ValidationException", "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length between 1 and 4096")
	}
	id, k, err := s.find(in.KeyId)
	if err != nil {
		return answer{}, err
	}
	blob, err := k.seal(id, in.Plaintext, in.EncryptionContext)
	return answer{KeyId: s.arn(id), CiphertextBlob: blob}, err
}

// decrypt finds the key in the ciphertext. A KeyId is only compared with it.
func (s *Keys) decrypt(in request) (answer, error) {
	if in.KeyId != "" {
		if _, _, err := s.find(in.KeyId); err != nil {
			return answer{}, err
		}
	}
	id, ok := keyOf(in.CiphertextBlob)
	k, known := s.keys[id]
	if !ok || !known {
		return answer{}, refuse("InvalidCiphertextException", "")
	}
	if in.KeyId != "" && strings.TrimPrefix(in.KeyId, s.arn("")) != id {
		return answer{}, refuse("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
	}
	plaintext, err := k.open(in.CiphertextBlob, in.EncryptionContext)
	if err != nil {
		return answer{}, refuse("InvalidCiphertextException", "")
	}
	return answer{KeyId: s.arn(id), Plaintext: plaintext, EncryptionAlgorithm: symmetric}, nil
}
