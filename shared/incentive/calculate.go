package incentive

// Calculate reckons what a participant's period comes to. Invalid (CodeBroken) if no version is in force on any of its days.
func (p *Plan) Calculate(in Input) (Result, error) {
	return Result{}, nil
}
