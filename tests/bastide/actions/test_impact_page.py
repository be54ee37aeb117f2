"""The page of an impact: the same in text and HTML, and nothing of a host's is markup."""

from bastide.actions import impact_page
from inventory.enums import Level
from monitors.inspection.impact import Cut, Impact

CUT = Cut(what="eve <script>: a key", why="why & so", keep="do it")
PAGE = Impact(host="gradac-web", level=Level.BASELINE, logins=(CUT,), unknown=("<b>",))


def test_both_forms_say_the_same() -> None:
    text, html = impact_page.text(PAGE), impact_page.html(PAGE)
    for heading in ("Logins that would be cut off", "Ports that would be closed", "Not known"):
        assert heading in text
        assert f"<h2>{heading}</h2>" in html
    assert "eve <script>: a key" in text
    assert "Nothing was changed." in text
    assert impact_page.title(PAGE) in text


def test_what_a_host_calls_things_is_no_markup() -> None:
    html = impact_page.html(PAGE)
    assert "<script>" not in html
    assert "<b>" not in html
    assert "eve &lt;script&gt;: a key" in html


def test_an_impact_that_cuts_nobody_off_says_so() -> None:
    page = impact_page.text(Impact(host="a", level=Level.BASELINE))
    assert "cuts nobody off that was read" in page
    assert "none of those that listen" in page
