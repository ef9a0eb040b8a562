"""Reads a site through CKAN's API with other people's clients, and compares what
they get with the plain CSV files. Usage: ckan.py BASE_URL KEY, where KEY opens
ppp_projects."""

import csv, datetime, hashlib, io, json, os, subprocess, sys
import xml.etree.ElementTree as ET
from decimal import Decimal
from urllib.parse import urlencode

sys.path.pop(0)  # ckanapi would take this file for CKAN itself
import ckanapi, frictionless, requests
from frictionless.portals import CkanControl

base, key = sys.argv[1:]
bin = os.path.dirname(sys.executable)
counts = {}


def count(what, n=1):
    counts[what] = counts.get(what, 0) + n


def text(v):
    """A value as the CSV file writes it; a missing one and an empty text are both ''."""
    if v is None:
        return ""
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, (datetime.date, datetime.datetime)):
        return v.isoformat()
    if isinstance(v, Decimal):
        return format(v, "f")
    return str(v)


def same(what, rows, want):
    assert len(rows) == len(want), f"{what}: {len(rows)} rows, want {len(want)}"
    for i, (got, row) in enumerate(zip(rows, want)):
        got = [text(v) for v in got]
        assert got == row, f"{what}: row {i + 1}: found {got}, want {row}"
    count("rows", len(want))


def file(url, **headers):
    r = requests.get(url, headers=headers)
    r.raise_for_status()
    return r.content


def table(data):
    header, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
    return header, rows


def exact(client, action, params, get=False):
    """An action with its numbers as decimals, which keep every digit of the wire.
    ckanapi makes floats of them."""
    headers = {"Authorization": client.apikey} if client.apikey else {}
    url = f"{base}/api/3/action/{action}"
    r = requests.get(url, params=params, headers=headers) if get else requests.post(url, json=params, headers=headers)
    r.raise_for_status()
    return json.loads(r.text, parse_float=Decimal)["result"]


