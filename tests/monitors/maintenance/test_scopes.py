"""What each scope covers, and how it reads again."""

import pytest

from inventory.load import load_estate
from inventory.paths import SHIPPED_ESTATES
from monitors.maintenance.scopes import EVERY_ALERT, matchers_of, municipality_of, scope_of, scopes
from monitors.maintenance.silences import Matcher

ESTATE = load_estate(SHIPPED_ESTATES / "lab")
ALERT = {"alertname": "HostDown", "municipality": "velgora", "host": "velgora-app"}


@pytest.mark.parametrize(
    ("matchers", "text"),
    [
        ((Matcher("alertname", "HostDown"),), 'alertname="HostDown"'),
        (
            (Matcher("host", "a"), Matcher("alertname", "HostDown")),
            'alertname="HostDown", host="a"',
        ),
        ((Matcher("host", "a", is_equal=False),), 'host!="a"'),
        ((Matcher("host", "a|b", is_regex=True),), 'host=~"a|b"'),
        ((EVERY_ALERT[0],), 'alertname=~".+"'),
    ],
)
def test_what_is_no_scope_reads_as_alertmanager_writes_it(
    matchers: tuple[Matcher, ...], text: str
) -> None:
    assert scope_of(matchers) == text


@pytest.mark.parametrize("scope", scopes(ESTATE))
def test_every_scope_reads_as_it_was_given(scope: str) -> None:
    silences = list(matchers_of(scopes(ESTATE)[scope], scope))
    assert silences
    assert {scope_of(matchers) for matchers in silences} == {scope}
    assert municipality_of(ESTATE)[scope] in {"central", "velgora", "kastrava", "aynzuhur"}


@pytest.mark.parametrize(
    ("scope", "covers"),
    [
        ("estate", True),
        ("velgora", True),
        ("velgora-app", True),
        ("kastrava", False),
        ("velgora-files", False),
        ("velgora-permits", False),
        ("velgora-switch", False),
    ],
)
def test_a_scope_covers_what_alerts_are_labelled_with(scope: str, covers: bool) -> None:
    for matchers in matchers_of(scopes(ESTATE)[scope], scope):
        assert all(matcher.matches(ALERT) for matcher in matchers) is covers


def test_a_name_of_two_things_is_both() -> None:
    velgora = next(m for m in ESTATE.municipalities if m.municipality == "velgora")
    service = velgora.services[0].model_copy(update={"id": "app"})
    town = velgora.model_copy(update={"services": (service,)})
    estate = ESTATE.model_copy(update={"municipalities": (town,)})
    assert scopes(estate)["velgora-app"] == ("host", "service")
    assert len(list(matchers_of(("host", "service"), "velgora-app"))) == 2
