"""Folders and object stores behind the same calls, and one clear line for each way in which a store refuses."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from artifacts.object_stores import SECRET, Server, object_server
from headwinds.artifacts.stores import Store, is_url, open_store
from headwinds.errors import DataError, HeadwindsError, SettingsError, StorageError


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with object_server() as found:
        yield found


@pytest.fixture
def bucket(server: Server) -> str:
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    server.client.create_bucket(Bucket=name)
    return name


@pytest.fixture(params=["folder", "file-url", "s3", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path, server: Server) -> Store:
    if request.param == "s3":
        return open_store(f"s3://{request.getfixturevalue('bucket')}/some/where/")
    place = {"folder": str(tmp_path), "file-url": f"file://{tmp_path}", "memory": f"memory://{tmp_path.name}"}
    return open_store(place[request.param])


def test_every_store_gives_back_what_was_written_and_lists_it(store):
    assert store.sizes() == {}
    assert store.read("a/b.bin") is None
    store.write("a/b.bin", b"hello")
    store.write("a.bin", b"")
    assert store.sizes() == {"a.bin": 0, "a/b.bin": 5}
    assert store.sizes("a/") == {"a/b.bin": 5}
    assert store.read("a/b.bin") == b"hello"
    with store.reading("a/b.bin") as file:
        file.seek(1)
        assert file.read(3) == b"ell"
    before = store.digest("a/b.bin")
    assert store.digest("a/b.bin") == before
    store.write("a/b.bin", b"jello")
    store.sizes()
    assert store.digest("a/b.bin") != before
    store.remove("a/b.bin")
    store.remove("a/b.bin")
    assert store.sizes() == {"a.bin": 0}


def test_a_store_tells_whether_a_file_is_what_was_written(store):
    import hashlib

    store.write("a", b"hello")
    right = hashlib.sha256(b"hello").hexdigest()
    assert store.holds("a", 5, right)
    assert not store.holds("a", 4, right)
    assert not store.holds("b", 5, right)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("pickle://x/y", "expected a path, file:// or one of"),
        ("reference://x", "expected a path, file:// or one of"),
        ("simplecache::s3://bucket/x", "expected a path, file:// or one of"),
        (f"s3://KEY:{SECRET}@bucket/x", "has credentials before the name of the bucket"),
        (f"s3://KEY:a/{SECRET}@bucket/x", "s3://bucket/x has credentials before the name of the bucket"),
        (f"s3://KEY:a?{SECRET}#@bucket/x", "s3://bucket/x has credentials before the name of the bucket"),
        (f"simplecache::s3://KEY:a/{SECRET}@bucket/x", "expected a path, file:// or one of"),
        (f"s3://bucket/x?signature={SECRET}", "has something after a question mark"),
        (f"ftp://me:{SECRET}@host/x", "expected a path, file:// or one of"),
        ("s3:///x", "names no bucket"),
        ("gs://bucket/x", "pip install gcsfs"),
    ],
)
def test_a_url_that_cannot_be_used_is_told_before_anything_is_asked(place, said):
    with pytest.raises(SettingsError) as caught:
        open_store(place)
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_paths_are_no_urls():
    assert not any(map(is_url, ["/a/b", "a:b", "C:\\x", "a b://", "runs/x", "./s3:/x"]))
    assert all(map(is_url, ["s3://b", "memory://", "S3://B", "simplecache::s3://b"]))


def refusal(work) -> HeadwindsError:
    started = time.monotonic()
    with pytest.raises(HeadwindsError) as caught:
        work()
    assert time.monotonic() - started < 60
    line = str(caught.value)
    assert "\n" not in line
    assert SECRET not in line
    assert "s3://" in line
    assert caught.value.__cause__ is None
    return caught.value


def test_a_bucket_that_is_not_there_is_told(server):
    store = open_store("s3://no-such-bucket/a")
    for work in (store.sizes, lambda: store.read("x"), lambda: store.reading("x")):
        error = refusal(work)
        assert isinstance(error, DataError)
        assert f"there is no such bucket at {server.endpoint}" in str(error)
    error = refusal(lambda: store.write("x", b"1"))
    assert isinstance(error, StorageError)
    assert "s3://no-such-bucket/a/x cannot be written: there is no such bucket" in str(error)


def test_an_object_that_is_not_there_is_told(bucket):
    with pytest.raises(DataError, match="there is no such object"):
        open_store(f"s3://{bucket}/a").reading("x")


def test_a_refusal_is_told_with_what_was_expected(server, bucket):
    store = open_store(f"s3://{bucket}/a")
    store.write("x", b"1")
    server.close_bucket(bucket)
    assert "refuses (403), expected leave to list and get objects" in str(refusal(lambda: store.read("x")))
    assert "refuses (403), expected leave to put objects" in str(refusal(lambda: store.write("y", b"1")))
    assert "refuses (403)" in str(refusal(lambda: store.reading("x")))


def test_credentials_that_are_not_accepted_are_told(server, bucket):
    server.check_credentials(after="0")
    try:
        store = open_store(f"s3://{bucket}/a")
        assert "does not accept the credentials (InvalidAccessKeyId)" in str(refusal(store.sizes))
        assert "does not accept the credentials" in str(refusal(lambda: store.write("x", b"1")))
    finally:
        server.check_credentials(after="inf")


def test_no_credentials_at_all_are_told(server, bucket, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    error = refusal(open_store(f"s3://{bucket}/a").sizes)
    assert "no credentials were found" in str(error)
    assert "AWS_ACCESS_KEY_ID" in str(error)


def test_a_store_that_does_not_answer_is_given_up_soon(server, bucket, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    store = open_store(f"s3://{bucket}/a")
    for work in (store.sizes, lambda: store.write("x", b"1")):
        assert "the store at http://127.0.0.1:9 does not answer" in str(refusal(work))
