"""The pages: hostile words stay words, nothing comes from elsewhere, everybody can read them."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from monitors.audit.model.controls import ControlTable
from monitors.audit.model.results import HostAudit
from monitors.audit.reports.build import build
from monitors.audit.reports.html import Figures, code, render
from monitors.audit.reports.messages import load_messages
from monitors.audit.reports.model import Seal
from monitors.text import report_text
from tests.monitors.audit.reports.page_parser import Page
from tests.monitors.audit.reports.sample_reports import (
    AFTER,
    ERROR,
    ESTATE,
    FAIL,
    HOSTILE,
    LAB,
    NOW,
    TABLE,
    accepted,
    audited,
    history,
    hostile_report,
    lost,
    report,
    run_of,
)

ENGLISH = load_messages()
PAGES = {page.name: page.html for page in render(report(), ENGLISH)}
HOSTILE_PAGES = {page.name: page.html for page in render(hostile_report(), ENGLISH)}
EVERY = pytest.mark.parametrize("html", [*PAGES.values(), *HOSTILE_PAGES.values()])
LEVELS = ("h1", "h2", "h3", "h4", "h5", "h6")


def shown(html: str) -> str:
    return " ".join(Page(html).text.split())


@pytest.mark.parametrize("html", HOSTILE_PAGES.values(), ids=HOSTILE_PAGES)
def test_hostile_words_stay_words(html: str) -> None:
    page = Page(html)
    assert not {"script", "img", "iframe", "object", "link"} & {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert not set("\u202e\x1b\x00\ufffe\u2028") & set(html)


def test_hostile_words_are_shown_as_they_came() -> None:
    text = shown(HOSTILE_PAGES["velgora"])
    words = report_text(HOSTILE).replace("`", "")
    assert words in text
    assert "{{ 7*7 }}" in text


def test_a_host_that_did_not_answer_is_not_called_failing() -> None:
    alone = AFTER.model_copy(update={"hosts": (lost("velgora-app", "no route to host"),)})
    pages = {p.name: shown(p.html) for p in render(build(LAB, None, alone, TABLE), ENGLISH)}

    assert "could not be asked, so nothing is claimed" in pages["velgora"]
    assert "Could not be asked: velgora-app" in pages["velgora"]
    assert "Nothing could be determined in this audit" in pages["fleet"]
    assert "finding is open" not in pages["velgora"]


def test_a_host_that_did_not_answer_in_its_maintenance_window_says_so() -> None:
    text = shown(PAGES["aynzuhur"])
    assert "stood in a maintenance window until 2026-03-31 06:30 UTC: New disks" in text
    assert "Announced maintenance of the last 30 days" in text
    assert "Announced maintenance" not in shown(PAGES["kastrava"])


def test_the_first_audit_needs_no_earlier_one() -> None:
    for page in render(build(LAB, None, AFTER, TABLE), ENGLISH):
        assert "earlier audit" not in shown(page.html).replace(
            "Thin grey line: the earlier audit", ""
        )


@EVERY
def test_a_page_needs_nothing_from_elsewhere(html: str) -> None:
    links = [*Page(html).values("href"), *Page(html).values("src")]
    assert all(re.fullmatch(r"#[\w-]+|[\w.]+Z-[\w-]+\.html", link) for link in links)
    assert "url(" not in html
    assert "@import" not in html
    assert "default-src 'none'" in html


def test_every_link_leads_somewhere() -> None:
    files = {f"{report().stamp}-{name}.html" for name in PAGES}
    for html in PAGES.values():
        page = Page(html)
        ids = page.values("id")
        assert len(ids) == len(set(ids))
        for link in page.values("href"):
            assert link[1:] in ids if link.startswith("#") else link in files


def test_pages_alone_and_on_paper_lead_nowhere_else() -> None:
    for page in render(report(), ENGLISH, linked=False):
        assert all(link.startswith("#") for link in Page(page.html).values("href"))


@EVERY
def test_a_page_can_be_read_aloud(html: str) -> None:
    page = Page(html)
    headings = [LEVELS.index(tag) for tag, _ in page.tags if tag in LEVELS]
    figures = re.findall(r'<svg [^>]*role="img"[^>]*>\s*<title>[^<]+</title>', html)

    assert page.all("html") == [{"lang": "en", "dir": "ltr"}]
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("title")) - len(figures)
    assert headings[0] == 0
    assert all(b - a <= 1 for a, b in pairwise(headings))
    assert all(cell.get("scope") in ("col", "row") for cell in page.all("th"))
    assert len(figures) == len(page.all("svg"))


@EVERY
def test_wide_tables_can_be_scrolled_with_the_keyboard(html: str) -> None:
    page = Page(html)
    scrolled = [a for a in page.all("div") if a.get("class") == "scroll"]
    assert len(scrolled) == len(page.all("table"))
    assert all(a["tabindex"] == "0" and a["role"] == "region" for a in scrolled)
    assert all(a["aria-label"] for a in scrolled)


def test_the_fleet_page_tells_scores_side_by_side() -> None:
    text = shown(PAGES["fleet"])
    assert re.search(r"Velgora city score 68%, was 45% 45% 68% 78% 100%", text)
    assert "NET-01 What listens is declared" in text
    assert "SSH-01 Root logs in with a key only critical 2026-03-01 30 days velgora-edge" in text
    assert "critical 2 2 days 4 days 1" in text
    assert "20 days left" in text


def test_the_mayor_reads_first_what_matters() -> None:
    text = shown(PAGES["velgora"])
    short = text[text.index("In short") : text.index("How the score developed")]

    assert "68% of the security requirements that apply are proved to be met" in short
    assert "The score rose by 23 points, from 45% to 68%." in short
    assert "2 findings are open: 1 critical, 1 medium." in short
    assert "1 of them is set by the central team" in short
    assert "1 needs a decision by the people responsible." in short
    assert "1 deviation is accepted; it ends on 2026-04-20 (20 days left)." in short
    assert "SSH-01" not in short


def test_a_finding_tells_why_since_when_what_was_seen_and_what_mends_it() -> None:
    text = shown(PAGES["velgora"])
    assert "A guessed password would hand over the host." in text
    assert "Found: SSH-01 is wrong" in text
    assert "Not met since 2026-03-01 (30 days). Last seen met on 2026-02-28." in text
    assert "bastide playbook run site --limit velgora-edge; role ssh, tag ssh-01, sets it" in text
    assert "no playbook sets this" in text
    assert "sshd -T · exit 0" in text
    assert "port 22" in text
    assert "Accepted until 2026-04-20. Owner Ana Petrovic, approved by Samar Haddad" in text


def test_what_does_not_apply_is_reported_with_its_reason() -> None:
    assert "the kernel is not its own: KRN-01" in shown(PAGES["central"])


def test_no_outcome_looks_like_the_link_that_jumps_over_the_top() -> None:
    jumps = [a for a in Page(PAGES["velgora"]).all("a", "span") if a.get("class") == "jump"]
    assert [a["href"] for a in jumps] == ["#content"]


def test_unconfirmed_matches_stay_marked() -> None:
    text = shown(PAGES["frameworks"])
    assert "5.1.20 SSH-01 Root logs in with a key only unconfirmed match SSH-02" in text
    assert "“Unconfirmed match”: this project matched" in text
    assert "~" not in text
    assert "5.1.20 (unconfirmed match), 5.1.9" in shown(PAGES["velgora"])


def test_all_well_is_said_in_a_sentence() -> None:
    pages = {p.name: p.html for p in render(build(LAB, None, run_of(), TABLE), ENGLISH)}
    assert "Every requirement that applies is met." in shown(pages["velgora"])
    assert "Nothing, until the next audit." in shown(pages["velgora"])


def test_a_trend_is_drawn_with_its_gap_and_its_new_requirements() -> None:
    html = PAGES["fleet"]
    trend = html[html.index('class="trend"') : html.index("</svg>", html.index('class="trend"'))]
    assert "Score from 50% on 2026-03-01 to 79% on 2026-03-30, over 30 audits" in trend
    assert trend.count('<polyline class="proved"') == 2
    assert trend.count('<polyline class="accepted"') == 1
    assert trend.count('stroke-dasharray="3 3"') == 1


def test_a_language_from_right_to_left_turns_the_page_around() -> None:
    catalogue = ENGLISH.catalogue.model_copy(update={"language": "ar", "direction": "rtl"})
    for page in render(report(), replace(ENGLISH, catalogue=catalogue)):
        assert Page(page.html).all("html") == [{"lang": "ar", "dir": "rtl"}]
        assert all(tag.get("dir") == "ltr" for tag in Page(page.html).all("code", "pre"))


def test_many_names_are_cut_with_their_number() -> None:
    everywhere = run_of(*(audited(host.host, {"NET-01": FAIL}) for host in AFTER.hosts))
    html = next(p.html for p in render(build(LAB, None, everywhere, TABLE), ENGLISH))
    assert "10 servers" in shown(html)


def test_unknown_lowers_coverage_on_the_page() -> None:
    some = run_of(audited("velgora-app", {"SSH-01": ERROR}))
    pages = {p.name: shown(p.html) for p in render(build(LAB, None, some, TABLE), ENGLISH)}
    assert "1 result could not be determined" in pages["velgora"]
    assert "What to do: find out why" in pages["velgora"]


def test_backticks_become_code_and_nothing_else_becomes_markup() -> None:
    assert code("run `a <b>` <i>") == 'run <code dir="ltr">a &lt;b&gt;</code> &lt;i&gt;'


def test_times_are_of_the_run() -> None:
    assert "Audited on 2026-03-31 at 04:30 UTC, compared with the audit of 2026-03-01" in shown(
        PAGES["fleet"]
    )


def test_history_of_one_audit_is_no_trend() -> None:
    one = history().model_copy(update={"trend": history().trend[:1]})
    pages = {p.name: p.html for p in render(build(ESTATE, None, AFTER, TABLE, one), ENGLISH)}
    assert "The trend appears once audits of two days" in shown(pages["fleet"])


def page_of(name: str, *hosts: HostAudit, table: ControlTable = TABLE) -> str:
    run = AFTER.model_copy(update={"hosts": hosts})
    pages = {page.name: page.html for page in render(build(LAB, None, run, table), ENGLISH)}
    return pages[name]


def waived_host() -> HostAudit:
    return audited("velgora-app", {"SSH-02": FAIL}, accepted(NOW.date() + timedelta(days=20)))


def test_what_is_accepted_asks_for_nothing_and_is_not_red() -> None:
    html = page_of("velgora", waived_host())
    text = shown(html)
    assert "What to do" in text  # the heading of the summary, and nothing below it
    assert "What to do:" not in text
    assert "Nothing now: the deviation that is accepted" in text
    assert "Nothing, until the next audit" not in text
    reds = [a for a in Page(html).all("span", "td", "p", "dd", "li") if set(RED) & classes(a)]
    assert reds == []


RED = ("fail", "critical", "high")


def classes(attributes: Mapping[str, str | None]) -> set[str]:
    return set((attributes.get("class") or "").split())


def test_what_is_open_is_red() -> None:
    html = page_of("velgora", audited("velgora-app", {"SSH-02": FAIL}))
    reds = [a for a in Page(html).all("span", "td") if set(RED) & classes(a)]
    assert reds


def test_the_same_finding_on_several_servers_is_told_once() -> None:
    hosts = [audited(name, {"SSH-01": FAIL}) for name in ("velgora-app", "velgora-edge")]
    text = shown(page_of("velgora", *hosts))
    findings = text[text.index("What is not met") :]
    assert findings.count("Found: SSH-01 is wrong") == 1
    assert "velgora-app, velgora-edge" in findings
    assert "bastide playbook run site --limit velgora-app,velgora-edge;" in findings


def test_what_was_mended_is_folded_away() -> None:
    html = PAGES["velgora"]
    section = html[html.index("Fixed since the earlier audit") :]
    assert section.index("<details") < section.index("Found before")
    assert "<details open" not in html


def test_how_many_results_do_not_apply_is_said_beside_the_coverage() -> None:
    for name in ("fleet", "central", "central-in-short"):
        text = shown(PAGES[name])
        skipped = report().after if name == "fleet" else report().municipalities[0].after
        assert skipped.skipped
        share = skipped.skipped * 100 // skipped.results
        assert f"{share}%" in text
        assert "apply" in text


def test_audits_of_one_day_are_no_history_and_no_date_stands_twice() -> None:
    first = history().trend[0]
    minutes = [first.model_copy(update={"at": first.at + timedelta(minutes=m)}) for m in (0, 4, 8)]
    past = history().model_copy(update={"trend": tuple(minutes)})
    pages = {p.name: p.html for p in render(build(ESTATE, None, AFTER, TABLE, past), ENGLISH)}
    assert 'class="trend"' not in pages["fleet"]
    assert "So far there are 3, all of 2026-03-01." in shown(pages["fleet"])
    for html in PAGES.values():
        axis = re.search(r'<p class="xs"><span>(.*?)</span> <span>(.*?)</span></p>', html)
        assert axis is None or axis[1] != axis[2]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "less than a minute"),
        (59, "less than a minute"),
        (60, "1 minute"),
        (7199, "119 minutes"),
        (7200, "2 hours"),
        (2 * 86400 - 1, "47 hours"),
        (2 * 86400, "2 days"),
    ],
)
def test_a_duration_is_never_nothing(seconds: float, said: str) -> None:
    assert Figures(ENGLISH).lasts(seconds) == said


def test_every_page_says_whose_it_is_and_of_which_program() -> None:
    seal = Seal(number=7, sha256="ab" * 32, fingerprint="12345678 9abcdef0")
    sealed = build(LAB, None, AFTER, TABLE, seal=seal, version="9.8.7")
    for page in render(sealed, ENGLISH):
        text = shown(page.html)
        assert "Run 7 of the chain that is signed by the key 12345678 9abcdef0." in text
        assert "Bastide 9.8.7" in text
        assert AFTER.controls_sha256 in text
        assert "run 7 of key 12345678 9abcdef0" in page.html  # at the foot of every sheet
    assert "This run was not sealed" in shown(PAGES["fleet"])


def test_every_cell_says_its_column_for_screens_where_rows_are_blocks() -> None:
    for html in PAGES.values():
        page = Page(html)
        cells = page.all("td")
        assert all(cell.get("data-label") for cell in cells)


def test_the_mayor_has_a_page_of_their_own() -> None:
    text = shown(PAGES["velgora-in-short"])
    assert "2 findings are open: 1 critical, 1 medium." in text
    assert "sha256sum" not in text
    assert "What is not met" not in text
