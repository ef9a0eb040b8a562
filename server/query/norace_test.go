//go:build !race

package query

// workerMB is the memory of a worker in these tests.
const workerMB = 256

const raceDetector = false
