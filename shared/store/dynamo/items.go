package dynamo

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leadline/shared/record"
)

// format is the format that items are written in. It is read, and so is the one before.
const format = 1

// maxItemBytes is DynamoDB's limit of an item, 400 KB.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const maxItemBytes = 400 << 10

// item is an item or a part of one. What is empty is absent.
type item map[string]types.AttributeValue

// newItem begins an item at a place.
func newItem(at primary) item {
	i := at.item()
	i["v"] = number(format)
	return i
}

// item gives the key as attributes.
func (p primary) item() item { return item{"pk": text(p.pk), "sk": text(p.sk)} }

// primary gives the item's key.
func (i item) primary() primary {
	r := reader{item: i}
	return primary{r.text("pk"), r.text("sk")}
}

func (i item) setText(name, value string) {
	if value != "" {
		i[name] = text(value)
	}
}

func (i item) setBytes(name string, value []byte) {
	if len(value) > 0 {
		i[name] = &types.AttributeValueMemberB{Value: value}
	}
}

func (i item) setNumber(name string, value int64) {
	if value != 0 {
		i[name] = number(value)
	}
}

func (i item) setFlag(name string, value bool) {
	if value {
		i[name] = &types.AttributeValueMemberBOOL{Value: true}
	}
}

// setTime keeps a time to the nanosecond, as text for people who look at the table.
func (i item) setTime(name string, value time.Time) {
	if !value.IsZero() {
		i[name] = text(timeText(value))
	}
}

func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// setNanos keeps a time as a number of nanoseconds since 1970, a third of the size of setTime.
func (i item) setNanos(name string, value time.Time) {
	if !value.IsZero() {
		i[name] = number(value.UnixNano())
	}
}

// forget has the item deleted some time after a time. TTL counts seconds; an item must not go before its time.
func (i item) forget(at time.Time) { i["ttl"] = number(at.Unix() + 1) }

// setPayload keeps where a payload lies.
func (i item) setPayload(p record.PayloadRef) {
	i.setText("payload", p.Key)
	i.setNumber("offset", p.Offset)
	i.setNumber("length", p.Length)
}

func text(value string) types.AttributeValue { return &types.AttributeValueMemberS{Value: value} }

func number(value int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(value, 10)}
}

// reader reads attributes; absent ones are empty. err holds the first that is not what it should be.
type reader struct {
	item item
	err  error
}

// read begins to read an item and checks its format.
func read(i item) *reader {
	r := &reader{item: i}
	if v := r.number("v"); r.err == nil && v != format && (v != format-1 || v == 0) {
		r.err = fmt.Errorf("an item of format %d, which is not known here", v)
	}
	return r
}

func attribute[T types.AttributeValue](r *reader, name string) (value T, present bool) {
	a, present := r.item[name]
	if !present {
		return value, false
	}
	value, ok := a.(T)
	if !ok {
		r.fail(name, fmt.Errorf("is a %T", a))
	}
	return value, ok
}

func (r *reader) fail(name string, err error) {
	if r.err == nil && err != nil {
		r.err = fmt.Errorf("attribute %s: %w", name, err)
	}
}

func (r *reader) text(name string) string {
	if a, ok := attribute[*types.AttributeValueMemberS](r, name); ok {
		return a.Value
	}
	return ""
}

func (r *reader) bytes(name string) []byte {
	if a, ok := attribute[*types.AttributeValueMemberB](r, name); ok {
		return a.Value
	}
	return nil
}

func (r *reader) number(name string) int64 {
	a, ok := attribute[*types.AttributeValueMemberN](r, name)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(a.Value, 10, 64)
	r.fail(name, err)
	return n
}

func (r *reader) flag(name string) bool {
	a, ok := attribute[*types.AttributeValueMemberBOOL](r, name)
	return ok && a.Value
}

func (r *reader) time(name string) time.Time {
	value := r.text(name)
	if value == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, value)
	r.fail(name, err)
	return t
}

func (r *reader) nanos(name string) time.Time {
	if n := r.number(name); n != 0 {
		return time.Unix(0, n).UTC()
	}
	return time.Time{}
}

func (r *reader) payload() record.PayloadRef {
	return record.PayloadRef{Key: r.text("payload"), Offset: r.number("offset"), Length: r.number("length")}
}

func (r *reader) version(name string) record.Version {
	v, err := record.ParseVersion(r.text(name))
	r.fail(name, err)
	return v
}

// change is what an update does.
type change struct {
	set       []string
	remove    []string
	condition string
	names     map[string]string
	values    item
}

// expression gives the update expression.
func (c change) expression() string {
	e := "SET " + strings.Join(c.set, ", ")
	if len(c.remove) > 0 {
		e += " REMOVE " + strings.Join(c.remove, ", ")
	}
	return e
}

// fits refuses an item of more than a number of bytes.
func fits(i item, limit int) error {
	if sizeOf(i) > limit {
		return tooLarge()
	}
	return nil
}

// sizeOf gives the size of an item by DynamoDB's rules, which decide what a write costs (one unit per started KB).
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func sizeOf(i item) int {
	size := 0
	for name, value := range i {
		size += len(name) + sizeOfValue(value)
	}
	return size
}

func sizeOfValue(value types.AttributeValue) int {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		// About one byte per two digits, leading and trailing zeros apart, and one more.
		return (len(strings.Trim(strings.TrimPrefix(v.Value, "-"), "0"))+1)/2 + 1
	case *types.AttributeValueMemberM:
		size := 3
		for name, e := range v.Value {
			size += 1 + len(name) + sizeOfValue(e)
		}
		return size
	case *types.AttributeValueMemberL:
		size := 3
		for _, e := range v.Value {
			size += 1 + sizeOfValue(e)
		}
		return size
	}
	return 1
}
