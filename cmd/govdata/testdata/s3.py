"""Asks for objects with boto3: whole, in parts and on conditions, and prints how many answers it compared. Usage: s3.py BASE_URL"""

import datetime, hashlib, json, sys, urllib.request

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

base = sys.argv[1]
answers = 0


def fetch(path):
    with urllib.request.urlopen(base + path) as r:
        return r.read()


def store(**more):
    return boto3.client("s3", endpoint_url=base, region_name="us-east-1", config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, **more),
                        aws_access_key_id="public", aws_secret_access_key="public")


def fails(status, code, call, **asked):
    """The client tells the status as it is, and falls over nothing."""
    global answers
    answers += 1
    try:
        call(**asked)
    except ClientError as e:
        got = e.response["ResponseMetadata"]["HTTPStatusCode"], e.response["Error"]["Code"]
        assert got == (status, code), (asked, got)
        headers = e.response["ResponseMetadata"]["HTTPHeaders"]
        assert not [h for h in headers if h.startswith("x-amz-checksum")], (asked, headers)
        return e.response
    raise AssertionError(f"no error: {asked}")


def check(s3, name, release, ext):
    global answers
    key = f"{name}/{release}/{name}.{ext}"
    whole = fetch(f"/d/{name}@{release}.{ext}")
    o = {"Bucket": "govdata", "Key": key}
    head = s3.head_object(**o, ChecksumMode="ENABLED")
    tag, modified = head["ETag"], head["LastModified"]
    assert head["ContentLength"] == len(whole) and tag == f'"{hashlib.sha256(whole).hexdigest()}"' and head["ChecksumSHA256"], head
    hour = datetime.timedelta(hours=1)

    def same(want, status=200, **asked):
        global answers
        answers += 1
        got = s3.get_object(**o, **asked)
        assert got["ResponseMetadata"]["HTTPStatusCode"] == status and got["Body"].read() == want, asked
        assert s3.head_object(**o, **asked)["ContentLength"] == len(want), asked

    for checksum in ({}, {"ChecksumMode": "ENABLED"}):
        same(whole, **checksum)
        same(whole, IfMatch=tag, **checksum)
        same(whole, IfNoneMatch='"other"', **checksum)
        same(whole, IfModifiedSince=modified - hour, **checksum)
        same(whole, IfUnmodifiedSince=modified + hour, **checksum)
        same(whole[10:100], 206, Range="bytes=10-99", **checksum)
        same(whole[-7:], 206, Range="bytes=-7", **checksum)
        same(whole[:1], 206, Range="bytes=0-0", IfMatch=tag, **checksum)
        for call, codes in ((s3.get_object, {304: "304", 412: "PreconditionFailed", 416: "InvalidRange", 404: "NoSuchKey"}), (s3.head_object, {304: "304", 412: "412", 416: "416", 404: "404"})):
            for status, asked in (
                (304, {"IfNoneMatch": tag}), (304, {"IfNoneMatch": "*"}), (304, {"IfModifiedSince": modified}), (304, {"IfModifiedSince": modified + hour}),
                (304, {"IfNoneMatch": tag, "Range": "bytes=0-3"}), (412, {"IfMatch": '"other"'}), (412, {"IfUnmodifiedSince": modified - hour}),
                (412, {"IfMatch": '"other"', "IfNoneMatch": tag}), (412, {"IfMatch": '"other"', "Range": f"bytes={len(whole)}-"}), (416, {"Range": f"bytes={len(whole)}-"}),
            ):
                response = fails(status, codes[status], call, **o, **asked, **checksum)
                if status == 304:
                    assert response["ResponseMetadata"]["HTTPHeaders"]["etag"] == tag, response
            fails(404, codes[404], call, Bucket="govdata", Key=key + ".no", **checksum)


datasets = json.loads(fetch("/d/catalog.json"))["datasets"]
for s3 in (store(), store(signature_version=UNSIGNED)):
    listed = [o for page in s3.get_paginator("list_objects_v2").paginate(Bucket="govdata", Prefix="regions/") for o in page["Contents"]]
    assert any(o["Key"].endswith("/regions.parquet") for o in listed), listed
    for d in datasets[:3]:
        for ext in ("csv", "parquet"):
            check(s3, d["id"], d["release"], ext)
    # Made when it is asked for, not a file.
    o = {"Bucket": "govdata", "Key": "regions/metadata/version-hint.text", "ChecksumMode": "ENABLED"}
    fails(304, "304", s3.get_object, **o, IfNoneMatch=s3.get_object(**o)["ETag"])
    fails(412, "PreconditionFailed", s3.get_object, **o, IfMatch='"other"')
    fails(405, "MethodNotAllowed", s3.put_object, Bucket="govdata", Key="regions/new", Body=b"x")
    fails(405, "MethodNotAllowed", s3.delete_object, Bucket="govdata", Key=o["Key"])
print(f"{answers} answers")
