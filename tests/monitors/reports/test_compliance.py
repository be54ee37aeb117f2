"""The compliance report: hostile words stay words, and equal inputs give equal files."""

import json
import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from inventory.model import Estate, Waiver
from monitors.reports import compliance
from monitors.reports.compliance import TEMPLATES
from monitors.reports.messages import FOLDER, UnknownMessageError, load_messages
from monitors.security.judge import all_errors
from monitors.security.results import AuditRun, Outcome
from tests.monitors.security.estates import TABLE, audit_run, declared, lab, with_waivers

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> {{ 7*7 }} {owner} \u202e"
BEFORE, AFTER = audit_run("fresh", label="before"), audit_run("hardened", label="after")
VOID = {"meta", "br", "rect", "circle", "img", "link"}


class Page(HTMLParser):
    """Reads a page strictly: every tag closed in order; collects tags, attributes and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile(run: AuditRun) -> AuditRun:
    """Return a run in which whatever a host or a person can write is an attack."""
    host = run.hosts[0]
    results = tuple(
        r.model_copy(
            update={
                "reason": HOSTILE,
                "evidence": tuple(
                    e.model_copy(update={"command": HOSTILE, "excerpt": HOSTILE})
                    for e in r.evidence
                ),
            }
        )
        for r in host.results
    )
    second = run.hosts[1].model_copy(
        update={
            "problem": HOSTILE,
            "bundle": None,
            "results": all_errors(TABLE, declared(run.hosts[1].host), HOSTILE),
        }
    )
    attacked = host.model_copy(update={"results": results, "bundle": HOSTILE})
    return run.model_copy(update={"label": HOSTILE, "hosts": (attacked, second, *run.hosts[2:])})


def hostile_estate() -> Estate:
    waiver = Waiver(
        control="SSH-02",
        scope="velgora",
        reason=HOSTILE,
        owner=HOSTILE,
        approver=HOSTILE,
        measure=HOSTILE,
        granted=BEFORE.started.date(),
        expires=BEFORE.started.date() + timedelta(days=9),
    )
    return with_waivers(waiver).model_copy(update={"title": HOSTILE})


def written(folder: Path, estate: Estate, before: AuditRun | None, after: AuditRun) -> str:
    return compliance.write(estate, folder, before, after).html.read_text(encoding="utf-8")


def test_hostile_words_stay_words(tmp_path: Path) -> None:
    page = Page(written(tmp_path, hostile_estate(), BEFORE, hostile(BEFORE)))

    assert not {"script", "img", "iframe", "object", "link"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert HOSTILE in page.text
    assert "49" not in page.text.split("onerror")[1][:20]


def test_the_page_needs_nothing_from_anywhere_else(tmp_path: Path) -> None:
    html = written(tmp_path, lab(), BEFORE, AFTER)
    page = Page(html)

    links = [value or "" for name, value in page.attributes if name in ("href", "src")]

    assert all(link.startswith("#") for link in links)
    assert "url(" not in html
    assert "@import" not in html


def test_every_link_leads_to_a_place_on_the_page(tmp_path: Path) -> None:
    page = Page(written(tmp_path, lab(), BEFORE, AFTER))
    ids = [value for name, value in page.attributes if name == "id"]

    assert len(ids) == len(set(ids))
    assert {v[1:] for n, v in page.attributes if n == "href" and v} <= set(ids)


def test_a_host_that_could_not_be_asked_is_not_called_failing(tmp_path: Path) -> None:
    lost = BEFORE.hosts[0].model_copy(
        update={
            "problem": "unreachable: no route",
            "collected": None,
            "bundle": None,
            "bundle_sha256": None,
            "clock_offset_seconds": None,
            "results": all_errors(TABLE, declared(BEFORE.hosts[0].host), "unreachable"),
        }
    )
    alone = BEFORE.model_copy(update={"hosts": (lost,)})
    page = Page(written(tmp_path, lab(), None, alone))

    assert "could not be asked" in page.text
    assert "Nothing could be determined in this audit" in page.text
    assert "Met0Not met0" not in page.text


def test_the_first_audit_needs_no_earlier_one(tmp_path: Path) -> None:
    page = Page(written(tmp_path, lab(), None, AFTER))
    assert "compared with" not in page.text
    assert "since the earlier audit" not in page.text


def test_equal_inputs_give_equal_files(tmp_path: Path) -> None:
    first = compliance.write(lab(), tmp_path / "1", BEFORE, AFTER)
    second = compliance.write(lab(), tmp_path / "2", BEFORE, AFTER)

    assert first.html.name == second.html.name
    assert first.html.read_bytes() == second.html.read_bytes()
    assert first.json.read_bytes() == second.json.read_bytes()


def test_json_carries_what_the_page_shows(tmp_path: Path) -> None:
    files = compliance.write(lab(), tmp_path, BEFORE, AFTER)
    report = json.loads(files.json.read_text())
    page = Page(files.html.read_text())

    assert report["after"]["failed"] == AFTER.counts()[Outcome.FAIL]
    for place in report["places"]:
        for host in place["hosts"]:
            assert [source["run"] for source in host["sources"]] == ["before", "after"]
            assert all(source["sha256"] in page.text for source in host["sources"])
            for finding in (*host["findings"], *host["mended"]):
                assert finding["reason"] in page.text
                for evidence in finding["evidence"]:
                    assert evidence["command"] in page.text


def test_every_text_of_the_catalogue_is_used_and_none_is_missing(tmp_path: Path) -> None:
    source = "".join(file.read_text() for file in TEMPLATES.glob("*.j2"))
    named = set(re.findall(r"t\('([a-z_0-9]+)'", source))
    named |= set(re.findall(r"'(waiver_expired|waived_until)'", source))
    families = tuple(re.findall(r"t\('([a-z_]+_)' ~", source))
    texts = load_messages().texts

    assert {key for key in named if not key.endswith("_")} <= set(texts)
    assert [k for k in texts if k not in named and not k.startswith(families)] == []
    with pytest.raises(UnknownMessageError, match="en: no_such_text"):
        load_messages()("no_such_text")


def test_catalogues_are_flat_texts() -> None:
    for file in FOLDER.glob("*.yml"):
        texts = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert all(isinstance(text, str) and text for text in texts.values())
