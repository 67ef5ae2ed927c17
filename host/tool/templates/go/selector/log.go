package selector

// Level is how much a message matters.
type Level uint8

const (
	// Debug is for the author of the selector.
	Debug Level = iota
	// Info is about a step worth knowing.
	Info
	// Warn is about something odd that did not stop the decision.
	Warn
	// Error is about something wrong.
	Error
)

// Log writes a message. It is kept with the decision, and needs no grant.
func Log(level Level, message string) { logWrite(level, message) }

// Logs tells whether messages of this level are kept. Another one need not be formatted.
func Logs(level Level) bool { return logEnabled(level) }
