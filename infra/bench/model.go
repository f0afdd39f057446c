package main

import "time"

// The times that a function waits for an answer, within a region. They matter only for what Lambda charges by the
// millisecond: assumed, rather long ones, for the emulators' own times say nothing about AWS.
const (
	dynamoReadTime  = 3 * time.Millisecond
	dynamoWriteTime = 6 * time.Millisecond
	sqsTime         = 10 * time.Millisecond
	s3ReadTime      = 20 * time.Millisecond
	s3WriteTime     = 35 * time.Millisecond
	kmsTime         = 10 * time.Millisecond
	destinationTime = 150 * time.Millisecond
)

// What comes with each answer of an HTTP API to the internet besides what the local one sends: apigw-requestid and the
// frames of HTTP and TLS.
const answerOverhead = 60

// modelNotes say what the figures rest on.
func modelNotes() []string {
	return []string{
		"Calls are counted where they arrive over HTTP, between the functions' SDK and the emulators: retries are in. SQS is polled for Lambda by ten",
		"messages at a time, and deleted from likewise. Write and read units are those that DynamoDB Local reports, but for transactions, which cost two for",
		"each KB of each item; a refused write costs what stands.",
		"Lambda's time: the longest chain of calls at assumed latencies (DynamoDB read 3 ms, write 6 ms; SQS and KMS 10 ms; S3 read 20 ms, write",
		"35 ms; a destination 150 ms), and the processor time of the real binaries on this machine, without TLS, stretched to the share of a core that",
		"the function's memory buys, and half a millisecond for rounding up. It is the only part that differs from run to run. Cold starts are left out.",
		"Left out, for they do not depend on events: empty polls of queues, alarms, metrics, the schedules.",
	}
}
