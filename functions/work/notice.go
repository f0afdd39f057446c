package main

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"leadline/shared/job"
	"leadline/shared/notice"
)

// noticeOf gives the notice that a job ended. Its id is drawn from the job and when it ended: told again, it is the same.
func noticeOf(j job.Job) notice.Notice {
	about := sha256.Sum256([]byte("job\n" + j.Organization + "\n" + j.ID))
	var id ulid.ULID
	_ = id.SetTime(uint64(max(j.FinishedAt.UnixMilli(), 0))) // the clock is far from the end of ULIDs
	_ = id.SetEntropy(about[:10])                            // ten bytes are what it takes
	n := notice.Notice{ID: id.String(), Organization: j.Organization, At: j.FinishedAt, Kind: notice.JobDone, Subject: "jobs/" + j.ID,
		Text: what(j) + " is done."}
	if j.Status == job.Failed {
		n.Kind, n.Text = notice.JobFailed, what(j)+" failed. "+j.Problem
	}
	if rows := j.Counts["rows"]; j.Kind == job.Load && j.Status == job.Done {
		n.Text = fmt.Sprintf("%s is done: it brought %d rows. The batch tells what became of them.", what(j), rows)
	}
	return n
}

// what says what a job is, for people.
func what(j job.Job) string {
	asked := ", asked for on " + j.CreatedAt.UTC().Format(time.DateOnly) + ","
	switch j.Kind {
	case job.Load:
		return "The load of a file" + asked
	case job.Export:
		return "The export of a person's data" + asked
	case job.Erase:
		return "The erasure of a person" + asked
	}
	return "The job " + j.ID + asked
}
