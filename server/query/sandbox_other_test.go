//go:build !linux

package query

import "testing"

func probe([]string) {}

func watchWorkers(testing.TB) func() int64 { return func() int64 { return 0 } }
