package incentive

// recordSteps makes the credits of a record, in this order. Each step is a file of its own: qualify.go, date.go ...
func recordSteps() []recordStep {
	return []recordStep{
		{"date", dateStep},       // the day the record counts on, and with it the version of the program
		{"qualify", qualifyStep}, // whether it counts
		{"value", valueStep},     // what it is worth, in its own currency
		{"convert", convertStep}, // in the program's
		{"credit", creditStep},   // who gets which part
		{"claw", clawStep},       // what is taken back of it
	}
}

// componentSteps makes the amount of a component, in this order.
func componentSteps() []componentStep {
	return []componentStep{
		{"measure", measureStep}, // what the credits add up to
		{"goal", goalStep},       // quota, target and attainment
		{"rate", rateStep},       // lines by the rate table
		{"takeback", takeBackStep},
		{"adjust", adjustStep}, // gates, multipliers, kickers, caps, floors, as the component lists them
		{"todate", toDateStep}, // less what earlier periods of the window earned
		{"round", roundStep},   // once, shared among the lines
		{"why", whyStep},       // where it is nothing, why
	}
}

// programSteps makes what is paid of what the components earned, in this order.
func programSteps() []programStep {
	return []programStep{
		{"limit", limitStep}, // caps, floors and draws, as the program lists them
		{"hold", holdStep},   // what is held back, what is released
		{"carry", carryStep}, // what the next period begins with
	}
}

// recordStep, componentStep and programStep are the steps, by the name that refusals and benchmarks give them.
type (
	recordStep struct {
		name string
		do   func(*recordWork)
	}
	componentStep struct {
		name string
		do   func(*componentWork)
	}
	programStep struct {
		name string
		do   func(*programWork)
	}
)
