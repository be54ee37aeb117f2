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


def test_every_runbook_has_a_page_in_its_folder_but_what_editors_left(tmp_path: Path) -> None:
    (tmp_path / "alerts").mkdir()
    for name in ("alerts/HostDown.md", "b.md", "a.md", ".#a.md", "notes.txt"):
        (tmp_path / name).write_text(f"# {name}\n")
    pages = dict(runbook_pages(tmp_path))
    assert list(pages) == ["a.html", "alerts/HostDown.html", "b.html"]
    assert "<title>HostDown</title>" in pages["alerts/HostDown.html"]
    assert "<h1>alerts/HostDown.md</h1>" in pages["alerts/HostDown.html"]
