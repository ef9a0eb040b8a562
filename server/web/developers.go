package web

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

type developersPage struct{ *view }

func (p *Portal) developers(c *gin.Context) error {
	v := &developersPage{p.view(c, "developers")}
	v.Title = v.T("nav_developers")
	return p.render(c, http.StatusOK, "developers", v)
}
