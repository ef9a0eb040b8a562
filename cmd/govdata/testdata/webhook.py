"""Verifies messages that a receiver of webhooks got, as the Standard Webhooks
specification says and with nothing but Python's own library, and compares what
they say with the files that they lead to.
Usage: webhook.py BASE_URL SECRET FILE, one JSON object {"headers", "body"} a line."""

import base64, csv, datetime, hashlib, hmac, io, json, sys, time, urllib.request

base, secret, path = sys.argv[1:]
key = base64.b64decode(secret.removeprefix("whsec_"))
checked = 0


def fetch(address):
    with urllib.request.urlopen(base + address if address.startswith("/") else address) as r:
        return r.read()


for line in open(path, encoding="utf-8"):
    request = json.loads(line)
    headers = {name.lower(): value for name, value in request["headers"].items()}
    body = base64.b64decode(request["body"])
    assert headers["content-type"] == "application/json", headers
    assert abs(time.time() - int(headers["webhook-timestamp"])) < 300, headers
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    want = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert hmac.compare_digest(headers["webhook-signature"], want), (headers, want)
    assert not hmac.compare_digest(headers["webhook-signature"], "v1," + base64.b64encode(hmac.new(key, signed + b" ", hashlib.sha256).digest()).decode())

    message = json.loads(body)
    assert message["id"] == headers["webhook-id"], message
    datetime.datetime.fromisoformat(message["timestamp"])
    if message["type"] == "test":
        checked += 1
        continue
    news = message["data"]
    _, *rows = csv.reader(io.StringIO(fetch(news["urls"]["csv"]).decode(), newline=""))
    assert news["rows"] == len(rows) == news["counts"]["rows_published"] + news["counts"]["rows_kept"], (news, len(rows))
    manifest = json.loads(fetch(news["urls"]["manifest"]))
    for name in ("release", "published_at", "schema_sha256", "counts"):
        assert news[name] == manifest[name], (name, news[name], manifest[name])
    assert news["dataset"] == manifest["dataset"]["id"] and news["title"] == manifest["dataset"]["title"], news
    if "previous" in news:
        assert news["previous"] != news["release"], news
        changed = list(csv.DictReader(io.StringIO(fetch(news["urls"]["changes"]).decode(), newline="")))
        assert len([r for r in changed if r["_change"] == "added"]) > 0, changed
    checked += 1

print(f"ok {checked}")
