// Package s3 is a read-only face of the published files in the protocol of
// object stores: what reads Parquet from S3 reads it from here. It knows
// GetObject with ranges, HeadObject, ListObjectsV2 and what clients ask on the
// way to these. The data is public: unsigned requests are answered, and signed
// ones whatever the key.
package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/server/problem"
)

// Path is where the bucket is on the site. The endpoint is the site itself, for
// there are readers that take the first name of a path for the bucket
// (ClickHouse).
const Path = "/" + Bucket

// Region is the one that clients sign for. It means nothing here.
const Region = "us-east-1"

// Deps is what the face needs from the rest.
type Deps struct {
	Catalog  *catalog.Catalog
	Metadata Metadata
	// Send answers with a file of a release: with sendfile, ranges, conditions and
	// an ETag, and with these headers.
	Send func(c *gin.Context, r *catalog.Release, a catalog.Artefact, header map[string]string) error
	Log  *slog.Logger
}

type face struct{ Deps }

// Register mounts the face. The site's first page is for people; a signed
// request there asks for the buckets.
func Register(r gin.IRouter, d Deps) error {
	f := &face{d}
	r.Use(func(c *gin.Context) {
		if c.Request.URL.Path == "/" && strings.HasPrefix(c.GetHeader("Authorization"), "AWS4-HMAC-SHA256") {
			f.handle(c)
			c.Abort()
		}
	})
	r.Any(Path, f.handle)
	r.Any(Path+"/*key", f.handle)
	return nil
}

// fault is an error that this protocol has a code of its own for.
type fault struct {
	status        int
	code, message string
}

func (e *fault) Error() string { return e.message }

func invalid(name, value string) error {
	return &fault{http.StatusBadRequest, "InvalidArgument", fmt.Sprintf("%s: %q cannot be meant", name, value)}
}

// bucketParts and objectParts are the parts of a bucket and of an object that
// have requests of their own, which are not answered here.
var (
	bucketParts = []string{"accelerate", "acl", "analytics", "cors", "encryption", "intelligent-tiering", "inventory", "lifecycle", "logging", "metrics", "notification", "object-lock",
		"ownershipControls", "policy", "policyStatus", "publicAccessBlock", "replication", "requestPayment", "tagging", "uploads", "versions", "website"}
	objectParts = []string{"acl", "attributes", "legal-hold", "retention", "select", "tagging", "torrent", "uploadId", "uploads"}
)

func (f *face) handle(c *gin.Context) {
	key := strings.TrimPrefix(c.Param("key"), "/")
	err := f.answer(c, key)
	if err == nil {
		return
	}
	if c.Writer.Written() || c.Request.Context().Err() != nil && errors.Is(err, context.Canceled) {
		panic(http.ErrAbortHandler)
	}
	f.fail(c, key, err)
}

func (f *face) answer(c *gin.Context, key string) error {
	c.Header("X-Amz-Bucket-Region", Region)
	if c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead {
		c.Header("Allow", "GET, HEAD")
		return &fault{http.StatusMethodNotAllowed, "MethodNotAllowed", "the bucket can be read, not written"}
	}
	q := c.Request.URL.Query()
	part := func(known []string) error {
		if i := slices.IndexFunc(known, q.Has); i >= 0 {
			return &fault{http.StatusNotImplemented, "NotImplemented", known[i] + " is not answered here"}
		}
		return nil
	}
	switch {
	case c.Request.URL.Path == "/":
		return listBuckets(c)
	case key != "":
		if err := part(objectParts); err != nil {
			return err
		}
		return f.object(c, key)
	case c.Request.Method == http.MethodHead:
		c.Status(http.StatusOK)
		return nil
	case q.Has("location"):
		// The region that this protocol writes as nothing.
		return document(c, struct {
			XMLName   xml.Name `xml:"LocationConstraint"`
			Namespace string   `xml:"xmlns,attr"`
		}{Namespace: namespace})
	case q.Has("versioning"):
		return document(c, struct {
			XMLName   xml.Name `xml:"VersioningConfiguration"`
			Namespace string   `xml:"xmlns,attr"`
		}{Namespace: namespace})
	}
	if err := part(bucketParts); err != nil {
		return err
	}
	return f.listObjects(c)
}

