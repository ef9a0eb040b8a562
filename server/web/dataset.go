package web

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/server/query"
)

const (
	previewRows = 20
	sampleRows  = 10 // of what is open on a condition
)

type datasetPage struct {
	*view
	Release  *catalog.Release
	Releases []*catalog.Release
	Table    *Table
	Failure  string
}

// datasetID reads the dataset of an address. What cannot be one means nothing.
func datasetID(c *gin.Context) (catalog.ID, error) {
	id, err := catalog.ParseID(c.Param("id"))
	if err != nil {
		return "", fmt.Errorf("%v: %w", err, catalog.ErrNotFound)
	}
	return id, nil
}

func (p *Portal) dataset(c *gin.Context) error {
	v := &datasetPage{view: p.view(c, "datasets")}
	id, err := datasetID(c)
	if err != nil {
		return err
	}
	if v.Release, err = p.Catalog.Current(id); err != nil {
		return err
	}
	if v.Releases, err = p.Catalog.Releases(id); err != nil {
		return err
	}
	d := &v.Release.Dataset
	v.Title, v.Description = v.In(d.Title), v.In(d.Description)
	switch {
	case p.Opens(c, v.Release) == nil:
		v.Table, err = p.table(c, query.Request{Rows: &query.RowsRequest{Table: v.Release.Ref().String(), Limit: previewRows}, MaxRows: previewRows})
	case d.Openness.Attribute == catalog.OpenConditional:
		v.Table, err = p.Sample(c, v.Release, sampleRows)
	}
	if err != nil {
		// The page is worth having without its preview.
		p.Log.Warn("no preview", "release", v.Release.Ref(), "error", err)
		v.Failure = v.T("preview_failed")
	}
	return p.render(c, http.StatusOK, "dataset", v)
}
