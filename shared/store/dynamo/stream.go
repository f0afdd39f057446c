package dynamo

import (
	"fmt"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leadline/shared/awsfault"
	"leadline/shared/record"
)

// StreamPrefix begins the pk of every record, for the filter of the stream's event source mapping.
const StreamPrefix = "org_"

// DecodeStreamRecord reads an old or a new image in the stream of the records table. The image holds the key too, so
// that nothing else is needed.
func DecodeStreamRecord(image map[string]events.DynamoDBAttributeValue) (record.Record, error) {
	const what = "store: decode stream record"
	i := make(item, len(image))
	for name, value := range image {
		switch value.DataType() {
		case events.DataTypeString:
			i[name] = text(value.String())
		case events.DataTypeNumber:
			i[name] = &types.AttributeValueMemberN{Value: value.Number()}
		case events.DataTypeBinary:
			i[name] = &types.AttributeValueMemberB{Value: value.Binary()}
		case events.DataTypeBoolean:
			i[name] = &types.AttributeValueMemberBOOL{Value: value.Boolean()}
		default:
			return record.Record{}, awsfault.Wrap(fmt.Errorf("attribute %s: no type that records use", name), what)
		}
	}
	r, err := decodeRecord(newCodec(), i)
	return r, awsfault.Wrap(err, what)
}
