"""The pages on paper: tagged, accessible PDF (PDF/UA-1), equal bytes for equal pages.

WeasyPrint is imported when the first page is printed: it takes a second or two, and it needs
Debian's libpango, which machines that only collect do not have.
"""

import hashlib
import multiprocessing
import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

VARIANT = "pdf/ua-1"
# As many pages a process at least; a process takes some seconds to load WeasyPrint.
FEW = 2
FONTS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))


class PdfError(Exception):
    """A page cannot be printed; the text says what is missing."""


def to_pdf(html: str) -> bytes:
    """Return a page as PDF; nothing is fetched. PdfError when WeasyPrint cannot be loaded."""
    weasyprint = _weasyprint()
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=())
    page = weasyprint.HTML(string=html, url_fetcher=nothing)
    identifier = hashlib.sha256(html.encode()).digest()[:16]
    printed: bytes = page.write_pdf(pdf_variant=VARIANT, pdf_identifier=identifier)
    return printed


def to_pdfs(pages: Sequence[str]) -> Iterator[bytes]:
    """Yield pages as PDF, in order; many are printed on all processors at once. As `to_pdf`."""
    workers = min(len(os.sched_getaffinity(0)), len(pages) // FEW)
    if workers < 2:
        yield from map(to_pdf, pages)
        return
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawned) as pool:
        yield from pool.map(to_pdf, pages)


def printer() -> str:
    """Return which program and fonts print: others give other bytes. As `to_pdf`."""
    weasyprint = _weasyprint()
    pango = weasyprint.text.ffi.pango.pango_version()
    fonts = sorted(
        (file.name, file.stat().st_size) for folder in FONTS for file in folder.rglob("*.[ot]t[fc]")
    )
    digest = hashlib.sha256(repr(fonts).encode()).hexdigest()
    return f"WeasyPrint {weasyprint.__version__}, Pango {pango}, fonts {digest}"


def _weasyprint() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            import weasyprint  # type: ignore[import-untyped]
    except (ImportError, OSError) as error:
        raise PdfError(
            f"PDF cannot be made: {error}; expected WeasyPrint and Debian's libpango; "
            "do: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 "
            "fonts-dejavu-core, or leave out the format pdf"
        ) from None
    return weasyprint
