"""Asks an S3 server: how a bucket is locked, which versions there are, and for one of them.

Source: Amazon S3 API Reference (GetObjectLockConfiguration, ListObjectVersions, GetObject, and
"Authenticating Requests (AWS Signature Version 4)"). Nothing is ever written with it.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import quote, urlencode

DAYS = {"Days": 1, "Years": 365}
LONGEST_ANSWER = 64 * 1024 * 1024
OK = 200
EMPTY = hashlib.sha256(b"").hexdigest()
VERSION = re.compile(r"<Version>(.*?)</Version>", re.S)


class S3Error(Exception):
    """The server does not give what it was asked for; the text says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A bucket, and who asks for it."""

    endpoint: str
    bucket: str
    region: str
    access_key: str
    secret_key: str


def lock_problem(asked: Asked, days: int) -> str | None:
    """Return why what comes into a bucket is not locked for some days; None when it is."""
    try:
        answer = _text(asked, {"object-lock": ""})
    except S3Error as error:
        if "ObjectLockConfigurationNotFoundError" in str(error):
            return "the bucket has no object lock: whoever runs it could delete the copies"
        return f"its lock cannot be asked for: {error}"
    mode = _tag(answer, "Mode") or "none by default"
    if mode != "COMPLIANCE":
        return f"its lock is of mode {mode}: only COMPLIANCE is one that nobody can lift"
    locked = sum(int(_tag(answer, unit) or 0) * count for unit, count in DAYS.items())
    if locked < days:
        return f"what comes in is locked for {locked} days, {days} are declared"
    return None


def versions(asked: Asked, prefix: str) -> dict[str, list[str]]:
    """Return the versions of each object below a prefix, the newest first; S3Error says why not."""
    found: dict[str, list[str]] = {}
    query = {"prefix": prefix, "versions": ""}
    while True:
        answer = _text(asked, query)
        for entry in VERSION.findall(answer):
            found.setdefault(_tag(entry, "Key"), []).append(_tag(entry, "VersionId"))
        if _tag(answer, "IsTruncated") != "true":
            return found
        query["key-marker"] = _tag(answer, "NextKeyMarker")
        query["version-id-marker"] = _tag(answer, "NextVersionIdMarker")


@contextmanager
def opened(asked: Asked, key: str, query: Mapping[str, str]) -> Iterator[HTTPResponse]:
    """Give what the server answers to a GET; S3Error where it refuses or cannot be reached.

    Nothing is asked of a server whose certificate this system does not trust.
    """
    connection = HTTPSConnection(asked.endpoint.removeprefix("https://"), timeout=60)
    path, words = quote(f"/{asked.bucket}{key}"), urlencode(sorted(query.items()), quote_via=quote)
    try:
        headers = _signed(asked, path, words, datetime.now(UTC))
        connection.request("GET", f"{path}?{words}", headers=headers)
        answer = connection.getresponse()
        if answer.status != OK:
            said = answer.read(LONGEST_ANSWER).decode(errors="replace")
            raise S3Error(f"{_tag(said, 'Code') or 'no reason given'} ({answer.status})")
        yield answer
    except (OSError, HTTPException) as error:
        raise S3Error(f"{asked.endpoint} cannot be reached: {error}") from None
    finally:
        connection.close()


def _text(asked: Asked, query: Mapping[str, str]) -> str:
    with opened(asked, "", query) as answer:
        return answer.read(LONGEST_ANSWER).decode(errors="replace")


def _tag(answer: str, name: str) -> str:
    found = re.search(rf"<{name}>([^<]*)</{name}>", answer)
    return unescape(found[1]) if found else ""


def _signed(asked: Asked, path: str, query: str, now: datetime) -> dict[str, str]:
    """Return the headers of a GET with their signature."""
    stamp, scope = f"{now:%Y%m%dT%H%M%SZ}", f"{now:%Y%m%d}/{asked.region}/s3/aws4_request"
    host = asked.endpoint.removeprefix("https://")
    headers = {"host": host, "x-amz-content-sha256": EMPTY, "x-amz-date": stamp}
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = "\n".join(("GET", path, query, lines, names, EMPTY))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{asked.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, digest))
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    given = f"Credential={asked.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {**headers, "Authorization": f"AWS4-HMAC-SHA256 {given}"}
