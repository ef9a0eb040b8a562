//go:build !linux

package query

func lower(int) {}
