"""Reads every metadata document of a site with other people's tools, and compares what they find with the files."""

import csv, hashlib, io, json, logging, os, re, sys, tempfile, warnings, xml.etree.ElementTree as ET
from datetime import datetime
from decimal import Decimal

os.environ["CROISSANT_CACHE"] = tempfile.mkdtemp(prefix="croissant-")
warnings.simplefilter("ignore")
logging.disable(logging.WARNING)

import feedparser, jsonschema, pyarrow.csv, pyshacl, rdflib, referencing, referencing.jsonschema, requests
from rdflib import DCTERMS, RDF, Namespace
from rdflib.compare import isomorphic

here = os.path.dirname(os.path.abspath(__file__))
base = sys.argv[1]
DCAT, SPDX, ADMS, SH = (Namespace(n) for n in ("http://www.w3.org/ns/dcat#", "http://spdx.org/rdf/terms#", "http://www.w3.org/ns/adms#", "http://www.w3.org/ns/shacl#"))
HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
session = requests.Session()


def get(path, status=200, **more):
    r = session.get(path if path.startswith("http") else base + path, timeout=60, **more)
    assert r.status_code == status, f"{path}: {r.status_code}, want {status}: {r.text[:500]}"
    return r


datasets = get("/api/v1/datasets?limit=1000").json()["datasets"]
ids = [d["id"] for d in datasets]
opened = [d["id"] for d in datasets if d["openness"] == "无条件开放"]
details = {i: get(f"/api/v1/datasets/{i}").json() for i in ids}
assert "ppp_projects" in ids and "ppp_projects" not in opened and len(opened) > 40
tables = {}


def table(i):
    """The CSV file of a dataset as texts: header and rows, None where nothing stands between the commas."""
    if i not in tables:
        body = get(f"/d/{i}.csv").content
        header = body[: body.index(b"\n")].decode().split(",")
        t = pyarrow.csv.read_csv(io.BytesIO(body), parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True), convert_options=pyarrow.csv.ConvertOptions(
            column_types={name: pyarrow.string() for name in header}, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False))
        tables[i] = header, list(zip(*(t[name].to_pylist() for name in header)))
    return tables[i]