def refused(error, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except error as e:
        count("refusals")
        return e
    raise AssertionError(f"{call}{args}{kwargs} was not refused")


# ckanapi, by POST and by GET

post, get = ckanapi.RemoteCKAN(base), ckanapi.RemoteCKAN(base, get_only=True)
keyed = ckanapi.RemoteCKAN(base, apikey=key)
names = post.action.package_list()
assert names == sorted(names) and get.action.package_list() == names
assert get.action.package_list(limit=3, offset=2) == names[2:5]
packages = {}
for name in names:
    p = packages[name] = post.action.package_show(id=name)
    assert get.action.package_show(id=p["id"]) == p and post.call_action("package_show", {"name_or_id": name}) == p
    assert p["name"] == name and p["num_resources"] == len(p["resources"]) and p["organization"]["id"] == p["owner_org"]
    extras = {e["key"]: e["value"] for e in p["extras"]}
    assert extras["信息资源标识符"] == name and extras["开放属性"] and extras["更新频率"], extras
    for r in p["resources"]:
        assert post.action.resource_show(id=r["id"]) == r and r["package_id"] == p["id"]
assert len({r["id"] for p in packages.values() for r in p["resources"]}) == sum(len(p["resources"]) for p in packages.values())
downloads = {}
for name, p in packages.items():
    client, headers = (post, {}) if name != "ppp_projects" else (keyed, {"Authorization": key})
    resources = {r["name"].split(".", 1)[1]: r for r in p["resources"]}
    resource = resources["csv"]
    assert [r["format"] for r in p["resources"] if r["datastore_active"]] == ["CSV"]
    data = file(resource["url"], **headers)
    if headers:  # of a file that is not open to everyone neither size nor hash is told
        assert resource["size"] is None and not resource["hash"], resource
    else:
        assert resource["size"] == len(data) and resource["hash"] == "sha256:" + hashlib.sha256(data).hexdigest()
    header, want = downloads[name] = table(data)
    extras = {e["key"]: e["value"] for e in p["extras"]}
    assert extras["数据量"] == str(len(want)), name

    # datastore_search in pages, each with its row numbers, until one is empty
    seen, offset = [], 0
    while True:
        page = exact(client, "datastore_search", {"resource_id": resource["id"], "limit": 1000, "offset": offset}, get=offset % 2000 == 0)
        assert page["total"] == len(want) and page["limit"] == 1000
        assert [f["id"] for f in page["fields"]] == ["_id"] + header
        if not page["records"]:
            break
        assert [r["_id"] for r in page["records"]] == list(range(offset + 1, offset + 1 + len(page["records"])))
        seen += [[r[c] for c in header] for r in page["records"]]
        offset += 1000
    same(f"{name}: datastore_search", seen, want)

    # ckanapi itself: floats, which must still be what the text says
    numeric = {f["id"] for f in page["fields"] if f["type"] == "numeric"}
    for record, row in zip(client.action.datastore_search(resource_id=name, limit=32000)["records"], want, strict=True):
        for c, cell in zip(header, row):
            v = record[c]
            assert Decimal(repr(v)) == Decimal(cell) if c in numeric and v is not None else text(v) == cell, (name, c, v, cell)
    count("rows", len(want))

    # the other formats of records, the last page first and the pages by number
    lists = exact(client, "datastore_search", {"resource_id": resource["id"], "limit": 32000, "records_format": "lists", "sort": "_id desc", "include_total": False})
    assert "total" not in lists
    same(f"{name}: lists", [r[1:] for r in reversed(lists["records"])], want)
    records, page = "", {"next_page": {"_id": {"gt": 0}}}
    while "next_page" in page:
        page = client.action.datastore_search(resource_id=resource["id"], limit=700, records_format="csv", include_next_page=True, filters=page["next_page"])
        records += page["records"]
    same(f"{name}: csv", [r[1:] for r in csv.reader(io.StringIO(records, newline=""))], want)
    tsv = client.action.datastore_search(resource_id=resource["id"], limit=32000, records_format="tsv")["records"]
    same(f"{name}: tsv", [r[1:] for r in csv.reader(io.StringIO(tsv, newline=""), delimiter="\t")], want)
    empty = client.action.datastore_search(resource_id=resource["id"], limit=0)
    assert empty["records"] == [] and empty["total"] == len(want) and [f["id"] for f in empty["fields"]] == ["_id"] + header

    # SQL, by id and by name
    for quoted in (resource["id"], name) if name != "regions" else (resource["id"], name, resource["id"].upper(), p["id"]):
        sql = exact(client, "datastore_search_sql", {"sql": f'SELECT * FROM "{quoted}" ORDER BY _id'})
        assert "records_truncated" not in sql and [f["id"] for f in sql["fields"]] == ["_id"] + header
        same(f"{name}: SQL", [[r[c] for c in header] for r in sql["records"]], want)

    # dumps
    dumped = table(file(f"{base}/datastore/dump/{resource['id']}", **headers))
    assert dumped[0] == ["_id"] + header
    same(f"{name}: dump", [r[1:] for r in dumped[1]], want)
    bom = file(f"{base}/datastore/dump/{resource['id']}?bom=true&limit=1", **headers)
    assert bom.startswith(b"\xef\xbb\xbf_id,")
    _, part = table(file(f"{base}/datastore/dump/{name}?limit=5&offset=3", **headers))
    same(f"{name}: part of a dump", [r[1:] for r in part], want[3:8])
    tsv = file(f"{base}/datastore/dump/{name}?format=tsv", **headers).decode()
    same(f"{name}: dump as TSV", [r[1:] for r in list(csv.reader(io.StringIO(tsv, newline=""), delimiter="\t"))[1:]], want)
    dump = json.loads(file(f"{base}/datastore/dump/{name}?format=json", **headers), parse_float=Decimal)
    assert [f["id"] for f in dump["fields"]] == ["_id"] + header
    same(f"{name}: dump as JSON", [r[1:] for r in dump["records"]], want)
    rows = ET.fromstring(file(f"{base}/datastore/dump/{name}?format=xml", **headers))
    assert [r.get("_id") for r in rows] == [str(i + 1) for i in range(len(want))]
    same(f"{name}: dump as XML", [[c.text for c in r] for r in rows], want)
    count("datasets")

# filters, texts, distinct and sorting, against the same on the CSV

header, want = downloads["working_days"]
days = packages["working_days"]["resources"][0]["id"]
at = header.index
got = post.action.datastore_search(resource_id=days, filters={"weekday": [6, "7"], "is_working_day": True}, limit=32000)
assert got["total"] == len(got["records"]) == len([r for r in want if r[at("weekday")] in "67" and r[at("is_working_day")] == "true"])
got = get.action.datastore_search(resource_id=days, filters=json.dumps({"date": {"gte": "2020-02-01", "lt": "2020-03-01"}}))
assert [r["date"] for r in got["records"]] == [r[0] for r in want if r[0].startswith("2020-02")]
got = post.action.datastore_search(resource_id=days, q="国庆", fields=["date", "rank"], limit=32000)
assert sorted(r["date"] for r in got["records"]) == [r[0] for r in want if "国庆" in r[at("holiday")]]
assert all(0 < r["rank"] < 1 for r in got["records"])
got = get.action.datastore_search(resource_id=days, q=json.dumps({"holiday": "国庆"}), limit=1)
assert got["total"] == len([r for r in want if "国庆" in r[at("holiday")]]) and "rank holiday" in got["records"][0]
got = post.action.datastore_search(resource_id=days, q="国庆:* & !中秋 & 2020", plain=False, limit=32000)
assert got["total"] == len([r for r in want if "国庆" in r[at("holiday")] and "中秋" not in r[at("holiday")] and "2020" in "".join(r)])
got = post.action.datastore_search(resource_id=days, fields="holiday,weekday", distinct=True, sort="weekday desc, holiday", limit=32000)
pairs = {(r[at("holiday")] or None, int(r[at("weekday")])) for r in want}
assert [(r["holiday"], r["weekday"]) for r in got["records"]] == sorted(pairs, key=lambda p: (-p[1], p[0] is None, (p[0] or "").encode()))
assert got["total"] == len(pairs)
got = post.action.datastore_search(resource_id=days, sort="holiday desc nulls last, date", fields="holiday,date", limit=32000)
assert [(r["holiday"], r["date"]) for r in got["records"]] == [
    (h or None, d) for h, d in sorted(((r[at("holiday")], r[0]) for r in want), key=lambda p: (not p[0], [-b for b in p[0].encode()] + [1], p[1]))]
got = post.action.datastore_search_sql(sql=f"""SELECT holiday, count(*)::int4 AS days, min(date)::text AS first, (count(*) / 2) AS half FROM "{days}"
    WHERE holiday ILIKE '%春节%' AND date >= '2010-01-01'::date GROUP BY 1 ORDER BY 2 DESC LIMIT 5 OFFSET 0""")
spring = [r for r in want if "春节" in r[at("holiday")] and r[0] >= "2010"]
assert sum(r["days"] for r in got["records"]) == len(spring) and all(r["half"] == r["days"] // 2 for r in got["records"]), got
assert {f["id"]: f["type"] for f in got["fields"]} == {"holiday": "text", "days": "int4", "first": "text", "half": "int8"}
joined = post.action.datastore_search_sql(sql="SELECT p.name, c.name AS parent FROM regions p JOIN \"%s\" c ON p.parent_code = c.code ORDER BY p.code LIMIT 3" % packages["regions"]["id"])
assert len(joined["records"]) == 3 and joined["records"][0]["parent"] == "甘肃省"
tables = post.action.datastore_search(resource_id="_table_metadata", limit=32000)["records"]
assert {t["alias_of"]: t["name"] for t in tables if t["alias_of"]} == {p["resources"][0]["id"]: n for n, p in packages.items()}
info = post.action.datastore_info(id=days)
assert info["meta"]["count"] == len(want) and [f["id"] for f in info["fields"]] == header and info["fields"][0]["schema"]["native_type"] == "date"

# what is refused, as CKAN refuses it

refused(ckanapi.NotFound, post.action.package_show, id="nothing")
refused(ckanapi.NotFound, post.action.datastore_search, resource_id="00000000-0000-0000-0000-000000000000")
refused(ckanapi.NotAuthorized, post.action.package_create, name="mine")
refused(ckanapi.NotAuthorized, get.action.user_list)
secret = packages["ppp_projects"]["resources"][0]["id"]
for client, call, args in ((post, "datastore_search", {"resource_id": secret}), (get, "datastore_search", {"resource_id": "ppp_projects", "limit": 0}),
                           (post, "datastore_search_sql", {"sql": f'SELECT 1 FROM "{secret}"'}), (ckanapi.RemoteCKAN(base, apikey="gd_nonsense"), "package_list", {})):
    refused(ckanapi.NotAuthorized, client.call_action, call, args)
assert requests.get(f"{base}/datastore/dump/{secret}").status_code == 403
for params, field in (({}, "resource_id"), ({"resource_id": days, "limit": "x"}, "limit"), ({"resource_id": days, "limit": -1}, "limit"), ({"resource_id": days, "filters": {"no": 1}}, "filters"),
                      ({"resource_id": days, "fields": "no"}, "fields"), ({"resource_id": days, "sort": "no desc"}, "sort"), ({"resource_id": days, "records_format": "no"}, "records_format"),
                      ({"resource_id": days, "no": 1}, "no"), ({"resource_id": days, "filters": {"weekday": "x"}}, "filters")):
    e = refused(ckanapi.ValidationError, post.action.datastore_search, **params)
    assert isinstance(e.error_dict[field], list), e.error_dict
e = refused(ckanapi.ValidationError, post.action.datastore_search_sql, sql="SELECT nothing FROM regions")
assert "nothing" in e.error_dict["query"][0]
refused(ckanapi.SearchQueryError, post.action.package_search, no=1)
refused(ckanapi.SearchError, post.action.package_search, fq="title:(")
refused(ckanapi.CKANAPIError, post.action.nothing)

# searching

everything = post.action.package_search(rows=1000)
assert everything["count"] == len(names) and {p["name"]: p for p in everything["results"]} == packages
org = packages["budgets"]["organization"]
for fq in (f"organization:{org['name']}", f'organization:"{org["title"]}"', f"owner_org:{org['id']}", f"+organization:{org['name']} +state:active"):
    found = post.action.package_search(fq=fq, rows=1000)["results"]
    assert [p["name"] for p in found] and {p["name"] for p in found} == {n for n, p in packages.items() if p["owner_org"] == org["id"]}, fq
tagged = packages["working_days"]["tags"][0]["name"]
for fq, expected in ((f'tags:"{tagged}"', lambda p: tagged in [t["name"] for t in p["tags"]]), ("groups:livelihood res_format:CSV", lambda p: p["groups"][0]["name"] == "livelihood"),
                     ("license_id:CC0-1.0", lambda p: p["license_id"] == "CC0-1.0"), ("-license_id:CC0-1.0 AND res_format:(XLSX OR nothing)", lambda p: p["license_id"] != "CC0-1.0"),
                     ("name:bud*", lambda p: p["name"].startswith("bud")), ("metadata_modified:[NOW-1DAY TO *]", lambda p: True), ("res_format:GeoJSON", lambda p: False)):
    found = get.action.package_search(fq=fq, rows=1000, start=0)
    assert {p["name"] for p in found["results"]} == {n for n, p in packages.items() if expected(p)} and found["count"] == len(found["results"]), fq
assert post.action.package_search(q="工作日历")["results"][0]["name"] == "working_days"
facets = get.action.package_search(**{"rows": 0, "facet.field": '["organization", "res_format"]', "facet.limit": -1})
assert facets["results"] == [] and sum(facets["facets"]["organization"].values()) == len(names)
assert {i["name"]: i["count"] for i in facets["search_facets"]["organization"]["items"]} == facets["facets"]["organization"]
byname = [p["name"] for p in post.action.package_search(sort="name desc", rows=5, start=1)["results"]]
assert byname == sorted(names, reverse=True)[1:6]
assert post.action.package_autocomplete(q="working")[0]["name"] == "working_days"
assert post.action.resource_search(query="name:working_days.csv")["count"] == 3
assert set(post.action.organization_list()) == {p["organization"]["name"] for p in packages.values()}
orgs = post.action.organization_list(all_fields=True, sort="package_count desc")
assert sum(o["package_count"] for o in orgs) == len(names) and orgs[0]["package_count"] >= orgs[-1]["package_count"]
assert {p["name"] for p in post.action.organization_show(id=org["id"], include_datasets=True)["packages"]} == {n for n, p in packages.items() if p["owner_org"] == org["id"]}
assert sum(g["package_count"] for g in post.action.group_list(all_fields=True)) == len(names)
assert tagged in post.action.tag_list() and post.action.tag_show(id=tagged, include_datasets=True)["packages"]
assert {"CC0-1.0", "CC-BY-4.0"} <= {l["id"] for l in post.action.license_list()}
assert post.action.site_read() is True and post.action.help_show(name="datastore_search").startswith("Rows")
assert post.action.resource_view_list(id=days) == [] and post.action.vocabulary_list() == []
count("searches")

# ckanapi's command line

environment = dict(os.environ, PATH=bin + os.pathsep + os.environ["PATH"])


def cli(*args):
    out = subprocess.run([os.path.join(bin, "ckanapi"), *args, "-r", base], env=environment, capture_output=True, check=False)
    assert out.returncode == 0, out.stderr.decode()
    count("commands")
    return out.stdout.decode()


dumped = [json.loads(line) for line in cli("dump", "datasets", "--all", "-q", "-p", "2").splitlines()]
assert {p["name"]: p for p in dumped} == packages
searched = [json.loads(line) for line in cli("search", "datasets", "fq=license_id:CC0-1.0").splitlines()]
assert {p["name"] for p in searched} == {n for n, p in packages.items() if p["license_id"] == "CC0-1.0"}
assert json.loads(cli("action", "package_show", "id=budgets")) == packages["budgets"]
assert json.loads(cli("action", "package_list", "-g", "-j")) == names
assert {json.loads(line)["name"] for line in cli("dump", "organizations", "--all", "-q").splitlines()} == {o["name"] for o in orgs}
with_fields = json.loads(cli("dump", "datasets", "regions", "-q", "-d", "-R"))
assert [f["id"] for f in with_fields["resources"][0]["datastore_fields"]] == ["_id"] + downloads["regions"][0]

# Frictionless: one package, every row of every open dataset, and the whole catalog

for name, (header, want) in downloads.items():
    if name == "ppp_projects":
        continue
    package = frictionless.Package(control=CkanControl(baseurl=base, dataset=name))
    resource = package.get_resource(name.replace("_", "-") + "-csv")
    assert package.name == name and len(package.resources) == len(packages[name]["resources"])
    rows = resource.read_rows()
    assert [r.errors for r in rows if not r.valid] == []
    same(f"{name}: Frictionless", [[row[c] for c in header] for row in rows], want)
assert frictionless.Package(f"{base}/dataset/budgets").name == "budgets"
regions = frictionless.Package(f"{base}/dataset/regions")
report = regions.get_resource("regions-csv").validate() # bytes and SHA-256 too
assert report.valid and report.tasks[0].stats["rows"] == len(downloads["regions"][1]), report
same("regions: Frictionless, gzip", [[r[c] for c in downloads["regions"][0]] for r in regions.get_resource("regions-csv-gz").read_rows()], downloads["regions"][1])
assert {d.name for d in frictionless.Catalog(control=CkanControl(baseurl=base, num_packages=1000)).datasets} == set(names)
control = CkanControl(baseurl=base, organization_name=org["name"], num_packages=1000)
assert {d.name for d in frictionless.Catalog(control=control).datasets} == {n for n, p in packages.items() if p["owner_org"] == org["id"]}
control = CkanControl(baseurl=base, group_id="livelihood")
assert {d.name for d in frictionless.Catalog(control=control).datasets} == {n for n, p in packages.items() if p["groups"][0]["name"] == "livelihood"}

# the requests of R's ckanr, as its functions make them

R = requests.Session()


def ckanr(action, params=None, verb="get", prefix="api/3/action", **kwargs):
    r = R.request(verb, f"{base}/{prefix}/{action}", params=params, headers={"Content-Type": "application/json", "Authorization": ""} if "files" not in kwargs else {}, allow_redirects=False, **kwargs)
    assert r.status_code <= 201 and r.headers["Content-Type"].startswith("application/json"), (action, r.status_code, r.text)
    count("ckanr")
    return json.loads(r.text, parse_float=Decimal)["result"]


version = ckanr("status_show")["ckan_version"].split(".")
assert float(version[0] + version[1]) >= 26.1  # package_search sends all of its parameters
assert ckanr("package_list", {"offset": 0, "limit": 31}) == names[:31]
assert len(ckanr("current_package_list_with_resources", {"offset": 0, "limit": 31})) == min(31, len(names))
assert ckanr("package_show", {"id": "budgets", "use_default_schema": "FALSE"}) == packages["budgets"]
assert ckanr("package_show", verb="post", files={"id": (None, "budgets"), "use_default_schema": (None, "FALSE")}) == packages["budgets"]
found = ckanr("package_search", {"q": "*:*", "fq": "tags:regions", "sort": "name asc", "rows": 10, "start": 0, "facet": "true", "facet.limit": 5, "facet.field": '["license_id"]',
                                 "include_drafts": "false", "include_private": "false", "use_default_schema": "false"})
assert set(found) >= {"count", "results", "facets", "search_facets"}
assert ckanr("resource_search", [("order_by", "name"), ("offset", 0), ("limit", 5), ("query", "name:budgets"), ("query", "format:csv")])["count"] == 3
assert ckanr("resource_show", {"id": days})["id"] == days
assert ckanr("organization_list", {"sort": "name asc", "all_fields": "True", "limit": 31})[0]["package_count"] > 0
assert ckanr("organization_show", {"id": org["id"], "include_datasets": "FALSE"})["name"] == org["name"]
groups = ckanr("group_list", {"offset": 0, "limit": 31, "all_fields": "false"})
assert ckanr("group_show", {"id": groups[0], "include_datasets": "true"})["packages"]
assert ckanr("tag_list", {"all_fields": "false"}) == post.action.tag_list()
assert ckanr("tag_search", [("offset", 0), ("limit", 31), ("query", tagged)])["results"][0]["name"] == tagged
assert ckanr("tag_show", {"id": tagged, "include_datasets": "FALSE"})["name"] == tagged
assert ckanr("license_list") and ckanr("help_show", {"name": "datastore_search"})
# ds_search posts without a body, with its parameters in the address
header, want = downloads["regions"]
rid = packages["regions"]["resources"][0]["id"]
got = ckanr("datastore_search", {"resource_id": rid, "limit": 1000}, "post", "api/action")
same("regions: ckanr ds_search", [[r[c] for c in header] for r in got["records"]], want)
got = ckanr("datastore_search", {"resource_id": rid, "filters": '{"level":"市"}', "sort": "code desc", "fields": "code", "offset": 1, "limit": 2}, "post", "api/action")
assert [r["code"] for r in got["records"]] == sorted((r[0] for r in want if r[header.index("level")] == "市"), reverse=True)[1:3]
# its DBI driver lists tables and reads them by SQL
total = ckanr("datastore_search", {"resource_id": "_table_metadata", "limit": 1}, "post", "api/action")["total"]
tables = [r["name"] for r in ckanr("datastore_search", {"resource_id": "_table_metadata", "limit": total}, "post", "api/action")["records"]]
assert rid in tables and "regions" in tables and len(tables) == total
got = ckanr("datastore_search_sql", {"sql": f'SELECT * FROM "{rid}"'}, prefix="api/action")
same("regions: ckanr dbReadTable", [[r[c] for c in header] for r in got["records"]], want)
got = ckanr("datastore_search_sql", {"sql": f'SELECT "level", count(*) AS "n" FROM (SELECT * FROM "{rid}") AS "q01" GROUP BY "level"'}, prefix="api/action")
assert sum(r["n"] for r in got["records"]) == len(want)

# a CKAN harvester: all, then what an organization publishes, then what changed since


def harvest(*terms):
    params, found, before = {"rows": "10", "start": "0", "sort": "id asc"}, [], None
    if terms:
        params["fq"] = " ".join(terms)
    while True:
        r = requests.get(f"{base}/api/3/action/package_search?" + urlencode(params))
        page = json.loads(r.text)["result"]["results"]
        assert r.text != before or not page, "the paging does not work"
        before = r.text
        count("harvested", len(page))
        if not page:
            return found
        found += page
        params["start"] = str(int(params["start"]) + int(params["rows"]))


harvested = harvest()
assert [p["id"] for p in harvested] == sorted(p["id"] for p in packages.values()) and {p["name"]: p for p in harvested} == packages
other = next(o["name"] for o in orgs if o["name"] != org["name"])
assert {p["owner_org"] for p in harvest(f"organization:{org['name']} OR organization:{other}")} == {o["id"] for o in orgs if o["name"] in (org["name"], other)}
assert {p["name"] for p in harvest(f"-organization:{org['name']}", f"-organization:{other}")} == {n for n, p in packages.items() if p["organization"]["name"] not in (org["name"], other)}
changed = sorted(p["metadata_modified"] for p in packages.values())
since = lambda t: f"metadata_modified:[{t}Z TO *]"
assert len(harvest(since(changed[0]))) == len(names) and harvest(since("2199-01-01T00:00:00.123456")) == []
assert {p["name"] for p in harvest(f"organization:{org['name']} OR organization:{other}", since(changed[0]))} == {n for n, p in packages.items() if p["organization"]["name"] in (org["name"], other)}
for g in packages["budgets"]["groups"]:
    assert json.loads(requests.get(f"{base}/api/3/action/group_show?id={g['id']}").text)["result"]["name"] == g["name"]
assert json.loads(requests.get(f"{base}/api/3/action/organization_show?id={org['id']}").text)["result"]["title"] == org["title"]

print("ok " + " ".join(f"{k}={v}" for k, v in sorted(counts.items())))