// object answers GetObject and HeadObject.
func (f *face) object(c *gin.Context, key string) error {
	o, err := f.find(key)
	if err != nil {
		return err
	}
	size, sum, err := o.stat()
	if err != nil {
		return err
	}
	caching := "public, no-cache"
	if o.fixed {
		caching = "public, max-age=31536000, immutable"
	}
	switch condition(c.Request, &o, sum) {
	case http.StatusNotModified:
		// Without a checksum: clients compare one with the body, and there is none.
		c.Header("Cache-Control", caching)
		c.Header("ETag", `"`+sum+`"`)
		c.Header("Last-Modified", o.modified.UTC().Format(http.TimeFormat))
		c.Status(http.StatusNotModified)
		return nil
	case http.StatusPreconditionFailed:
		return &fault{http.StatusPreconditionFailed, "PreconditionFailed", "the object is another than If-Match or If-Unmodified-Since ask for"}
	}
	if err := oneRange(c.Request, size); err != nil {
		return err
	}
	header := map[string]string{"Content-Type": o.mediaType, "Cache-Control": caching}
	if c.GetHeader("X-Amz-Checksum-Mode") == "ENABLED" && c.GetHeader("Range") == "" {
		// Clients that ask for it compare it with what they got.
		raw, err := hex.DecodeString(sum)
		if err == nil && len(raw) == sha256.Size {
			header["X-Amz-Checksum-Sha256"], header["X-Amz-Checksum-Type"] = base64.StdEncoding.EncodeToString(raw), "FULL_OBJECT"
		}
	}
	if o.bytes == nil {
		return f.Send(c, o.release, o.artefact, header)
	}
	b, err := o.bytes()
	if err != nil {
		return err
	}
	for name, value := range header {
		c.Header(name, value)
	}
	c.Header("ETag", `"`+sum+`"`)
	http.ServeContent(c.Writer, c.Request, "", o.modified, bytes.NewReader(b))
	return nil
}

// oneRange lets through what this protocol knows of ranges: of several it takes
// none, and one that begins behind the end is an error with a body of its own.
func oneRange(r *http.Request, size int64) error {
	spec, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes=")
	first, last, dashed := strings.Cut(spec, "-")
	if !ok || !dashed || strings.Contains(spec, ",") {
		r.Header.Del("Range")
		return nil
	}
	if first == "" {
		first, last = last, ""
		if n, err := strconv.ParseInt(first, 10, 64); err != nil || n < 0 {
			r.Header.Del("Range")
		} else if n == 0 || size == 0 {
			return &fault{http.StatusRequestedRangeNotSatisfiable, "InvalidRange", fmt.Sprintf("the object has %d bytes", size)}
		}
		return nil
	}
	from, err := strconv.ParseInt(first, 10, 64)
	to := from
	if err == nil && last != "" {
		to, err = strconv.ParseInt(last, 10, 64)
	}
	switch {
	case err != nil || from < 0 || to < from:
		r.Header.Del("Range")
	case from >= size:
		return &fault{http.StatusRequestedRangeNotSatisfiable, "InvalidRange", fmt.Sprintf("the object has %d bytes", size)}
	}
	return nil
}

func document(c *gin.Context, v any) error {
	b, err := xml.Marshal(v)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-cache")
	c.Data(http.StatusOK, "application/xml", append([]byte(xml.Header), b...))
	return nil
}

type errorResult struct {
	XMLName    xml.Name `xml:"Error"`
	Code       string
	Message    string
	BucketName string `xml:",omitempty"`
	Key        string `xml:",omitempty"`
	Resource   string
}

// fail answers with an error in the form of this protocol.
func (f *face) fail(c *gin.Context, key string, err error) {
	e := (*fault)(nil)
	if !errors.As(err, &e) {
		p := problem.Of(err)
		e = &fault{p.Status, "InternalError", p.Detail.En}
		switch {
		case p.Withdrawn != nil:
			e.code = "NoSuchKey"
		case p.Status == http.StatusNotFound, p.Status == http.StatusGone, p.Status == http.StatusBadRequest:
			e.status, e.code = http.StatusNotFound, "NoSuchKey"
		case p.Status == http.StatusForbidden:
			e.code = "AccessDenied"
		case p.Status == http.StatusServiceUnavailable, p.Status == http.StatusTooManyRequests:
			e.status, e.code = http.StatusServiceUnavailable, "SlowDown"
			c.Header("Retry-After", strconv.Itoa(p.RetryAfter))
		default:
			f.Log.Error("request failed", "path", c.Request.URL.Path, "error", err)
		}
	}
	for _, name := range []string{"Cache-Control", "ETag", "Last-Modified", "X-Amz-Checksum-Sha256", "X-Amz-Checksum-Type"} {
		c.Writer.Header().Del(name)
	}
	c.Abort()
	if c.Request.Method == http.MethodHead {
		c.Status(e.status)
		return
	}
	b, marshalErr := xml.Marshal(errorResult{Code: e.code, Message: e.message, BucketName: Bucket, Key: key, Resource: c.Request.URL.Path})
	if marshalErr != nil {
		panic(marshalErr) // texts alone
	}
	c.Data(e.status, "application/xml", append([]byte(xml.Header), b...))
}
