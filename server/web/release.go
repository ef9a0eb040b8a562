package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
)

type releasePage struct {
	*view
	Release *catalog.Release
}

func (p *Portal) release(c *gin.Context) error {
	v := &releasePage{view: p.view(c, "datasets")}
	id, err := datasetID(c)
	if err != nil {
		return err
	}
	release, err := catalog.ParseReleaseID(c.Param("release"))
	if err != nil {
		return catalog.ErrNotFound
	}
	if v.Release, err = p.Catalog.Resolve(catalog.Ref{Dataset: id, Release: release}); err != nil {
		return err
	}
	v.Title = v.In(v.Release.Dataset.Title)
	return p.render(c, http.StatusOK, "release", v)
}

func (p *Portal) diff(c *gin.Context) error {
	return catalog.ErrNotFound
}
