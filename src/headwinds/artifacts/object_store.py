"""An object store behind a URL, through fsspec: bounded waits, and one clear line for each way in which it refuses.

Guarantee: an object is put whole or not at all (stores show no object before its upload is complete); nothing is tried for
more than about a minute; no message holds a secret. Trade-off: listings are fetched anew each time. Scope: credentials come
from where the driver of the store looks for them (the environment, its own files), never from a URL or a study.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import urlsplit

from headwinds.errors import DataError, HeadwindsError, SettingsError, StorageError
from headwinds.extras import require

DRIVERS = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "memory": "",
}
"""Protocols of object stores, and the library that fsspec needs for each. Others (archives in archives, references, remote
Python) can name code or files of this machine, and are not opened."""
SECONDS_TO_CONNECT = 5
SECONDS_TO_READ = 30
TRIES = 2
BLOCK = 4 * 1024 * 1024

_UNREACHED = (
    "EndpointConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ConnectionClosedError",
    "ConnectionError",
    "ClientConnectorError",
    "ServerDisconnectedError",
    "FSTimeoutError",
    "TimeoutError",
)
_NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError", "TokenRetrievalError", "ProfileNotFound")
_WRONG_CREDENTIALS = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken")


def open_url(url: str) -> ObjectStore:
    """The store at a URL.

    Raises
    ------
    SettingsError
        The protocol is none of `DRIVERS`, its library is not installed, or the URL holds credentials or no bucket.
    """
    protocol = url.partition("://")[0].lower()
    told = shown(url)
    if protocol not in DRIVERS or "::" in url:
        raise SettingsError(
            f"{told} cannot be opened: expected a path, file:// or one of "
            f"{', '.join(f'{name}://' for name in sorted(DRIVERS))}.",
            remedy="Copy the files to one of these, or name a folder of this machine.",
        )
    parts = urlsplit(url)
    if _credentials(url) or ("@" in parts.netloc and protocol not in ("abfs", "abfss")):
        raise SettingsError(
            f"{told} has credentials before the name of the bucket, where they would end up in logs.",
            remedy="Put them into the environment, e.g. AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        )
    if parts.query or parts.fragment:
        raise SettingsError(
            f"{told} has something after a question mark or hash, expected PROTOCOL://BUCKET/PREFIX.",
            remedy="Leave it out; credentials and endpoints come from the environment.",
        )
    if not parts.netloc and protocol != "memory":
        raise SettingsError(
            f"{told} names no bucket, expected PROTOCOL://BUCKET/PREFIX.", remedy="Name the bucket."
        )
    require("fsspec")
    driver = DRIVERS[protocol]
    if driver == "s3fs":
        require("s3fs")
    elif driver and importlib.util.find_spec(driver) is None:
        raise SettingsError(
            f"The library {driver} is needed for {protocol}:// places, and is not installed.",
            remedy=f"Install it with: pip install {driver}",
        )
    import fsspec

    try:
        system = fsspec.filesystem(protocol, **_options(protocol))
    except Exception as error:
        raise _refusal(error, told, protocol, writing=False) from None
    if protocol in ("s3", "s3a"):
        system.retries = TRIES
    return ObjectStore(protocol, told.rstrip("/"), system, str(system._strip_protocol(url)).rstrip("/"))


def shown(url: str) -> str:
    """A URL as it may be printed: without user, password, query and fragment."""
    head, separator, rest = url.partition("://") if "://" in url else ("", "", url)
    rest = rest.removeprefix(_credentials(url)).split("?")[0].split("#")[0]
    place, slash, path = rest.partition("/")
    return f"{head}{separator}{place.rpartition('@')[2]}{slash}{path}"


def _credentials(url: str) -> str:
    """``user:secret@`` before a bucket, also where the secret holds a slash, as many a key does; else ""."""
    rest = url.partition("://")[2] if "://" in url else url
    before, at, _ = rest.rpartition("@")
    return before + at if at and ":" in rest.partition("/")[0] else ""


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """A prefix of a bucket; made by `open_url`."""

    protocol: str
    place: str
    system: Any
    root: str
    _found: dict[str, dict[str, Any]] = field(default_factory=dict)

    def sizes(self, prefix: str = "") -> dict[str, int]:
        """List the objects; what a listing says of each is kept for `digest` and `holds`."""
        with self._told("", writing=False):
            self.system.invalidate_cache()
            try:
                below = self.system.find(f"{self.root}/{prefix.rpartition('/')[0]}".rstrip("/"), detail=True)
            except FileNotFoundError:
                self._require_bucket()
                below = {}
        found = {}
        for path, facts in below.items():
            name = str(path).removeprefix(self.root).lstrip("/")
            if name and name.startswith(prefix) and facts.get("type") != "directory":
                found[name] = int(facts["size"])
                self._found[name] = facts
        return dict(sorted(found.items()))

    def read(self, name: str) -> bytes | None:
        """Fetch it whole."""
        with self._told(name, writing=False):
            try:
                return bytes(self.system.cat_file(f"{self.root}/{name}"))
            except FileNotFoundError:
                self._require_bucket()
                return None

    def write(self, name: str, data: bytes) -> None:
        """Put it in one piece; a store shows the whole object or none."""
        with self._told(name, writing=True):
            self.system.pipe_file(f"{self.root}/{name}", data)
        self._found.pop(name, None)

    def remove(self, name: str) -> None:
        """Delete it if it is there."""
        with self._told(name, writing=True):
            try:
                self.system.rm_file(f"{self.root}/{name}")
            except FileNotFoundError:
                return
        self._found.pop(name, None)

    def reading(self, name: str) -> IO[bytes]:
        """Open for reading by ranges, nothing kept between them."""
        with self._told(name, writing=False):
            try:
                file = self.system.open(f"{self.root}/{name}", "rb", block_size=BLOCK, cache_type="none")
            except FileNotFoundError:
                self._require_bucket()
                raise
        return io.BufferedReader(_Told(self, name, file), 64 * 1024)

    def digest(self, name: str) -> str:
        """The store's own entity tag with the size, else SHA-256 of the content, fetched in pieces."""
        facts = self._found.get(name) or {}
        tag = facts.get("ETag") or facts.get("etag") or facts.get("md5Hash")
        if tag:
            return f"{tag} {facts.get('size')}"
        digest = hashlib.sha256()
        with self.reading(name) as file:
            while piece := file.read(BLOCK):
                digest.update(piece)
        return digest.hexdigest()

    def holds(self, name: str, size: int, sha256: str) -> bool:
        """By its size: stores check what they take by digests of their own, and fetching it again would cost its price."""
        if name not in self._found:
            self.sizes(name)
        return name in self._found and int(self._found[name]["size"]) == size

    def _require_bucket(self) -> None:
        """Raise what the driver says where not even the bucket is there."""
        bucket = self.root.partition("/")[0]
        if self.protocol != "memory" and not self.system.exists(bucket):
            raise FileNotFoundError("the bucket does not exist")

    @contextmanager
    def _told(self, name: str, *, writing: bool) -> Iterator[None]:
        try:
            yield
        except (HeadwindsError, TypeError, AttributeError, NameError):
            raise
        except Exception as error:
            raise _refusal(
                error, f"{self.place}/{name}".rstrip("/"), self.protocol, writing=writing
            ) from None