def dcat():
    whole, pages, n = rdflib.Graph(), {}, 0
    for name, fmt in (("/catalog.ttl", "turtle"), ("/catalog.jsonld", "json-ld")):
        address, pages[name] = base + name, []
        while address:
            g = rdflib.Graph().parse(data=get(address).content, format=fmt)
            pages[name].append(g)
            following = [str(o) for s in g.subjects(RDF.type, HYDRA.PartialCollectionView) for o in g.objects(s, HYDRA.next)]
            address = following[0] if following else None
    assert len(pages["/catalog.ttl"]) == len(pages["/catalog.jsonld"]) > 1, {k: len(v) for k, v in pages.items()}
    for a, b in zip(pages["/catalog.ttl"], pages["/catalog.jsonld"]):
        names = re.compile(r"/catalog\.(ttl|jsonld)\?page=")
        plain = [rdflib.Graph() for _ in range(2)]
        for g, p in zip((a, b), plain):  # the pages of each notation are linked among themselves
            for t in g:
                p.add(tuple(rdflib.URIRef(names.sub("/catalog?page=", str(x))) if isinstance(x, rdflib.URIRef) else x for x in t))
        assert isomorphic(*plain), "the two notations do not say the same"
    for g in pages["/catalog.ttl"]:
        for shapes in ("shapes.ttl", "range.ttl"):
            ok, _, text = pyshacl.validate(g, shacl_graph=rdflib.Graph().parse(os.path.join(here, "dcat-ap", shapes)), allow_warnings=False)
            assert ok, f"{shapes}: {text[:3000]}"
        whole += g
    # What is recommended is there, but for what the platform does not know: a region's coordinates, and a span of time where rows have no date.
    _, results, _ = pyshacl.validate(whole, shacl_graph=rdflib.Graph().parse(os.path.join(here, "dcat-ap", "shapes_recommended.ttl")), allow_warnings=True)
    missing = {str(o) for o in results.objects(None, SH.resultPath)}
    assert missing <= {str(DCTERMS.temporal), str(DCAT.bbox), str(DCAT.centroid)}, missing
    # The graph holds the facts of the API.
    members = set()
    for i in ids:
        releases = get(f"/api/v1/datasets/{i}/releases").json()["releases"]
        series = rdflib.URIRef(f"{base}/datasets/{i}#series")
        assert (series, RDF.type, DCAT.DatasetSeries) in whole
        for r in releases:
            s = rdflib.URIRef(f"{base}/datasets/{i}/releases/{r['release']['release']}")
            members.add(s)
            assert (s, DCAT.inSeries, series) in whole and str(whole.value(s, DCAT.version)) == r["release"]["release"], s
            rights = str(whole.value(s, DCTERMS.accessRights))
            assert rights.endswith("/PUBLIC" if i in opened else "/RESTRICTED"), (s, rights)
            previous = r["release"].get("previous")
            if previous and previous in [x["release"]["release"] for x in releases]:
                assert whole.value(s, DCAT.prev) == rdflib.URIRef(f"{base}/datasets/{i}/releases/{previous}"), s
            files = {str(whole.value(d, DCAT.downloadURL)): d for d in whole.objects(s, DCAT.distribution)}
            if i not in opened:
                assert list(files) == ["None"], files
                sample = whole.value(s, ADMS.sample)
                get(str(whole.value(sample, DCAT.downloadURL)))
                continue
            assert set(files) == {d["url"] for d in r["downloads"]}, s
            for d in r["downloads"]:
                node = files[d["url"]]
                if d["bytes"] is None:
                    continue
                assert int(whole.value(node, DCAT.byteSize)) == d["bytes"]
                sum_ = whole.value(whole.value(node, SPDX.checksum), SPDX.checksumValue)
                assert str(sum_).lower() == d["sha256"], (node, sum_)
                n += 1
    assert set(whole.subjects(RDF.type, DCAT.Dataset)) == members
    # The checksums are those of the bytes.
    for i in opened[:12]:
        for d in details[i]["downloads"]:
            if d["bytes"] is not None:
                body = get(d["url"], headers={"Accept-Encoding": "identity"}).content
                assert len(body) == d["bytes"] and hashlib.sha256(body).hexdigest() == d["sha256"], d["url"]
    service = next(whole.subjects(RDF.type, DCAT.DataService))
    assert get(str(whole.value(service, DCAT.endpointDescription))).json()["openapi"].startswith("3.1")
    assert get(str(whole.value(service, DCAT.endpointURL)) + "?q=SELECT 1 AS one").json()["rows"] == [{"one": 1}]
    return f"{len(members)} releases with {n} checksums in {len(whole)} statements on {len(pages['/catalog.ttl'])} pages"


def dcat_us():
    registry = referencing.Registry()
    for name in os.listdir(os.path.join(here, "dcat-us")):
        if name.endswith(".json"):
            with open(os.path.join(here, "dcat-us", name)) as f:
                schema = json.load(f)
            registry = registry.with_resource(schema["id"].rstrip("#"), referencing.Resource.from_contents(schema, default_specification=referencing.jsonschema.DRAFT4))
            if name == "catalog.json":
                catalog = schema
    doc = get("/data.json").json()
    errors = list(jsonschema.Draft4Validator(catalog, registry=registry, format_checker=jsonschema.FormatChecker()).iter_errors(doc))
    assert not errors, errors[:3]
    broken = json.loads(json.dumps(doc))
    broken["dataset"][0]["accessLevel"] = "secret"
    assert list(jsonschema.Draft4Validator(catalog, registry=registry).iter_errors(broken)), "the schema refuses nothing"
    assert sorted(d["identifier"].rsplit("/", 1)[1] for d in doc["dataset"]) == sorted(ids)
    for d in doc["dataset"]:
        i = d["identifier"].rsplit("/", 1)[1]
        assert d["accessLevel"] == ("public" if i in opened else "restricted public")
        assert bool([x for x in d["distribution"] if "downloadURL" in x]) == (i in opened)
    return f"{len(doc['dataset'])} datasets"


