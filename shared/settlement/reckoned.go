package settlement

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/ledger"
	"leadline/shared/number"
)

// CodeUnsound is the code of the Internal error for amounts that contradict each other.
const CodeUnsound = "unsound_amounts"

// Encode gives what is stored, with its hash (SHA-256, in hex), under which it is: the same value always gives the same bytes.
func (r Reckoned) Encode() (text []byte, hash string, err error) { return encode(r, "reckoned period") }

// DecodeReckoned reads what Encode wrote.
func DecodeReckoned(text []byte) (Reckoned, error) { return decode[Reckoned](text, "reckoned period") }

// Encode gives what is stored, with its hash (SHA-256, in hex), under which it is: the same value always gives the same bytes.
func (d Document) Encode() (text []byte, hash string, err error) { return encode(d, "document") }

// DecodeDocument reads what Encode wrote.
func DecodeDocument(text []byte) (Document, error) { return decode[Document](text, "document") }

func encode(v any, what string) ([]byte, string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, "", fault.Wrap(err, fault.Internal, "unencodable", "settlement: encode a %s", what)
	}
	return text, hashOf(text), nil
}

func decode[T any](text []byte, what string) (T, error) {
	var v T
	err := json.Unmarshal(text, &v)
	return v, fault.Wrap(err, fault.Internal, "undecodable", "settlement: decode a %s", what)
}

func hashOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// PrizesDigest gives a short text that is the same for the same prizes; empty for none. What a prize's note says does not count.
func PrizesDigest(prizes []incentive.Prize) string {
	if len(prizes) == 0 {
		return ""
	}
	told := make([]incentive.Prize, len(prizes))
	for at, p := range prizes {
		p.Note = ""
		told[at] = p
	}
	text, err := json.Marshal(told)
	if err != nil { // texts and whole numbers always marshal
		return ""
	}
	return hashOf(text)
}

// Check refuses what does not add up (Internal, CodeUnsound): the lines have to sum to what the result pays, and that with the
// prizes to what the standing says.
func (r Reckoned) Check() error {
	sums := []struct {
		what string
		want int64
		of   []int64
	}{
		{"the lines and the result", r.Result.Payable, r.amounts()},
		{"the result with the prizes and the standing", r.Standing.Payable, append(prizeAmounts(r.Standing.Prizes), r.Result.Payable)},
	}
	for _, s := range sums {
		got, err := sum(s.of...)
		if err != nil {
			return err
		}
		if got != s.want {
			return fault.New(fault.Internal, CodeUnsound, "settlement: %s of %s in %s contradict each other: %d and %d",
				s.what, r.Standing.Participant, r.Standing.Period, got, s.want)
		}
	}
	return nil
}

// amounts gives those of all lines.
func (r Reckoned) amounts() []int64 {
	var all []int64
	for i := range r.Result.Components {
		for j := range r.Result.Components[i].Lines {
			all = append(all, r.Result.Components[i].Lines[j].Amount)
		}
	}
	for i := range r.Result.Limits {
		for j := range r.Result.Limits[i].Lines {
			all = append(all, r.Result.Limits[i].Lines[j].Amount)
		}
	}
	for i := range r.Result.Holds {
		all = append(all, r.Result.Holds[i].Amount)
	}
	return all
}

func prizeAmounts(prizes []incentive.Prize) []int64 {
	all := make([]int64, len(prizes))
	for at, p := range prizes {
		all[at] = p.Amount
	}
	return all
}

// millionths gives a prize's points in the ledger's unit, half a unit away from zero.
func millionths(points string) (int64, error) {
	if points == "" {
		return 0, nil
	}
	n, err := number.Parse(points)
	if err != nil {
		return 0, fault.Wrap(err, fault.Internal, CodeUnsound, "settlement: a prize has no number of points: %q", points)
	}
	return n.Mul(number.Of(ledger.PointScale)).Round(0, number.HalfAway)
}

// sum adds amounts up, and refuses a sum that no account holds.
func sum(amounts ...int64) (int64, error) {
	var total number.Number
	for _, a := range amounts {
		total = total.Add(number.Of(a))
	}
	return total.Round(0, number.HalfAway)
}
