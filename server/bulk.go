package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/server/problem"
)

// What a mirror needs: one document that lists all that is current, the same
// as lists that wget, aria2c and sha256sum read, and the keys of the
// signatures. Every address in them is pinned to a release, so that a mirror
// that has a file never asks for it again.

type bulkFile struct {
	Format    string `json:"format"`
	MediaType string `json:"media_type"`
	URL       string `json:"url"`
	Bytes     int64  `json:"bytes"`
	SHA256    string `json:"sha256"`
	Rows      int64  `json:"rows"`
}

type bulkManifest struct {
	URL       string `json:"url"`
	SHA256    string `json:"sha256"`
	Signature string `json:"signature"`
	SignedBy  string `json:"signed_by"`
	Key       string `json:"key"`
}

type bulkDataset struct {
	ID          catalog.ID        `json:"id"`
	Title       catalog.Text      `json:"title"`
	Publisher   catalog.Text      `json:"publisher"`
	Licence     string            `json:"licence"`
	Synthetic   bool              `json:"synthetic"`
	Release     catalog.ReleaseID `json:"release"`
	Previous    catalog.ReleaseID `json:"previous,omitempty"`
	PublishedAt time.Time         `json:"published_at"`
	Rows        int64             `json:"rows"`
	Schema      string            `json:"schema_sha256"`
	Manifest    bulkManifest      `json:"manifest"`
	// Changes is the address of what changed since the previous release.
	Changes string     `json:"changes,omitempty"`
	Files   []bulkFile `json:"files"`
}

// current lists the current releases that anyone may take, in the formats that
// ?format= names, all without it, and, with ?since=, those published later.
func (s *Server) current(c *gin.Context) ([]bulkDataset, error) {
	if err := allow(c, "format", "since"); err != nil {
		return nil, err
	}
	var since time.Time
	if given := c.Query("since"); given != "" {
		var err error
		if since, err = time.Parse(time.RFC3339, given); err != nil {
			return nil, problem.BadParam("since", "是 %q，应为 RFC 3339 时间，如 2026-11-23T08:00:00Z", "found %q, want a time such as 2026-11-23T08:00:00Z", given)
		}
	}
	var wanted []string
	for _, ext := range split(c.Query("format")) {
		if f, ok := catalog.FormatOf(ext); !ok || !f.Bulk {
			return nil, problem.BadParam("format", "含 %q，没有这种下载文件", "%q is no format of the download files", ext)
		}
		wanted = append(wanted, ext)
	}
	all, err := s.o.Catalog.All()
	if err != nil {
		return nil, err
	}
	base := s.base(c)
	list := []bulkDataset{}
	for _, r := range all {
		if !r.Dataset.Queryable() || !r.PublishedAt.After(since) {
			continue
		}
		d := &r.Dataset
		at := base + "/d/" + r.Ref().String()
		one := bulkDataset{ID: d.ID, Title: d.Title, Publisher: d.Publisher, Licence: d.Licence, Synthetic: d.Synthetic,
			Release: r.Release, Previous: r.Previous, PublishedAt: r.PublishedAt, Rows: r.Rows, Schema: r.Schema,
			Manifest: bulkManifest{URL: at + ".manifest.json", SHA256: r.ManifestHash(), Signature: at + ".manifest.sig", SignedBy: r.SignedBy, Key: base + "/d/signing-keys/" + r.SignedBy + ".pem"},
			Files:    []bulkFile{}}
		if _, err := s.o.Catalog.Resolve(catalog.Ref{Dataset: d.ID, Release: r.Previous}); err == nil && r.Previous != "" && r.Previous != r.Release {
			one.Changes = fmt.Sprintf("%s/d/%s@%s..%s.diff.csv", base, d.ID, r.Previous, r.Release)
		}
		for _, a := range r.Artefacts {
			if len(wanted) == 0 || slices.Contains(wanted, a.Format) {
				one.Files = append(one.Files, bulkFile{a.Format, a.MediaType, at + "." + a.Format, a.Bytes, a.SHA256, a.Rows})
			}
		}
		list = append(list, one)
	}
	return list, nil
}

// bulkCatalog answers /d/catalog.json.
func (s *Server) bulkCatalog(c *gin.Context) error {
	list, err := s.current(c)
	if err != nil {
		return err
	}
	body, err := json.MarshalIndent(struct {
		Title    catalog.Text  `json:"title"`
		Key      string        `json:"signing_key"`
		Files    string        `json:"files"`
		Sums     string        `json:"checksums"`
		Datasets []bulkDataset `json:"datasets"`
	}{s.o.Site.Title, s.base(c) + "/d/signing-key.pem", s.base(c) + "/d/files.txt", s.base(c) + "/d/SHA256SUMS", list}, "", "  ")
	if err != nil {
		return err
	}
	return s.document(c, "application/json; charset=utf-8", append(body, '\n'))
}

// bulkFiles answers /d/files.txt: one address a line, as wget -i and aria2c -i
// read them, each dataset's manifest and signature before its files.
func (s *Server) bulkFiles(c *gin.Context) error {
	list, err := s.current(c)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for _, d := range list {
		fmt.Fprintf(&b, "%s\n%s\n", d.Manifest.URL, d.Manifest.Signature)
		for _, f := range d.Files {
			fmt.Fprintln(&b, f.URL)
		}
	}
	return s.document(c, "text/plain; charset=utf-8", b.Bytes())
}

// bulkSums answers /d/SHA256SUMS, for sha256sum -c in the folder of the files.
func (s *Server) bulkSums(c *gin.Context) error {
	list, err := s.current(c)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for _, d := range list {
		fmt.Fprintf(&b, "%s  %s@%s.manifest.json\n", d.Manifest.SHA256, d.ID, d.Release)
		for _, f := range d.Files {
			fmt.Fprintf(&b, "%s  %s@%s.%s\n", f.SHA256, d.ID, d.Release, f.Format)
		}
	}
	return s.document(c, "text/plain; charset=utf-8", b.Bytes())
}

// document answers with a text that changes when something is published.
func (s *Server) document(c *gin.Context, mediaType string, body []byte) error {
	h := c.Writer.Header()
	h.Set("Cache-Control", revalidate)
	h.Set("Content-Type", mediaType)
	h.Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(body)))
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(body))
	return nil
}

// signingKey answers /d/signing-key.pem and /d/signing-keys/{id}.pem.
func (s *Server) signingKey(c *gin.Context) error {
	if err := allow(c); err != nil {
		return err
	}
	id, ok := strings.CutSuffix(c.Param("key"), ".pem")
	if c.Param("key") != "" && (!ok || id == "") {
		return fmt.Errorf("a key is called /d/signing-keys/ID.pem: %w", catalog.ErrNotFound)
	}
	key, err := s.o.Catalog.PublicKey(id)
	if err != nil {
		return err
	}
	text, err := catalog.MarshalPublicKey(key)
	if err != nil {
		return err
	}
	return s.document(c, "application/x-pem-file", text)
}
