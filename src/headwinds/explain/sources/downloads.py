"""The only place of `explain` that asks the network for anything: bytes come back, or one clear line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPException, InvalidURL
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from headwinds.errors import DataError, SettingsError
from headwinds.explain.sources.world_bank import pages_in_all, world_bank_rows

WORLD_BANK = "https://api.worldbank.org/v2"
_LARGEST = 500_000_000  # bytes of one answer; more than any table that we know of


@dataclass(frozen=True, slots=True)
class Download:
    """What a service answered, ready to be kept as a snapshot.

    Attributes
    ----------
    name
        A name for the file.
    url
        What was asked.
    content
        The bytes as they should be kept.
    """

    name: str
    url: str
    content: bytes


def fetch(url: str, *, name: str = "", timeout: float = 30.0) -> Download:
    """Download one file, for instance a table of SDMX-CSV or a release of the Penn World Table.

    Parameters
    ----------
    url
        Begins with https:// or http://.
    name
        Under which to keep it; the last part of the address if empty.
    timeout
        Seconds that the service may stay silent.

    Raises
    ------
    SettingsError
        The address is of another kind, or none.
    DataError
        The service cannot be reached, is silent too long, refuses, or breaks off before all was sent.
    """
    if not url.startswith(("https://", "http://")):
        raise SettingsError(f"{url!r} is no address of the web; it must begin with https://.")
    where = "Use an earlier snapshot, or download the file by hand."
    try:
        request = Request(url, headers={"User-Agent": "headwinds", "Accept": "*/*"})  # noqa: S310  # checked above
        with urlopen(request, timeout=timeout) as answer:  # noqa: S310
            content: bytes = answer.read(_LARGEST + 1)
            told = answer.headers.get("Content-Length", "")
    except HTTPError as error:
        error.close()
        raise DataError(f"{url} answered {error.code} ({error.reason}).", remedy=where) from error
    except (InvalidURL, ValueError) as error:
        raise SettingsError(
            f"{url!r} is no address of the web ({error}).",
            remedy="Write blanks and letters with accents as %20, %C3%A9.",
        ) from error
    except (URLError, TimeoutError, OSError, HTTPException) as error:
        reason = getattr(error, "reason", "") or str(error).strip() or type(error).__name__
        raise DataError(f"{url} cannot be reached ({reason}).", remedy=where) from error
    if len(content) > _LARGEST:
        raise DataError(f"{url} answered more than {_LARGEST:,} bytes; nothing was kept.", remedy=where)
    if told.isdecimal() and len(content) < int(told):  # a connection that breaks off is no error to urllib
        raise DataError(
            f"{url} broke off after {len(content):,} of {int(told):,} bytes; nothing was kept.", remedy=where
        )
    return Download(name or url.split("?")[0].rstrip("/").rsplit("/", 1)[-1] or "download", url, content)


def fetch_world_bank(
    indicator: str, first: int, last: int, *, timeout: float = 30.0, service: str = WORLD_BANK
) -> Download:
    """Download one indicator of the World Bank for all countries, page after page.

    Parameters
    ----------
    indicator
        Its code, for instance "IT.NET.USER.ZS".
    first, last
        Years.
    timeout
        Seconds that the service may stay silent, page by page.
    service
        Where it answers.

    Returns
    -------
    Download
        A .json file with the list of pages as answered; `read_world_bank` reads it.

    Raises
    ------
    SettingsError
        The years are in the wrong order.
    DataError
        The service cannot be reached, refuses, or answers something else than rows.
    """
    if last < first:
        raise SettingsError(f"The last year, {last}, is before the first, {first}.")
    pages: list[Any] = []
    address = f"{service}/country/all/indicator/{quote(indicator, safe='.')}"
    url = f"{address}?{urlencode({'format': 'json', 'per_page': 20000, 'date': f'{first}:{last}'})}"
    while True:
        answer = fetch(f"{url}&page={len(pages) + 1}", name=indicator, timeout=timeout)
        try:
            page = json.loads(answer.content)
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise DataError(f"{answer.url} answered no JSON ({error}).") from error
        world_bank_rows([page], indicator)  # an error message of the service ends here
        pages.append(page)
        if len(pages) >= pages_in_all(page):
            break
    content = json.dumps(pages, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    return Download(f"{indicator}.json", url, content)
