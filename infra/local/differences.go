package main

// differences lists the settings that functions have here otherwise than the template says. There is no other place where
// what runs here differs from what is deployed; a function whose template does not set a variable does not get it.
func differences() map[string]string {
	return map[string]string{
		// A destination may be a small receiver on this machine, over plain HTTP, and a CRM the sandbox. In AWS nothing goes to
		// the machine that sends.
		"OUTBOUND_ALLOW_LOOPBACK": "true",
	}
}
