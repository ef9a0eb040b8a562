package s3

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
)

const (
	namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
	pageSize  = 1000
)

// listing is what ListObjects is asked for.
type listing struct {
	prefix, delimiter string
	// after is the key behind which to begin. past says that it is the last entry
	// of another page, so that what begins with it is not told again.
	after string
	past  bool
	max   int
}

// page is its answer: objects and common prefixes in the order of their names.
type page struct {
	objects   []object
	prefixes  []string
	last      string
	truncated bool
}

// list finds a page. It looks into those datasets alone that it has to, and
// makes no object to know its name.
func (f *face) list(l listing) (page, error) {
	var p page
	ids, err := f.Catalog.IDs()
	if err != nil {
		return p, err
	}
	full := func(name string) bool {
		if p.truncated = len(p.objects)+len(p.prefixes) == l.max; !p.truncated {
			p.last = name
		}
		return p.truncated
	}
	for _, id := range ids {
		dir := string(id) + "/"
		if !strings.HasPrefix(dir, l.prefix) && !strings.HasPrefix(l.prefix, dir) {
			continue
		}
		within := strings.HasPrefix(l.after, dir)
		if l.after > dir && !within {
			continue
		}
		if l.delimiter == "/" && strings.HasPrefix(dir, l.prefix) && dir != l.prefix && (!within || l.past) {
			if l.past && dir <= l.after {
				continue
			}
			r, err := f.Catalog.Current(id)
			if errors.Is(err, catalog.ErrCorrupt) {
				continue // set aside since ids were listed
			} else if err != nil {
				return p, err
			}
			if err := f.open(r); errors.Is(err, catalog.ErrForbidden) {
				continue
			} else if err != nil {
				return p, err
			}
			if full(dir) {
				return p, nil
			}
			p.prefixes = append(p.prefixes, dir)
			continue
		}
		objects, err := f.objects(id)
		if err != nil {
			return p, err
		}
		for _, o := range objects {
			if o.key <= l.after || !strings.HasPrefix(o.key, l.prefix) {
				continue
			}
			if common, ok := l.common(o.key); ok {
				if l.past && common <= l.after || len(p.prefixes) > 0 && p.prefixes[len(p.prefixes)-1] == common {
					continue
				}
				if full(common) {
					return p, nil
				}
				p.prefixes = append(p.prefixes, common)
				continue
			}
			if full(o.key) {
				return p, nil
			}
			p.objects = append(p.objects, o)
		}
	}
	return p, nil
}

// common is the name that stands for all keys that are the same up to the
// first delimiter behind the prefix.
func (l *listing) common(key string) (string, bool) {
	if l.delimiter == "" {
		return "", false
	}
	head, _, ok := strings.Cut(key[len(l.prefix):], l.delimiter)
	return l.prefix + head + l.delimiter, ok
}

type listedObject struct {
	Key          string
	LastModified string
	ETag         string
	Size         int64
	StorageClass string
}

type listedPrefix struct{ Prefix string }

type listResult struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	Namespace             string   `xml:"xmlns,attr"`
	Name                  string
	Prefix                string
	Delimiter             string `xml:",omitempty"`
	Marker                *string
	NextMarker            string `xml:",omitempty"`
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	KeyCount              *int
	MaxKeys               int
	EncodingType          string `xml:",omitempty"`
	IsTruncated           bool
	Contents              []listedObject
	CommonPrefixes        []listedPrefix
}

// listObjects answers ListObjectsV2, and ListObjects for old clients.
func (f *face) listObjects(c *gin.Context) error {
	q := c.Request.URL.Query()
	l := listing{prefix: q.Get("prefix"), delimiter: q.Get("delimiter"), max: pageSize}
	if given := q.Get("max-keys"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil || n < 0 {
			return invalid("max-keys", given)
		}
		l.max = min(n, pageSize)
	}
	encode := func(s string) string { return s }
	switch given := q.Get("encoding-type"); given {
	case "":
	case "url":
		encode = func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/") }
	default:
		return invalid("encoding-type", given)
	}
	r := listResult{Namespace: namespace, Name: Bucket, Prefix: encode(l.prefix), Delimiter: encode(l.delimiter), MaxKeys: l.max, EncodingType: q.Get("encoding-type")}
	second := q.Get("list-type") == "2"
	switch token := q.Get("continuation-token"); {
	case !second:
		l.after, l.past = q.Get("marker"), true
		marker := encode(l.after)
		r.Marker = &marker
	case token != "":
		after, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			return invalid("continuation-token", token)
		}
		l.after, l.past, r.ContinuationToken = string(after), true, token
	default:
		l.after, r.StartAfter = q.Get("start-after"), encode(q.Get("start-after"))
	}
	var p page
	if l.max > 0 {
		var err error
		if p, err = f.list(l); err != nil {
			return err
		}
	}
	for i := range p.objects {
		o := &p.objects[i]
		size, sum, err := o.stat()
		if errors.Is(err, catalog.ErrNotFound) {
			continue // a release that is not signed
		} else if err != nil {
			return fmt.Errorf("list %s: %w", o.key, err)
		}
		r.Contents = append(r.Contents, listedObject{encode(o.key), o.modified.UTC().Format("2006-01-02T15:04:05.000Z"), `"` + sum + `"`, size, "STANDARD"})
	}
	for _, prefix := range p.prefixes {
		r.CommonPrefixes = append(r.CommonPrefixes, listedPrefix{encode(prefix)})
	}
	r.IsTruncated = p.truncated
	if second {
		count := len(r.Contents) + len(r.CommonPrefixes)
		r.KeyCount = &count
		if p.truncated {
			r.NextContinuationToken = base64.RawURLEncoding.EncodeToString([]byte(p.last))
		}
	} else if p.truncated {
		r.NextMarker = encode(p.last)
	}
	return document(c, r)
}

type bucketResult struct {
	XMLName   xml.Name `xml:"ListAllMyBucketsResult"`
	Namespace string   `xml:"xmlns,attr"`
	Owner     struct{ ID, DisplayName string }
	Buckets   []listedBucket `xml:"Buckets>Bucket"`
}

type listedBucket struct {
	Name         string
	CreationDate string
}

// listBuckets answers ListBuckets. A bucket without a day of birth is none to
// some clients; ours is as old as the service that this protocol is of.
func listBuckets(c *gin.Context) error {
	r := bucketResult{Namespace: namespace, Buckets: []listedBucket{{Bucket, time.Date(2006, 3, 1, 0, 0, 0, 0, time.UTC).Format("2006-01-02T15:04:05.000Z")}}}
	r.Owner.ID, r.Owner.DisplayName = Bucket, Bucket
	return document(c, r)
}