def schema_org():
    for i in ids:
        d = get(f"/datasets/{i}/schema.jsonld").json()
        want = details[i]
        assert d["@type"] == "Dataset" and d["name"] == want["title"]["zh"] and d["version"] == want["release"]["release"]
        assert 50 <= len(d["description"]) <= 5000, (i, len(d["description"]))
        assert [v["propertyID"] for v in d["variableMeasured"]] == [f["name"] for f in want["fields"]]
        assert {x["contentUrl"].rsplit(".", 1)[0]: x["sha256"] for x in d.get("distribution", [])} is not None
        files = {x["name"]: x["sha256"] for x in d.get("distribution", [])}
        assert files == {f"{i}.{x['format']}": x["sha256"] for x in want["downloads"] if x["bytes"] is not None}, i
        assert ("conditionsOfAccess" in d) == (i not in opened)
        g = rdflib.Graph().parse(data=json.dumps({**d, "@context": {"@vocab": "https://schema.org/"}}), format="json-ld")
        assert (rdflib.URIRef(d["@id"]), RDF.type, rdflib.URIRef("https://schema.org/Dataset")) in g
    return f"{len(ids)} datasets"


def same(cell, value, kind):
    """Whether the text of a CSV cell is what a reader made of it."""
    if cell is None or value is None:
        return cell is value is None
    if kind == "text":
        return cell == (value.decode() if isinstance(value, bytes) else value)
    if kind == "integer":
        return int(cell) == int(value)
    if kind == "boolean":
        return (cell == "true") == bool(value)
    if kind == "date":
        return cell == value.strftime("%Y-%m-%d")
    if kind == "timestamp":
        return datetime.fromisoformat(cell) == value.replace(tzinfo=None)
    return Decimal(cell) == value if isinstance(value, Decimal) else float(cell) == float(value)


def croissant():
    import mlcroissant

    rows = 0
    for i in ids:
        data = mlcroissant.Dataset(f"{base}/datasets/{i}/croissant.json")
        assert not data.metadata.ctx.issues.errors and not data.metadata.ctx.issues.warnings, (i, data.metadata.ctx.issues.report())
        if i not in opened:
            assert not data.metadata.record_sets and [f.name for f in data.metadata.distribution] == ["dictionary.csv"]
            continue
        kinds = {f["name"]: f["type"] for f in details[i]["fields"]}
        header, want = table(i)
        n = 0
        for record in data.records(i):
            for name, cell in zip(header, want[n]):
                value = record[f"{i}/{name}"]
                assert same(cell, value, kinds[name]), f"{i} row {n + 1} {name}: {cell!r} in CSV, {value!r} through Croissant"
            n += 1
        assert n == len(want) == details[i]["release"]["rows"], (i, n, len(want))
        rows += n
    return f"{rows} records of {len(opened)} datasets equal the rows of the CSV files"


def data_package():
    from frictionless import Package, validate

    rows, keys = 0, 0
    for i in ids:
        address = f"{base}/datasets/{i}/datapackage.json"
        report = validate(address)
        assert report.valid, (i, report.errors[:2], [(t.name, [e.message for e in t.errors[:3]]) for t in report.tasks if not t.valid][:3])
        package = Package(address)
        if i not in opened:
            assert [r.name for r in package.resources] == [f"{i}-dictionary"]
            continue
        kinds = {f["name"]: f["type"] for f in details[i]["fields"]}
        resource, (header, want) = package.get_resource(i), table(i)
        assert resource.schema.field_names == header and resource.schema.primary_key == details[i]["key"], i
        keys += len(resource.schema.foreign_keys)
        body = get(resource.path, headers={"Accept-Encoding": "identity"}).content
        assert resource.bytes == len(body) and resource.hash == "sha256:" + hashlib.sha256(body).hexdigest(), i
        got = resource.read_rows()
        assert len(got) == len(want) == details[i]["release"]["rows"]
        for n, (row, cells) in enumerate(zip(got, want)):
            for name, cell in zip(header, cells):
                assert same(cell, row[name], kinds[name]), f"{i} row {n + 1} {name}: {cell!r} in CSV, {row[name]!r} through the Data Package"
        rows += len(got)
    # A schema that nothing breaks would be worth nothing.
    descriptor = get("/datasets/admin_penalties/datapackage.json").json()
    for r in descriptor["resources"]:
        text = get(r["path"]).text
        r.pop("bytes"), r.pop("hash")
        if r["name"] == "admin_penalties":
            lines = text.splitlines()
            row = next(csv.reader([lines[1]]))
            row[lines[0].split(",").index("region_code")] = "999999"
            row[lines[0].split(",").index("fine")] = "-1"
            out = io.StringIO()
            csv.writer(out, lineterminator="\n").writerow(row)
            text = lines[0] + "\n" + out.getvalue() + lines[2] + "\n" + lines[2] + "\n"
        r["data"] = [line for line in csv.reader(io.StringIO(text))]
        for name in ("path", "format", "mediatype", "encoding", "dialect"):
            r.pop(name, None)
    found = {e.type for t in validate(descriptor).tasks for e in t.errors}
    assert {"foreign-key", "constraint-error", "primary-key"} <= found, found
    assert keys > 50, keys
    return f"{rows} rows of {len(opened)} packages with {keys} foreign keys are valid and equal those of the CSV files"


