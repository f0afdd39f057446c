package incentive

// The steps, in the order in which they are taken; each is a file of its own: date.go, qualify.go ... What they read and write is
// in work.go. A component's settings are all said by then (program.Effective): no step has defaults of its own.

// recordSteps makes the credits of a record. They are taken for each component that is over the record's data source, in each
// version, up to the step that refuses the record (Plan.Credit).
func recordSteps() []recordStep {
	return []recordStep{
		{"date", dateStep},       // whether the deal is lost; the day it counts on, and with it the version of the program
		{"qualify", qualifyStep}, // whether it counts
		{"value", valueStep},     // what it is worth, in its own currency
		{"convert", convertStep}, // in the program's
		{"credit", creditStep},   // who gets which part
		{"claw", clawStep},       // what is taken back of it
	}
}

// componentSteps makes the amount of a component, for one participant and period (Plan.Calculate). All components of a version
// are taken through the steps before rate first, then through the others, each after those that it looks at: so a gate can ask
// for what another component measured.
func componentSteps() []componentStep {
	return []componentStep{
		{"measure", measureStep},   // what the credits add up to
		{"goal", goalStep},         // quota, target and attainment
		{"rate", rateStep},         // lines by the rate table
		{"takeback", takeBackStep}, // less what deals earned that were lost
		{"adjust", adjustStep},     // gates, multipliers, kickers, caps, floors, as the component lists them
		{"todate", toDateStep},     // less what earlier periods of the window earned
		{"round", roundStep},       // once, shared among the lines
		{"why", whyStep},           // where it is nothing, why
	}
}

// programSteps makes what is paid of what the components of a participant's period earned, in whole minor units. Holds come
// last: a guarantee looks at what is earned, so that what is paid may be less than it by what is held back, and more by what is
// released.
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
