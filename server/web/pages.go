package web

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

func (p *Portal) about(c *gin.Context) error {
	v := p.view(c, "about")
	v.Title = v.T("nav_about")
	v.Description = v.In(p.Site.About)
	return p.render(c, http.StatusOK, "about", v)
}