class _Told(io.RawIOBase):
    """An open object whose refusals are told as the store's are."""

    def __init__(self, store: ObjectStore, name: str, file: Any) -> None:
        self._store, self._name, self._file = store, name, file

    def readinto(self, buffer: Any) -> int:
        with self._store._told(self._name, writing=False), memoryview(buffer).cast("B") as view:
            data = self._file.read(len(view))
            view[: len(data)] = data
            return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def _options(protocol: str) -> dict[str, Any]:
    if protocol not in ("s3", "s3a"):
        return {"use_listings_cache": False} if protocol != "memory" else {}
    return {
        "skip_instance_cache": True,
        "use_listings_cache": False,
        "config_kwargs": {
            "connect_timeout": SECONDS_TO_CONNECT,
            "read_timeout": SECONDS_TO_READ,
            "retries": {"max_attempts": TRIES, "mode": "standard"},
        },
    }


def _refusal(error: BaseException, told: str, protocol: str, *, writing: bool) -> HeadwindsError:
    """One line for whatever a driver raised; its own words only by their kind, for they may hold keys."""
    verb = "written" if writing else "read"
    names = {name for one in _chain(error) for name in (type(one).__name__, _code(one))}
    endpoint = shown(os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or "")
    at = f" at {endpoint}" if endpoint and protocol in ("s3", "s3a") else ""
    if names & set(_NO_CREDENTIALS):
        return StorageError(
            f"{told} cannot be {verb}: no credentials were found, expected them in the environment.",
            remedy="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_PROFILE), and run the same command again.",
        )
    if wrong := sorted(names & set(_WRONG_CREDENTIALS)):
        return StorageError(
            f"{told} cannot be {verb}: the store{at} does not accept the credentials ({wrong[0]}).",
            remedy="Check the keys in the environment, and run the same command again.",
        )
    if isinstance(error, PermissionError) or names & {"AccessDenied", "403", "Forbidden"}:
        return StorageError(
            f"{told} cannot be {verb}: the store{at} refuses (403), expected leave to "
            + ("put objects there." if writing else "list and get objects there."),
            remedy="Ask for it, or name another place.",
        )
    if isinstance(error, FileNotFoundError) or names & {"NoSuchBucket", "NoSuchKey", "404"}:
        no_bucket = "NoSuchBucket" in names or "bucket does not exist" in str(error)
        what = "bucket" if no_bucket else "object"
        kind = StorageError if writing else DataError
        return kind(
            f"{told} cannot be {verb}: there is no such {what}{at}.",
            remedy="Check the URL" + (", or make the bucket first." if what == "bucket" else "."),
        )
    if isinstance(error, (ConnectionError, TimeoutError)) or names & set(_UNREACHED):
        return StorageError(
            f"{told} cannot be {verb}: the store{at} does not answer.",
            remedy="Check the network and AWS_ENDPOINT_URL, and run the same command again; what was finished is kept.",
        )
    kinds = ", ".join(sorted(name for name in names if name))
    return StorageError(
        f"{told} cannot be {verb}: the store{at} refuses ({kinds}).",
        remedy="Run the same command again; what was finished is kept.",
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _code(error: BaseException) -> str:
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
