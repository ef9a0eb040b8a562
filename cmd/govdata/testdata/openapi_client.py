"""Judges the site's OpenAPI document: it is valid, a client that is generated from it finds, pages, asks and downloads the values of the CSV files,
and every answer has nothing that its schema does not describe. Prints what was compared. Usage: openapi_client.py BASE_URL FOLDER"""

import copy, csv, importlib, io, json, os, subprocess, sys, time, urllib.error, urllib.parse, urllib.request

import jsonschema, openapi_spec_validator, pyarrow.parquet

base, folder = sys.argv[1:]


def ask(path, query=None, method="GET"):
    address = base + path + ("?" + urllib.parse.urlencode(query) if query else "")
    try:
        with urllib.request.urlopen(urllib.request.Request(address, method=method)) as r:
            return r.status, r.headers.get_content_type(), r.read()
    except urllib.error.HTTPError as e:
        return e.code, e.headers.get_content_type(), e.read()


document = json.loads(ask("/openapi.json")[2])
openapi_spec_validator.validate(document)

# The generator knows the media types that are texts, JSON or bytes by name, others by what it is told.
octets, text = "application/octet-stream", "text/plain"
json.dump({
    "project_name_override": "site", "package_name_override": "site_client", "post_hooks": [], "content_type_overrides": {
        "application/vnd.apache.parquet": octets, "application/vnd.apache.arrow.stream": octets, "application/gzip": octets, "application/zstd": octets, "multipart/byteranges": octets,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": octets, "application/x-ndjson": text, "application/x-pem-file": text, "application/xml": text,
        "application/atom+xml": text, "application/ld+json": "application/json", "application/sql": "application/json"}}, open(os.path.join(folder, "config.json"), "w"))
json.dump(document, open(os.path.join(folder, "openapi.json"), "w"))
made = subprocess.run([os.path.join(os.path.dirname(sys.executable), "openapi-python-client"), "generate", "--path", "openapi.json", "--config", "config.json", "--output-path", "made", "--fail-on-warning"],
                      capture_output=True, text=True, cwd=folder)
assert made.returncode == 0, made.stdout[-6000:] + made.stderr[-2000:]
sys.path.insert(0, os.path.join(folder, "made"))
client = importlib.import_module("site_client").Client(base_url=base, raise_on_unexpected_status=True)


def call(name, *path, **parameters):
    function = importlib.import_module(f"site_client.api.{name}").sync
    answer = function(*path, client=client, **parameters)
    assert answer is not None and "Problem" not in type(answer).__name__, (name, path, parameters, answer)
    return answer


def rows_of(data):
    return list(csv.DictReader(io.StringIO(data)))


listed, cursor = [], None
while True:
    page = call("datasets.list_datasets", limit=20, **({"cursor": int(cursor)} if cursor else {}))
    listed += page.datasets
    cursor = page.next_cursor
    if not cursor:
        break
assert len(listed) == page.total and len({d.id for d in listed}) == len(listed), (len(listed), page.total)

values = 0
for d in listed:
    full = call("datasets.show_dataset", d.id)
    assert full.title.zh == d.title.zh and full.release.rows == d.rows and [f.name for f in full.fields], d.id
    if not full.queryable:
        assert full.downloads == [], d.id
        continue
    want = rows_of(call("rows_and_sql.rows_csv", d.id))
    assert len(want) == d.rows, d.id
    download = call("files.download", f"{d.id}.csv").payload.read()
    assert rows_of(download.decode()) == want, d.id
    table = pyarrow.parquet.read_table(io.BytesIO(call("files.download", f"{d.id}.parquet").payload.read()))
    assert table.num_rows == len(want) and table.column_names == [f.name for f in full.fields], d.id
    names = [f.name for f in full.fields if f.type_ == "text"]
    for name in names:
        assert [v or "" for v in table[name].to_pylist()] == [row[name] for row in want], (d.id, name)
    # The same through the cursor, in pages of rows as objects.
    got, cursor = [], None
    for _ in range(1 + len(want) // 200):
        page = call("rows_and_sql.rows_json", d.id, limit=200, **({"cursor": cursor} if cursor else {}))
        got += [r.to_dict() for r in page.rows]
        cursor = page.next_cursor
        if not cursor:
            break
    assert len(got) == len(want) and page.release.additional_properties == {d.id: d.release}, (d.id, len(got), len(want))
    key = full.key or names[:1]
    for row, other in zip(got, want) if [r.get(k) for r in got for k in key] == [r[k] for r in want for k in key] else []:
        for name in names:
            assert (row[name] or "") == other[name], (d.id, name, row, other)
            values += 1
    answer = call("rows_and_sql.sql_json", q=f"SELECT count(*) AS n FROM {d.id}")
    assert answer.rows[0].to_dict() == {"n": len(want)}, answer
assert values > 50_000, values

# What is asked in a body, and what is too long to wait for.
models = importlib.import_module("site_client.models")
posted = call("rows_and_sql.post_sql_json", body=models.Query(q="SELECT name FROM regions WHERE code = ?", params=["620100"]))
assert posted.rows[0].to_dict() == {"name": "兰州市"}, posted
job = call("rows_and_sql.create_export", body=models.ExportQuery(q="SELECT code, name FROM regions ORDER BY code", format_=models.ExportQueryFormatType1("csv") if hasattr(models, "ExportQueryFormatType1") else "csv"))
for _ in range(300):
    if job.status not in ("queued", "running"):
        break
    time.sleep(0.1)
    job = call("rows_and_sql.show_export", job.id)
assert job.status == "done", job
file = call("rows_and_sql.export_file", job.id, "result.csv").payload.read().decode()
assert [r["code"] for r in rows_of(file)] == sorted(r["code"] for r in rows_of(call("rows_and_sql.rows_csv", "regions"))), file[:200]

# Every answer against its schema, which must name all that stands in it.


def closed(v):
    if isinstance(v, list):
        return [closed(x) for x in v]
    if not isinstance(v, dict):
        return v
    v = {k: closed(x) for k, x in v.items()}
    if isinstance(v.get("properties"), dict) and "type" in v and "object" in v["type"] and "additionalProperties" not in v:
        v["additionalProperties"] = False
    return v


strict = closed(copy.deepcopy(document))
conforming, routes = 0, set()


def conforms(template, path, query=None, status=200, method="get"):
    global conforming
    code, media, body = ask(path, query, method.upper())
    responses = strict["paths"][template][method]["responses"]
    assert code == status and str(code) in responses, (path, query, code, body[:300])
    content = responses[str(code)].get("content", {})
    assert media in content, (path, query, media, list(content))
    if media == "application/json" or media.endswith("+json"):
        schema = {**content[media]["schema"], "components": strict["components"]}
        error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).iter_errors(json.loads(body)))
        assert error is None, (path, query, list(error.absolute_path), error.message[:500])
    conforming += 1
    routes.add(template)


