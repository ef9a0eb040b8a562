package ckan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxBody bounds what a request may send.
const maxBody = 1 << 20

// params are what an action is given: texts out of an address or a form, or any
// value of JSON, numbers as json.Number.
type params map[string]any

// readParams reads what a request gives where CKAN looks for it: in the form of a
// POST, else in the address, else in a body of JSON. The error says what is wrong
// with the body.
func readParams(r *http.Request) (params, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("the query string is malformed: %v", err)
	}
	if r.Method != http.MethodPost {
		return mixed(query), nil
	}
	media, options, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	r.Body = http.MaxBytesReader(nil, r.Body, maxBody)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	return parseParams(query, media, options["boundary"], body)
}

// parseParams is readParams of a POST that has been read.
func parseParams(query url.Values, media, boundary string, body []byte) (params, error) {
	object := func() (params, error) {
		var p params
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		if err := d.Decode(&p); err != nil {
			return nil, fmt.Errorf("Error decoding JSON data: %v", err)
		}
		if _, err := d.Token(); err != io.EOF {
			return nil, errors.New("Error decoding JSON data: there is more behind it")
		}
		if p == nil {
			p = params{}
		}
		return p, nil
	}
	switch media {
	case "application/x-www-form-urlencoded":
		if p, err := object(); err == nil { // as curl -d sends JSON
			return p, nil
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, fmt.Errorf("the form is malformed: %v", err)
		}
		if len(form) == 1 { // JSON as the one name of a form
			for name, values := range form {
				if v := strings.Join(values, ""); (v == "" || v == "1") && strings.HasPrefix(name, "{") {
					body = []byte(name)
					return object()
				}
			}
		}
		if len(form) > 0 {
			return mixed(form), nil
		}
	case "multipart/form-data":
		form, err := multipartForm(body, boundary)
		if err != nil {
			return nil, fmt.Errorf("the form is malformed: %v", err)
		}
		if len(form) > 0 {
			return mixed(form), nil
		}
		return mixed(query), nil
	}
	if len(query) > 0 {
		return mixed(query), nil
	}
	if len(bytes.TrimSpace(body)) > 0 {
		return object()
	}
	return params{}, nil
}

// multipartForm reads the texts of a form; files are left out.
func multipartForm(body []byte, boundary string) (url.Values, error) {
	form, err := multipart.NewReader(bytes.NewReader(body), boundary).ReadForm(maxBody)
	if err != nil {
		return nil, err
	}
	defer form.RemoveAll()
	return form.Value, nil
}

// mixed is a text for what is given once, and a list for what is given more often.
func mixed(values url.Values) params {
	p := params{}
	for name, given := range values {
		if len(given) == 1 {
			p[name] = given[0]
			continue
		}
		list := make([]any, len(given))
		for i, v := range given {
			list[i] = v
		}
		p[name] = list
	}
	return p
}

// unknown names what is given and not among known.
func (p params) unknown(known ...string) []string {
	var names []string
	for name := range p {
		if !slices.Contains(known, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// text is a value as text; "" where there is none.
func (p params) text(name string) string { return textOf(p[name]) }

func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// needed is the text of a value that must be there.
func (p params) needed(name string) (string, error) {
	v := p.text(name)
	if v == "" {
		return "", bad(name, "Missing value")
	}
	return v, nil
}

// natural is a number that is not negative; otherwise where none is given.
func (p params) natural(name string, otherwise int64) (int64, error) {
	n, err := p.integer(name, otherwise)
	if err == nil && n < 0 {
		return 0, bad(name, "Must be a natural number")
	}
	return n, err
}

func (p params) integer(name string, otherwise int64) (int64, error) {
	given := strings.TrimSpace(p.text(name))
	if given == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(given, 10, 64)
	if err != nil {
		return 0, bad(name, "Invalid integer")
	}
	return n, nil
}

// boolean is CKAN's: what does not say yes says no.
func (p params) boolean(name string, otherwise bool) bool {
	switch v := p[name].(type) {
	case nil:
		return otherwise
	case bool:
		return v
	default:
		switch strings.ToLower(strings.TrimSpace(textOf(v))) {
		case "":
			return otherwise
		case "true", "yes", "t", "y", "on", "1":
			return true
		}
		return false
	}
}

// list is a list, or a text with commas between its items. quoted items lose
// their double quotes.
func (p params) list(name string) ([]string, error) {
	var items []string
	switch v := p[name].(type) {
	case nil:
	case string:
		if strings.TrimSpace(v) == "" {
			return nil, nil
		}
		items = strings.Split(v, ",")
	case []any:
		for _, item := range v {
			text, ok := item.(string)
			if !ok {
				return nil, bad(name, "Neither a string nor a list: %s", textOf(item))
			}
			items = append(items, text)
		}
	default:
		return nil, bad(name, "Not a list")
	}
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return items, nil
}

// page is a part of a list: limit items, 0 for all, behind the first offset.
func (p params) page(otherwise int64) (offset, limit int64, err error) {
	if limit, err = p.natural("limit", otherwise); err != nil {
		return 0, 0, err
	}
	offset, err = p.natural("offset", 0)
	return offset, limit, err
}

// cut is the part of all that page says.
func cut[T any](all []T, offset, limit int64) []T {
	n := int64(len(all))
	offset = min(offset, n)
	if limit > 0 && limit < n-offset {
		n = offset + limit
	}
	if offset == n {
		return []T{}
	}
	return all[offset:n]
}

// object reads a value that is an object, or the JSON text of one. ok is false
// where it is something else.
func object(v any) (m map[string]any, ok bool) {
	switch v := v.(type) {
	case map[string]any:
		return v, true
	case string:
		d := json.NewDecoder(strings.NewReader(v))
		d.UseNumber()
		if d.Decode(&m) != nil || m == nil {
			return nil, false
		}
		_, err := d.Token()
		return m, err == io.EOF
	}
	return nil, false
}
