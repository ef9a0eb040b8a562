"""Reads a site with sodapy as it is, and compares every value with the plain CSV
files and aggregates with the native API.
Usage: soda.py HOST:PORT CERTIFICATE BASE_URL (the site under https and under http)"""

import csv, io, json, logging, os, sys, urllib.parse, urllib.request

import requests
from sodapy import Socrata

domain, certificate, base = sys.argv[1:]
logging.disable(logging.WARNING)
client = Socrata(domain, "any-app-token", timeout=60)
os.environ["REQUESTS_CA_BUNDLE"] = certificate  # what requests trusts, over a session's own setting
values = 0


def fetch(path, **query):
    with urllib.request.urlopen(base + path + ("?" + urllib.parse.urlencode(query) if query else "")) as r:
        return r.read().decode()


def sql(q):
    """The rows of an answer of the native API as texts, '' for what is missing."""
    return list(csv.reader(io.StringIO(fetch("/api/v1/sql.csv", q=q), newline="")))[1:]


def text(v):
    """A value of SODA as our CSV writes it."""
    if isinstance(v, bool):
        return "true" if v else "false"
    return v.removesuffix(".000").removesuffix("T00:00:00") if v[4:5] == "-" and v[10:11] == "T" else v


def same(what, rows, want):
    global values
    assert len(rows) == len(want), f"{what}: {len(rows)} rows, want {len(want)}"
    for i, (got, row) in enumerate(zip(rows, want)):
        assert got == row, f"{what}: row {i + 1}: found {got}, want {row}"
        values += len(row)


def table(rows, names):
    return [[text(row.get(n, "")) for n in names] for row in rows]


