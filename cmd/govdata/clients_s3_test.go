package main

import (
	"fmt"
	"testing"
)

// boto3 tells what a condition or a range came to, and compares no checksum with
// what has no body.
func TestClientBoto3AsksOnConditions(t *testing.T) {
	s := demo(t)
	out, err := python(t, "s3.py", s.url)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var answers int
	if _, err := fmt.Sscanf(out, "%d answers", &answers); err != nil || answers < 600 {
		t.Errorf("found %s, %v; want 600 answers", out, err)
	}
}
