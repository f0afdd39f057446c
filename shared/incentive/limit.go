package incentive

func limitStep(w *programWork) {}
