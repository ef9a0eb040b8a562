package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
)

// developersPage is where programs begin.
type developersPage struct {
	*view
	Release *catalog.Release
	Formats []catalog.Format
	Faces   []face
	Bulk    []snippet
	First   []snippet
	Check   string
}

// face is a way in that other tools know. It is shown where the site has it.
type face struct{ Name, Note, Address string }

func (p *Portal) developers(c *gin.Context) error {
	v := &developersPage{view: p.view(c, "developers"), Formats: catalog.Formats}
	v.Title, v.Description = v.T("nav_developers"), v.T("developers_lead")
	all, err := p.Catalog.All()
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.Dataset.Queryable() && (v.Release == nil || r.Dataset.ID == "admin_penalties") {
			v.Release = r
		}
	}
	for _, one := range []struct{ route, name, note, address string }{
		{"/docs", v.T("face_docs"), v.T("face_docs_note"), "/docs"},
		{"/openapi.json", "OpenAPI 3.1", v.T("face_openapi_note"), "/openapi.json"},
		{"/api/3/action/:name", "CKAN", v.T("face_ckan_note"), "/api/3/action/package_list"},
		{"/api/3/action/:action", "CKAN", v.T("face_ckan_note"), "/api/3/action/package_list"},
		{"/resource/:file", "SODA 2.1 (Socrata)", v.T("face_soda_note"), "/api/catalog/v1"},
		{"/api/catalog/v1", "SODA 2.1 (Socrata)", v.T("face_soda_note"), "/api/catalog/v1"},
		{"/catalog.jsonld", "DCAT-AP 3", v.T("face_dcat_note"), "/catalog.jsonld"},
		{"/data.json", "DCAT-US", v.T("face_dcat_us_note"), "/data.json"},
		{"/feed.atom", "Atom", v.T("face_atom_note"), "/feed.atom"},
		{"/mcp", "MCP", v.T("face_mcp_note"), "/mcp"},
		{"/iceberg/v1/config", "Iceberg REST", v.T("face_iceberg_note"), "/iceberg"},
	} {
		if p.routed(one.route) && (len(v.Faces) == 0 || v.Faces[len(v.Faces)-1].Name != one.name) {
			v.Faces = append(v.Faces, face{one.name, one.note, one.address})
		}
	}
	base := v.Base()
	if v.Release != nil {
		v.First = snippets(v.view, v.Release)[:4]
	}
	v.Bulk = []snippet{{"mirror", "wget", "", "wget -nc -i '" + base + "/d/files.txt?format=parquet'\nwget -qO- '" + base + "/d/SHA256SUMS?format=parquet' | sha256sum -c --quiet"}}
	v.Check = "curl -sf -O " + base + "/d/signing-key.pem\n" + "openssl pkeyutl -verify -rawin -pubin -inkey signing-key.pem -in ID@RELEASE.manifest.json -sigfile ID@RELEASE.manifest.sig"
	return p.render(c, http.StatusOK, "developers", v)
}
