"""Paper: tagged PDF that names its run on every page, and equal bytes for equal pages."""

import io
import subprocess
import sys
from typing import Any

import pytest
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from monitors.audit.reports.build import build
from monitors.audit.reports.html import render
from monitors.audit.reports.messages import load_messages
from monitors.audit.reports.pdf import to_pdf, to_pdfs
from tests.monitors.audit.reports.sample_reports import AFTER, ESTATE, TABLE, hostile_report, report

ENGLISH = load_messages()
SCRIPTS = "Љубовија Тамариск Θήβα თბილისი عين زهور חיפה Šibenik Ñuñoa Gümüşhane Ərəş"


def paper(name: str) -> str:
    return next(p.html for p in render(report(), ENGLISH, linked=False) if p.name == name)


@pytest.fixture(scope="module")
def fleet() -> PdfReader:
    return PdfReader(io.BytesIO(to_pdf(paper("fleet"))))


def test_without_the_library_it_is_said_what_to_install() -> None:
    program = (
        "import sys; sys.modules['weasyprint'] = None\n"
        "from monitors.audit.reports.pdf import to_pdf, to_pdfs, PdfError\n"
        "try: to_pdf('<p>')\n"
        "except PdfError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout
    assert "apt-get install libpango-1.0-0" in said


def test_the_library_is_loaded_only_to_print() -> None:
    program = "import sys, monitors.audit.reports.compliance; print('weasyprint' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout
    assert said.strip() == "False"


@pytest.mark.parametrize("source", ["http://127.0.0.1:9/x.png", "file:///etc/passwd"])
def test_a_page_fetches_nothing(source: str) -> None:
    made = to_pdf(f'<html lang="en"><title>x</title><img src="{source}" alt="kept out">')
    assert "kept out" in PdfReader(io.BytesIO(made)).pages[0].extract_text()


def test_hostile_words_are_printed() -> None:
    html = next(p.html for p in render(hostile_report(), ENGLISH, linked=False))
    text = PdfReader(io.BytesIO(to_pdf(html))).pages[0].extract_text()
    assert "<script>" in text


def test_it_is_tagged_titled_and_has_its_language(fleet: PdfReader) -> None:
    root = root_of(fleet)
    assert root["/MarkInfo"]["/Marked"].value is True
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert "pdfuaid:part" in root["/Metadata"].get_object().get_data().decode()
    assert fleet.metadata is not None
    assert fleet.metadata.title == "Security compliance: Bastide lab"


def test_every_figure_has_words(fleet: PdfReader) -> None:
    figures = [e for e in elements(root_of(fleet)["/StructTreeRoot"]) if is_figure(e)]
    assert figures
    assert all(figure.get("/Alt") for figure in figures)


def root_of(reader: PdfReader) -> Any:
    return reader.trailer["/Root"]


def elements(of: DictionaryObject) -> list[DictionaryObject]:
    kids = of.get("/K", [])
    children = [k.get_object() for k in (kids if isinstance(kids, list) else [kids])]
    inner = [k for k in children if isinstance(k, DictionaryObject)]
    return [*inner, *(e for k in inner for e in elements(k))]


def is_figure(element: DictionaryObject) -> bool:
    return element.get("/S") == "/Figure"


def test_every_page_names_the_run_and_its_number(fleet: PdfReader) -> None:
    last = len(fleet.pages)
    for number, page in enumerate(fleet.pages, 1):
        text = page.extract_text()
        assert f"audit {report().stamp} · control set {TABLE.sha256[:16]}" in text
        assert f"{number} / {last}" in text


def test_equal_pages_have_equal_bytes() -> None:
    assert to_pdf(paper("velgora")) == to_pdf(paper("velgora"))


def test_many_pages_are_printed_at_once_and_stay_in_order() -> None:
    pages = [f'<html lang="en"><title>{n}</title><p>page {n}' for n in range(5)]
    made = list(to_pdfs(pages))
    assert made == [to_pdf(page) for page in pages]


def test_names_of_towns_are_printed_in_their_script() -> None:
    estate = ESTATE.model_copy(update={"title": SCRIPTS})
    html = next(p.html for p in render(build(estate, None, AFTER, TABLE), ENGLISH, linked=False))
    reader = PdfReader(io.BytesIO(to_pdf(html)))
    text = reader.pages[0].extract_text()

    assert all(word in text for word in SCRIPTS.split() if word < "\u0590" or word >= "\u10a0")


def test_the_page_in_short_is_one_page() -> None:
    for name in ("velgora-in-short", "central-in-short"):
        assert len(PdfReader(io.BytesIO(to_pdf(paper(name)))).pages) == 1
