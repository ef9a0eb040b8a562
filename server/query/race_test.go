//go:build race

package query

// workerMB is the memory of a worker in these tests: the race detector maps
// shadow memory of many times what a program uses.
const workerMB = 1024

const raceDetector = true
