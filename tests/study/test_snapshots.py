"""What was downloaded is kept with its digest, verified before use, and never overwritten."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from headwinds.errors import DataError, SettingsError
from headwinds.explain.sources.downloads import Download, fetch, fetch_world_bank
from headwinds.explain.sources.snapshot import MANIFEST, make_snapshot, read_snapshot
from headwinds.explain.sources.world_bank import read_world_bank
from headwinds.study.snapshots import write_snapshot
from house.repository import ROOT

PAGES = json.loads((ROOT / "tests" / "replications" / "data" / "world_bank_page.json").read_text())
DOWNLOADS = [
    Download("b.csv", "https://example.org/b.csv", b"2"),
    Download("a.csv", "https://example.org/a.csv", b"1"),
]
ARGUMENTS = {"source": "example", "retrieved": "2026-11-27", "licence": "CC BY 4.0"}


@pytest.fixture
def service():
    """A service on this machine that answers with the recorded pages, an error, something else, or not at all."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            if "/indicator/NO.SUCH" in self.path:
                body = json.dumps(
                    [{"message": [{"id": "120", "value": "The indicator was not found."}]}]
                ).encode()
            elif "/indicator/NO.JSON" in self.path:
                body = b"<html>"
            elif "/indicator/GONE" in self.path:
                self.send_error(503)
                return
            elif "/indicator/BROKEN.OFF" in self.path:
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b"x" * 400)
                return
            elif "/indicator/NO.HTTP" in self.path:
                self.wfile.write(b"nothing of the kind\r\n")
                return
            else:
                body = json.dumps(PAGES[int(self.path.rsplit("page=", 1)[1]) - 1]).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_download_becomes_a_snapshot_that_is_read_again(service, tmp_path):
    download = fetch_world_bank("IT.NET.USER.ZS", 2018, 2019, service=service)
    written = write_snapshot(tmp_path / "wdi", [download], **ARGUMENTS)
    found = read_snapshot(tmp_path / "wdi")
    assert found == written
    panel = read_world_bank(tmp_path / "wdi" / found.files[0].name, vintage=found.vintage)
    assert panel.data["entity"].tolist() == ["DEU", "DEU", "FRA", "FRA"]


@pytest.mark.parametrize(
    ("indicator", "says"),
    [
        ("NO.SUCH", "the World Bank's service answered: The indicator was not found."),
        ("NO.JSON", "answered no JSON"),
        ("GONE", "answered 503"),
        ("BROKEN.OFF", "broke off after 400 of 1,000 bytes; nothing was kept"),
        ("NO.HTTP", "cannot be reached"),
    ],
)
def test_a_service_that_fails_is_one_line(service, indicator, says):
    with pytest.raises(DataError) as caught:
        fetch_world_bank(indicator, 2018, 2019, service=service)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_service_that_is_down_is_one_line():
    with pytest.raises(DataError, match=r"cannot be reached \(.*\)\. Use an earlier snapshot") as caught:
        fetch("http://127.0.0.1:9/table.csv", timeout=2)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("url", ["https://example.org/a table.csv", "https://example.org/é", "https://[::1"])
def test_an_address_that_is_none_is_one_line(url):
    with pytest.raises(SettingsError, match="is no address of the web"):
        fetch(url)


def test_only_the_web_is_asked():
    with pytest.raises(SettingsError, match="no address of the web"):
        fetch("file:///etc/hostname")
    with pytest.raises(SettingsError, match="The last year, 1990, is before the first, 2000"):
        fetch_world_bank("IT.NET.USER.ZS", 2000, 1990)


def test_the_manifest_is_the_same_bytes_in_any_order():
    assert make_snapshot(DOWNLOADS, **ARGUMENTS) == make_snapshot(DOWNLOADS[::-1], **ARGUMENTS)


def test_a_changed_or_missing_file_is_found_before_use(tmp_path):
    write_snapshot(tmp_path, DOWNLOADS, **ARGUMENTS)
    (tmp_path / "a.csv").write_bytes(b"changed")
    with pytest.raises(DataError, match=r"a.csv: not the file that was kept \(SHA-256 .*, expected .*\)"):
        read_snapshot(tmp_path)
    (tmp_path / "a.csv").unlink()
    with pytest.raises(DataError, match=r"the file a.csv of the snapshot is missing"):
        read_snapshot(tmp_path)


def test_a_snapshot_is_never_overwritten(tmp_path):
    write_snapshot(tmp_path, DOWNLOADS, **ARGUMENTS)
    with pytest.raises(SettingsError, match="holds a snapshot already"):
        write_snapshot(tmp_path, DOWNLOADS, **ARGUMENTS)


@pytest.mark.parametrize(
    ("downloads", "changes", "says"),
    [
        ([], {}, "at least one file"),
        (DOWNLOADS + DOWNLOADS[:1], {}, "have one name"),
        ([Download("../a.csv", "", b"")], {}, "cannot name a file"),
        ([Download(MANIFEST, "", b"")], {}, "cannot name a file"),
        (DOWNLOADS, {"retrieved": "yesterday"}, "expected a day as YYYY-MM-DD"),
    ],
)
def test_what_cannot_be_a_snapshot(downloads, changes, says):
    with pytest.raises(SettingsError, match=says):
        make_snapshot(downloads, **{**ARGUMENTS, **changes})


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ("not json", "not a snapshot's manifest"),
        ('{"format": 2}', "format 2 is not known"),
        ('{"format": 1, "source": "x", "retrieved": "2026-01-01", "files": []}', "it lists no file"),
        (
            '{"format": 1, "source": "x", "retrieved": "2026-01-01", '
            '"files": [{"name": "../x", "url": "", "bytes": 1, "sha256": ""}]}',
            "cannot name a file",
        ),
    ],
)
def test_a_manifest_that_is_none_or_leads_out_of_its_folder(tmp_path, manifest, says):
    (tmp_path / MANIFEST).write_text(manifest)
    with pytest.raises(DataError, match=says):
        read_snapshot(tmp_path)


def test_a_folder_without_a_manifest(tmp_path):
    with pytest.raises(DataError, match=r"is no snapshot: it has no snapshot\.json"):
        read_snapshot(tmp_path)
