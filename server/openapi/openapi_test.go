package openapi

import (
	"testing"
)

func TestX(t *testing.T) {
	d, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.JSON("http://x", "t", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Log(len(b), d.Routes())
	t.Logf("%s", b[:6000])
}
