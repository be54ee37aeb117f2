"""What fetches pages: cookies kept, TLS verified; size, redirects and servers bounded."""

import asyncio
import ssl
from collections.abc import Set
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import aiohttp
from yarl import URL

from inventory.web_servers import server_of
from monitors.journeys.failures import Failure, JourneyError
from monitors.journeys.page import Page, Submission
from monitors.text import one_line

LARGEST_PAGE = 2 << 20
MOST_REDIRECTS = 10
CHUNK = 64 << 10
LONGEST_REASON = 200
REDIRECTS = frozenset((301, 302, 303, 307, 308))
KEEPING_METHOD = frozenset((307, 308))
HEADERS = {
    "User-Agent": "Bastide (journey)",
    # Compressed, a small answer could become any size.
    "Accept-Encoding": "identity",
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
}


def session(trust: ssl.SSLContext) -> aiohttp.ClientSession:
    """Return what keeps cookies and connections of one journey."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=trust, limit=4),
        cookie_jar=aiohttp.CookieJar(unsafe=True),
        headers=HEADERS,
        auto_decompress=False,
        trust_env=False,
    )


def trust(authority: Path, *, any_certificate: bool) -> ssl.SSLContext:
    """Return whom a journey trusts: the system's authorities and the estate's own, or everybody."""
    changed = authority.stat().st_mtime if authority.exists() else 0.0
    return _trust(authority if changed else None, changed, any_certificate)


@lru_cache(maxsize=8)
def _trust(authority: Path | None, _changed: float, any_certificate: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if authority is not None:
        context.load_verify_locations(authority)
    if any_certificate:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Browser:
    """Fetches pages from allowed servers; every method raises JourneyError."""

    def __init__(self, requests: aiohttp.ClientSession, allowed: Set[str], *, secure: bool) -> None:
        """`secure`: nothing is asked without TLS."""
        self._requests, self._allowed, self._secure = requests, allowed, secure
        self._at = ""

    async def get(self, url: str) -> Page:
        """Return the page at an address, after redirects."""
        return await self._page("GET", url, None)

    async def send(self, form: Submission) -> Page:
        """Send a form; return the page that it leads to."""
        if form.posted:
            return await self._page("POST", form.url, _body(form))
        url, _ = urldefrag(form.url)
        return await self._page("GET", str(URL(url).with_query(form.fields)), None)

    async def _page(self, method: str, url: str, body: Any) -> Page:
        for _ in range(MOST_REDIRECTS + 1):
            self._judge(url)
            answer = await self._ask(method, url, body)
            if isinstance(answer, Page):
                self._at = url
                return answer
            url, keeps = answer
            method, body = (method, body) if keeps else ("GET", None)
        raise JourneyError(Failure.ANSWER, f"more than {MOST_REDIRECTS} redirects")

    def _judge(self, url: str) -> None:
        """Refuse an address of another server, or one that leaves TLS."""
        server = server_of(url)
        if server not in self._allowed:
            raise JourneyError(
                Failure.SERVER, f"leads to {server or 'no web server'}, which `hosts` does not name"
            )
        if self._secure and urlsplit(url).scheme != "https":
            raise JourneyError(Failure.SERVER, f"leaves TLS at {server}")

    async def _ask(self, method: str, url: str, body: Any) -> Page | tuple[str, bool]:
        """Return the page, or where the answer redirects to and whether the method stays."""
        try:
            async with self._requests.request(
                method, url, data=body, headers=self._referer(url), allow_redirects=False
            ) as answer:
                target = answer.headers.get("Location")
                if answer.status in REDIRECTS and target is not None:
                    return urljoin(url, target), answer.status in KEEPING_METHOD
                if not 200 <= answer.status < 300:
                    raise JourneyError(Failure.STATUS, f"answered {answer.status}")
                about = (url, answer.content_type, answer.charset or "")
                return await asyncio.to_thread(Page, await _read(answer), *about)
        except aiohttp.ClientSSLError as error:
            raise JourneyError(Failure.TLS, f"no trusted TLS: {_said(error)}") from None
        except aiohttp.ClientConnectionError as error:
            raise JourneyError(Failure.CONNECTION, f"no connection: {_said(error)}") from None
        except (aiohttp.ClientError, ValueError) as error:
            raise JourneyError(Failure.ANSWER, f"no answer that is HTTP: {_said(error)}") from None

    def _referer(self, url: str) -> dict[str, str]:
        """Return what protection against forged forms asks for; other servers are told nothing."""
        return {"Referer": self._at} if server_of(self._at) == server_of(url) else {}


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise JourneyError(Failure.ANSWER, "is compressed, though that was not asked for")
    body = bytearray()
    async for chunk in answer.content.iter_chunked(CHUNK):
        body += chunk
        if len(body) > LARGEST_PAGE:
            raise JourneyError(Failure.SIZE, f"is larger than {LARGEST_PAGE >> 20} MiB")
    return bytes(body)


def _body(form: Submission) -> Any:
    if not form.multipart:
        return aiohttp.FormData(list(form.fields))
    writer = aiohttp.FormData(default_to_multipart=True)
    for name, value in form.fields:
        writer.add_field(name, value)
    return writer


def _said(error: Exception) -> str:
    return one_line(str(error))[:LONGEST_REASON] or type(error).__name__
