package dynamo

import (
	"testing"
	"time"
)

// Keys are stored: a change here loses sight of what is in the table.
func TestDisputeKeysAreWhatIsStored(t *testing.T) {
	at := time.Date(2026, 11, 22, 1, 2, 3, 40, time.FixedZone("east", 3600))
	for name, test := range map[string]struct{ got, want primary }{
		"dispute": {disputeKey("org_a1", at, "dsp_c3"), primary{"org_a1#disputes", "2026-11-22T00:02:03.000000040Z#dsp_c3"}},
		"time":    {disputeTimeKey("org_a1", "dsp_c3"), primary{"org_a1#dispute#dsp_c3", "-"}},
		"of one":  {disputeOfKey("org_a1", "mem_c3", at, "dsp_c3"), primary{"org_a1#disputes of#mem_c3", "2026-11-22T00:02:03.000000040Z#dsp_c3"}},
		"setting": {disputeSettingKey("org_a1"), primary{"org_a1#dispute setting", "-"}},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %q, want %q", name, test.got, test.want)
		}
	}
}
