package server

import (
	"net/http"
	"testing"
)

func TestAKeyIsShownInManyWays(t *testing.T) {
	for _, c := range []struct {
		headers map[string]string
		want    string
	}{
		{map[string]string{"Authorization": "Bearer gd_x"}, "gd_x"},
		{map[string]string{"Authorization": "bearer  gd_x "}, "gd_x"},
		{map[string]string{"Authorization": "gd_x"}, "gd_x"},
		{map[string]string{"Authorization": " gd_x "}, "gd_x"},
		{map[string]string{"X-API-Key": "gd_x", "Authorization": "other"}, "gd_x"},
		{map[string]string{"X-CKAN-API-Key": "gd_x", "Authorization": ""}, "gd_x"},
		{map[string]string{"X-CKAN-API-Key": "gd_x", "Authorization": "Basic YTpi"}, "gd_x"},
		{map[string]string{"Authorization": "Basic YTpi"}, ""},
		{map[string]string{"Authorization": "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=c, Signature=d"}, ""},
		{nil, ""},
	} {
		h := http.Header{}
		for name, v := range c.headers {
			h.Set(name, v)
		}
		if got := secretOf(h); got != c.want {
			t.Errorf("%v: found %q", c.headers, got)
		}
	}
}