statements = ["SELECT 1 AS a", "SELECT * FROM regions", "SELECT count(*), sum(fine) FROM admin_penalties", "SELECT [1, 2] AS l, {'a': 1} AS s, NULL AS n", "SELECT 1 WHERE false"]
released = {d.id: call("datasets.list_releases", d.id).releases for d in listed}
signed = json.loads(ask("/d/catalog.json")[2])["datasets"][0]["manifest"]["key"]
for template, item in document["paths"].items():
    if "get" not in item:
        continue
    ending = template.rpartition(".")[2]
    if template.startswith("/api/v1/sql"):
        for q in statements:
            conforms(template, template, {"q": q})
            conforms(template, template, {"q": q, "estimate": 1})
            if ending in ("/api/v1/sql", "json"):
                conforms(template, template, {"q": q, "cite": 1})
                conforms(template, template, {"q": q, "shape": "arrays", "limit": 0})
        conforms(template, template, {"q": "SELEC 1"}, 400)
        conforms(template, template, {"q": "SELECT * FROM nothing"}, 404)
        conforms(template, template, {"q": "SELECT * FROM ppp_projects"}, 403)
    elif template == "/d/{file}":
        for d in listed:
            pinned = f"{d.id}@{d.release}"
            for name in [f"{d.id}.dictionary.csv", f"{pinned}.manifest.json", f"{pinned}.manifest.sig"]:
                conforms(template, "/d/" + name, None, 403 if d.id == "ppp_projects" and "@" in name else 200)
        for ext in ("csv", "csv.gz", "csv.zst", "xlsx", "parquet", "jsonl", "jsonl.gz", "arrow"):
            conforms(template, f"/d/regions.{ext}")
        conforms(template, "/d/regions.csv", {"limit": 3})
        conforms(template, "/d/nothing.csv", None, 404)
        conforms(template, "/d/ppp_projects.csv", None, 403)
    elif "{job}" in template:
        conforms(template, template.replace("{job}", job.id).replace("{file}", "result.csv"))
        conforms(template, template.replace("{job}", "a" * 32).replace("{file}", "result.csv"), None, 404)
    elif "{key}" in template:
        conforms(template, "/d/signing-keys/" + signed.rpartition("/")[2])
        conforms(template, "/d/signing-keys/0123456789abcdef.pem", None, 404)
    elif "{id}" in template:
        # All formats but JSON have one writer, whatever the dataset.
        for d in listed[::9] if ending in ("jsonl", "csv", "xlsx", "parquet", "arrow") else listed:
            path = template.replace("{id}", d.id)
            open_to_all = d.openness == "无条件开放"
            if template.endswith("/diff") or "/diff." in template:
                if not released[d.id][0].release.previous:
                    continue
            needs = any(part in template for part in ("/rows", "/diff", "/profile"))
            if "{release}" in template:
                for r in released[d.id]:
                    conforms(template, path.replace("{release}", r.release.release))
                conforms(template, path.replace("{release}", "20000101-000000000000"), None, 404)
            elif d.openness == "不予开放" or needs and not open_to_all:
                code = ask(path)[0]
                conforms(template, path, None, code)
            else:
                conforms(template, path, {"limit": 20} if "/rows" in template or "/diff" in template else None)
        conforms(template, template.replace("{id}", "nothing").replace("{release}", "20000101-000000000000"), None, 404)
        conforms(template, template.replace("{id}", "regions").replace("{release}", released["regions"][0].release.release), {"zzz": 1}, 400)
    else:
        conforms(template, template)
        if template == "/api/v1/datasets":
            for q in ("处罚", "xingzheng", "penaltys", "no such thing at all"):
                conforms(template, template, {"q": q})
            conforms(template, template, {"limit": 0}, 400)
print(f"{len(listed)} datasets {values} values {conforming} answers {len(routes)} routes")
