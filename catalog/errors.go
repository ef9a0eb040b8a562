package catalog

import "errors"

// The categories of failure that callers act on. Everything the platform
// returns wraps at most one of them; the server maps each to one HTTP status
// and the command line to one exit code.
var (
	// ErrNotFound: no such dataset, release, artefact or field.
	ErrNotFound = errors.New("not found")
	// ErrInvalid: what was given breaks a stated rule (a name, a parameter, a definition, a file).
	ErrInvalid = errors.New("invalid")
	// ErrGone: the release existed and was collected.
	ErrGone = errors.New("gone")
	// ErrConflict: somebody else is changing the same dataset now.
	ErrConflict = errors.New("conflict")
	// ErrUnauthorized: the caller shows a key that is not known or no longer good.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrForbidden: the operation is not allowed to this caller.
	ErrForbidden = errors.New("forbidden")
	// ErrTooLarge: a stated limit was exceeded.
	ErrTooLarge = errors.New("too large")
	// ErrBusy: all workers are taken and the queue is full; try again later.
	ErrBusy = errors.New("busy")
	// ErrTooMany: this caller asks more than its share; it should slow down.
	ErrTooMany = errors.New("too many requests")
	// ErrTimeout: the work did not end before its deadline.
	ErrTimeout = errors.New("deadline exceeded")
	// ErrCorrupt: bytes on disk do not match what the manifest says of them.
	ErrCorrupt = errors.New("corrupt")
	// ErrUnchanged: the content equals the current release; nothing was published.
	ErrUnchanged = errors.New("unchanged")
)
