package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

//go:embed prices.json
var priceFile []byte

// meter is something that AWS charges for, as the price file names it.
type meter string

const (
	apiRequests     meter = "api.requests"
	lambdaRequests  meter = "lambda.requests"
	lambdaGBSeconds meter = "lambda.gbseconds"
	sqsRequests     meter = "sqs.requests"
	sqsFair         meter = "sqs.fair"
	dynamoWrites    meter = "dynamodb.writes"
	dynamoReads     meter = "dynamodb.reads"
	dynamoStream    meter = "dynamodb.streamreads"
	dynamoStorage   meter = "dynamodb.storage"
	dynamoRecovery  meter = "dynamodb.recovery"
	s3Writes        meter = "s3.writes"
	s3Reads         meter = "s3.reads"
	s3Storage       meter = "s3.storage"
	kmsRequests     meter = "kms.requests"
	logsIngested    meter = "logs.ingested"
	transferOut     meter = "transfer.out"
)

// meters lists all of them.
func meters() []meter {
	return []meter{apiRequests, lambdaRequests, lambdaGBSeconds, sqsRequests, sqsFair, dynamoWrites, dynamoReads, dynamoStream,
		dynamoStorage, dynamoRecovery, s3Writes, s3Reads, s3Storage, kmsRequests, logsIngested, transferOut}
}

// service is the part of a meter's name that says whose bill it is on.
func (m meter) service() string {
	service, _, _ := strings.Cut(string(m), ".")
	return service
}

// price is what so many units cost.
type price struct {
	Dollars float64 `json:"dollars"`
	Per     float64 `json:"per"`
	Unit    string  `json:"unit"`
	URL     string  `json:"url"`
}

// prices is the price file.
type prices struct {
	Date   string          `json:"date"`
	Region string          `json:"region"`
	Note   string          `json:"note"`
	Prices map[meter]price `json:"prices"`
}

// readPrices reads a price file, which must have a date and a price for each meter and for nothing else.
func readPrices(text []byte) (prices, error) {
	var p prices
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return prices{}, fmt.Errorf("prices: %w", err)
	}
	if _, err := time.Parse(time.DateOnly, p.Date); err != nil {
		return prices{}, fmt.Errorf("prices: the date %q is none", p.Date)
	}
	for _, m := range meters() {
		if one, ok := p.Prices[m]; !ok || one.Per <= 0 || one.Dollars < 0 || one.Unit == "" || one.URL == "" {
			return prices{}, fmt.Errorf("prices: %s has no price, or one without amount, unit and page", m)
		}
	}
	for _, m := range slices.Sorted(maps.Keys(p.Prices)) {
		if !slices.Contains(meters(), m) {
			return prices{}, fmt.Errorf("prices: nothing is counted as %s", m)
		}
	}
	return p, nil
}

// usage is how much of what AWS charges for was used.
type usage map[meter]float64

func (u usage) add(m meter, quantity float64) { u[m] += quantity }

func (u usage) addAll(other usage) {
	for m, quantity := range other {
		u[m] += quantity
	}
}

// of gives what a usage costs, in dollars.
func (p prices) of(u usage) float64 {
	sum := 0.0
	for _, m := range meters() { // in one order: floats do not add up the same in any
		sum += p.one(m, u[m])
	}
	return sum
}

func (p prices) one(m meter, quantity float64) float64 {
	return quantity * p.Prices[m].Dollars / p.Prices[m].Per
}