def fails(status, code, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except requests.exceptions.HTTPError as e:
        body = e.response.json()
        assert e.response.status_code == status and body["error"] is True and body.get("code") == code and body["message"], (e.response.status_code, body)
        if code and code.startswith("query.soql"):
            assert body["errorCode"] == code, body
        return body
    raise AssertionError(f"{args} {kwargs} is answered")


catalog = client.datasets()
assert len(catalog) == len(json.loads(fetch("/api/v1/datasets?limit=1000"))["datasets"]), len(catalog)
ids = {d["resource"]["resource_name"]: d["resource"]["id"] for d in catalog}
assert len(set(ids.values())) == len(ids)
assert [d["resource"]["id"] for d in client.datasets(limit=3, offset=2)] == [d["resource"]["id"] for d in catalog[2:5]]
assert [d["resource"]["resource_name"] for d in client.datasets(ids=[ids["regions"], ids["budgets"]])] != []
assert {d["resource"]["resource_name"] for d in client.datasets(ids=[ids["regions"], ids["budgets"]])} == {"regions", "budgets"}
assert client.datasets(q="行政处罚")[0]["resource"]["resource_name"] == "admin_penalties"
assert {d["classification"]["domain_category"] for d in client.datasets(categories=["民生保障"])} == {"民生保障"}
assert client.datasets(only=["map"]) == []
names = [d["resource"]["name"] for d in client.datasets(order="name DESC")]
assert names == sorted(names, reverse=True)
assert client.datasets(column_names=["is_working_day"])[0]["resource"]["id"] == ids["working_days"]

# Every open dataset, whole, page by page, as JSON and as CSV.
compared = 0
for name, short in ids.items():
    meta = client.get_metadata(short)
    if json.loads(fetch(f"/api/v1/datasets/{name}"))["queryable"] is False:
        fails(403, "permission_denied", client.get, short)
        fails(403, "permission_denied", client.get, short, select="count(*)")
        fails(403, "permission_denied", client.get, short, content_type="csv", where="1 = 1")
        assert meta["columns"] and all("smallest" not in c.get("cachedContents", {}) for c in meta["columns"])
        continue
    header, *want = csv.reader(io.StringIO(fetch(f"/d/{name}.csv"), newline=""))
    assert [c["fieldName"] for c in meta["columns"]] == header and meta["id"] == short, name
    rows = list(client.get_all(short))
    same(f"{name}: get_all", table(rows, header), want)
    assert all(set(row) <= set(header) for row in rows), name
    assert None not in (v for row in rows for v in row.values()), name
    head, *lines = client.get(short, content_type="csv", limit=100000)
    assert head == header
    same(f"{name}: csv", [[text(v) for v in line] for line in lines], want)
    types = {c["fieldName"]: c["dataTypeName"] for c in meta["columns"]}
    for row in rows[:50]:
        for field, v in row.items():
            assert (type(v) is bool) == (types[field] == "checkbox"), (name, field, v)
    assert client.get(short, offset=len(want)) == [], name
    assert client.get(short, select="count(*)") == [{"count": str(len(want))}], name
    compared += 1

fines = ids["admin_penalties"]
# What people ask, against the same in SQL.
for kwargs, columns, q in [
    ({"where": "fine > 20000 AND decided_on >= '2025-01-01'", "order": "decision_no"}, ["decision_no", "fine"],
     "SELECT decision_no, fine FROM admin_penalties WHERE fine > 20000 AND decided_on >= '2025-01-01' ORDER BY decision_no"),
    ({"select": "kinds, count(*) AS n, sum(fine), avg(fine) AS mean", "group": "kinds", "$having": "n > 3", "order": "n DESC, kinds"}, ["kinds", "n", "sum_fine", "mean"],
     "SELECT kinds, count(*), sum(fine), avg(fine) FROM admin_penalties GROUP BY 1 HAVING count(*) > 3 ORDER BY 2 DESC, 1"),
    ({"select": "date_trunc_ym(decided_on) AS month, count(*)", "group": "month", "order": "month", "limit": 5, "offset": 2}, ["month", "count"],
     "SELECT strftime(date_trunc('month', decided_on), '%Y-%m-%d'), count(*) FROM admin_penalties GROUP BY 1 ORDER BY 1 LIMIT 5 OFFSET 2"),
    ({"query": "SELECT region_code, sum(fine) AS total GROUP BY region_code |> SELECT count(*) AS regions, max(total) AS most WHERE total > 1000"}, ["regions", "most"],
     "SELECT count(*), max(t) FROM (SELECT sum(fine) AS t FROM admin_penalties GROUP BY region_code) WHERE t > 1000"),
    ({"kinds": "罚款", "select": "decision_no", "order": ":id", "limit": 10}, ["decision_no"], "SELECT decision_no FROM admin_penalties WHERE kinds = '罚款' LIMIT 10"),
    ({"q": "超限 东乡", "select": "decision_no"}, ["decision_no"],
     "SELECT decision_no FROM admin_penalties WHERE concat_ws(chr(9), COLUMNS(c -> c NOT IN ('fine'))) LIKE '%超限%' AND concat_ws(chr(9), COLUMNS(*)) LIKE '%东乡%'"),
    ({"select": "decision_no, fine", "where": "fine IS NOT NULL", "order": "fine DESC NULL LAST, decision_no"}, ["decision_no", "fine"],
     "SELECT decision_no, fine FROM admin_penalties WHERE fine IS NOT NULL ORDER BY fine DESC, decision_no"),
]:
    if "q" in kwargs:  # over the texts alone
        want = [r for r in sql("SELECT * FROM admin_penalties") if any("超限" in c for c in r) and any("东乡" in c for c in r)]
        header = csv.reader(io.StringIO(fetch("/d/admin_penalties.csv"))).__next__()
        want = [[r[header.index("decision_no")]] for r in want]
    else:
        want = sql(q)
    assert want, q
    same(str(kwargs), table(client.get(fines, **kwargs), columns), want)

# Pages give every row once, whatever the order, and those of a query too.
for kwargs in ({"order": "kinds"}, {"order": "fine DESC"}, {}, {"query": "SELECT decision_no, party, :id ORDER BY timeliness"}, {"query": "SELECT :id, decision_no, party LIMIT 300 OFFSET 100"}):
    if "query" not in kwargs:
        kwargs["select"] = ":id, decision_no, party"
    rows = list(client.get_all(fines, limit=97, **kwargs))
    want = 300 if "LIMIT" in kwargs.get("query", "") else 509
    assert len(rows) == want and len({r[":id"] for r in rows}) == want, (kwargs, len(rows))
rows = client.get(fines, exclude_system_fields=False, limit=2)
assert rows[0][":id"] == "row-000000000001" and rows[1][":updated_at"].endswith("Z") and rows[0]["decision_no"], rows
after = client.get(fines, where=f":id > '{rows[1][':id']}'", order=":id", select=":id", limit=1)
assert after == [{":id": "row-000000000003"}], after

# Texts that could be taken for something else arrive as they are.
for odd in ["O'Brien \"x\" \\ %_", "数，据", "'; DROP TABLE x --"]:
    quoted = odd.replace("'", "''")
    assert client.get("regions", select=f"'{quoted}' AS odd", limit=1) == [{"odd": odd}]
    assert client.get("regions", name=odd) == []

assert fails(400, "query.soql.no-such-column", client.get, fines, select="fin")["data"]["position"]["column"] == 1
fails(400, "query.compiler.malformed", client.get, fines, where="fine >")
fails(400, "query.soql.type-mismatch", client.get, fines, where="fine > 'much'")
fails(400, None, client.get, fines, nothing="x")
fails(404, "dataset.missing", client.get, "zzzz-zzzz")
fails(404, "dataset.missing", client.get_metadata, "zzzz-zzzz")
fails(405, "method-not-allowed", client.upsert, fines, [{"fine": 1}])
print(f"{compared} datasets, {values} values")
