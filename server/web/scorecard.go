package web

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

type scorePage struct{ *view }

type scoreExcerpt struct{ *view }

func (p *Portal) scoreExcerpt(*gin.Context, *view) (*scoreExcerpt, error) { return nil, nil }

func (p *Portal) scorecard(c *gin.Context) error {
	v := &scorePage{p.view(c, "scorecard")}
	v.Title = v.T("nav_scorecard")
	return p.render(c, http.StatusOK, "scorecard", v)
}
