package incentive

func holdStep(w *programWork) {}
