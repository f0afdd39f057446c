package main

import (
	"encoding/base64"
	"math"
	"strings"
)

const (
	// apiChunk is what an HTTP API meters requests by: https://aws.amazon.com/api-gateway/pricing/
	apiChunk = 512 << 10
	// sqsChunk of payload is one request: https://aws.amazon.com/sqs/pricing/
	sqsChunk = 64 << 10
	// Write and read units: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
	writeUnit = 1 << 10
	readUnit  = 4 << 10
)

// chunks gives how many chunks so many bytes are: at least one.
func chunks(bytes, chunk int64) float64 {
	return float64(max(1, (bytes+chunk-1)/chunk))
}

// writeUnits is what writing an item of so many bytes costs.
func writeUnits(bytes int64) float64 { return chunks(bytes, writeUnit) }

// attribute is an attribute value in DynamoDB's JSON.
type attribute struct {
	S    *string              `json:"S"`
	N    *string              `json:"N"`
	B    *string              `json:"B"`
	BOOL *bool                `json:"BOOL"`
	NULL *bool                `json:"NULL"`
	L    []attribute          `json:"L"`
	M    map[string]attribute `json:"M"`
	SS   []string             `json:"SS"`
	NS   []string             `json:"NS"`
	BS   []string             `json:"BS"`
}

// itemSize is the size that DynamoDB charges an item by: names and values.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func itemSize(item map[string]attribute) int64 {
	sum := int64(0)
	for name, value := range item {
		sum += int64(len(name)) + value.size()
	}
	return sum
}

func (a attribute) size() int64 {
	sum := int64(0)
	switch {
	case a.S != nil:
		return int64(len(*a.S))
	case a.N != nil:
		return numberSize(*a.N)
	case a.B != nil:
		return binarySize(*a.B)
	case a.BOOL != nil, a.NULL != nil:
		return 1
	case a.L != nil: // three bytes for the list, one for each element
		for _, element := range a.L {
			sum += 1 + element.size()
		}
		return 3 + sum
	case a.M != nil:
		for name, value := range a.M {
			sum += 1 + int64(len(name)) + value.size()
		}
		return 3 + sum
	}
	for _, text := range a.SS {
		sum += int64(len(text))
	}
	for _, text := range a.NS {
		sum += numberSize(text)
	}
	for _, text := range a.BS {
		sum += binarySize(text)
	}
	return sum
}

// numberSize is about one byte for two significant digits and one more, and one for a sign.
func numberSize(text string) int64 {
	digits, negative := strings.CutPrefix(text, "-")
	digits, _, _ = strings.Cut(strings.ToLower(digits), "e")
	digits = strings.Trim(strings.Replace(digits, ".", "", 1), "0")
	size := int64(len(digits)+1)/2 + 1
	if negative {
		size++
	}
	return size
}

func binarySize(text string) int64 {
	return int64(base64.StdEncoding.DecodedLen(len(text)) - strings.Count(text, "="))
}

// fullCPU is the memory at which a function has one core: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
const fullCPU = 1769.0

// lambdaSeconds is how long invocations are billed for together: what they wait for the network, and their processor time on the
// share of a core that their memory buys. Each is billed in whole milliseconds, half of one more on average.
func lambdaSeconds(invocations int64, waiting, cpu float64, memoryMB int) float64 {
	return waiting + cpu*math.Max(1, fullCPU/float64(memoryMB)) + float64(invocations)*0.0005
}

// gbSeconds is what a function with so much memory is billed for.
func gbSeconds(seconds float64, memoryMB int) float64 { return seconds * float64(memoryMB) / 1024 }