def chinese():
    doc = get("/catalog.zh.json").json()
    items = {x["信息资源代码"]: x for x in doc["信息资源"]}
    assert sorted(items) == sorted(ids) and doc["信息资源数量"] == len(ids) and "政务信息资源目录编制指南" in doc["编制依据"]
    for i, item in items.items():
        d = details[i]
        assert item == get(f"/datasets/{i}/catalog.zh.json").json() == d["catalog_zh"], i
        assert item["信息资源名称"] == d["title"]["zh"] and item["信息资源提供方"] == d["publisher"]["zh"]
        assert [f["信息项英文名称"] for f in item["信息项信息"]] == [f["name"] for f in d["fields"]]
        assert item["开放属性"]["开放类型"] == d["openness"]["attribute"] and item["平台目录项"]["数据量"] == d["release"]["rows"]
        assert {x["校验值SHA256"] for x in item["下载"]} == {x["sha256"] for x in d["downloads"] if x["bytes"] is not None}
        assert set(item["关联资源代码"]) >= {r["to"] for r in d["rules"].get("references", [])}
    return f"{len(items)} items"


def feeds():
    seen, address, entries = set(), "/feed.atom", 0
    while address:
        r = get(address)
        f = feedparser.parse(r.content)
        assert not f.bozo and f.version == "atom10", f.get("bozo_exception")
        assert r.headers["ETag"] and r.headers["Last-Modified"]
        assert session.get(r.url, headers={"If-None-Match": r.headers["ETag"]}).status_code == 304
        assert session.get(r.url, headers={"If-Modified-Since": r.headers["Last-Modified"]}).status_code == 304
        for e in f.entries:
            assert e.id not in seen and e.summary and e.updated_parsed, e
            seen.add(e.id)
            entries += 1
            for link in e.links:
                if link.rel == "enclosure":
                    h = session.head(link.href, headers={"Accept-Encoding": "identity"})
                    assert h.status_code == 200 and h.headers["Content-Length"] == link.length, link
        address = next((x.href for x in f.feed.links if x.rel == "next"), None)
    releases = 0
    for i in ids:
        own = feedparser.parse(get(f"/datasets/{i}/feed.atom").content)
        assert not own.bozo and {e.id for e in own.entries} <= seen and own.entries[0].title == details[i]["title"]["zh"]
        newest = own.entries[0]
        assert details[i]["release"]["release"] in newest.summary and f"{details[i]['release']['rows']} 行" in newest.summary, newest.summary
        releases += len(own.entries)
    assert releases == entries > 60, (releases, entries)
    return f"{entries} entries"


def pages():
    ns = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}
    robots = get("/robots.txt").text
    sitemap = re.search(r"^Sitemap: (\S+)$", robots, re.M).group(1)
    root = ET.fromstring(get(sitemap).content)
    addresses = [u.text for u in root.findall("s:url/s:loc", ns)]
    assert len(addresses) == len(set(addresses)) == len(ids) + 7, len(addresses)
    for a in addresses:
        r = get(a)
        assert r.headers["Content-Type"].startswith("text/html"), a
    for link in root.findall("s:url/x:link", ns)[:15]:
        get(link.get("href"))
    docs = get("/docs?lang=en").text
    outside = [u for u in re.findall(r'(?:src|href)="([^"]+)"', docs) if not u.startswith(("/", "#", "?"))]
    assert not outside, outside
    for path in get("/openapi.json").json()["paths"]:
        stem = re.sub(r"\.(json|jsonl|csv|xlsx|parquet|arrow)$", "", path) if re.search(r"/(rows|diff|sql)\.", path) else path
        assert stem in docs, f"{path} is not on the page of the documentation"
    return f"{len(addresses)} pages"


for check in (dcat, dcat_us, schema_org, croissant, data_package, chinese, feeds, pages):
    print(f"{check.__name__}: {check()}", flush=True)
