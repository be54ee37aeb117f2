import re
from pathlib import Path

from monitors.prometheus.runbook_pages import runbook_page, runbook_pages


def test_html_in_a_runbook_is_escaped() -> None:
    assert "<script>" not in runbook_page("x", "<script>alert(1)</script>\n\n`<b>`")


def test_a_link_to_another_runbook_leads_to_its_page() -> None:
    assert 'href="../procedures/log-in.html"' in runbook_page(
        "x", "[log in](../procedures/log-in.md)"
    )


def test_a_link_to_elsewhere_stays_as_it_is() -> None:
    assert 'href="https://a.example/b.md"' in runbook_page("x", "[b](https://a.example/b.md)")


def test_no_link_between_the_shipped_pages_is_broken(runbooks: Path) -> None:
    pages = dict(runbook_pages(runbooks))
    for name, text in pages.items():
        for target in re.findall(r'href="([^":#]+)"', text):
            folder = (Path("/") / name).parent
            assert str((folder / target).resolve().relative_to("/")) in pages, f"{name}: {target}"


def test_a_title_is_escaped() -> None:
    assert "<title>a&lt;b&gt;</title>" in runbook_page("a<b>", "text")


def test_tables_are_tables() -> None:
    assert "<td>one</td>" in runbook_page("x", "| a |\n| --- |\n| one |\n")
