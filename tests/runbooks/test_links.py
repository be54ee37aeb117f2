"""Each address of Prometheus and Alertmanager in a runbook answers on Debian's own programs."""

import re
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from inventory.model.channels import Channel, Webhook
from inventory.model.notify import Notify
from tests.end_to_end.shortened_prometheus import Running, running
from tests.runbooks.test_runbooks import PAGES

ADDRESS = re.compile(r"(?:https?://)?[\w.]+:(9090|9093)((?:/[^\s`)\"']*)?)")
# What Debian's Alertmanager shows where others have their pages.
NO_PAGES = b"does not include a web"
KNOWN = [
    (page.stem, port, path)
    for page in PAGES
    for port, path in ADDRESS.findall(page.read_text(encoding="utf-8"))
]


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    dead = Channel(id="dead", webhook=Webhook(url="http://127.0.0.1:9/"))
    folder = tmp_path_factory.mktemp("links")
    with running(folder, "127.0.0.1:9", Notify(channels=(dead,)), 20) as there:
        yield there


def answers(there: Running, port: str, path: str) -> bool:
    """Whether there is a page, and not the note that there are none."""
    address = {"9090": there.prometheus, "9093": there.alertmanager}[port]
    try:
        with urlopen(f"http://{address}{path or '/'}", timeout=10) as answer:
            return NO_PAGES not in answer.read()
    except HTTPError:
        return False


def test_prometheus_is_linked_to() -> None:
    assert "9090" in {port for _, port, _ in KNOWN}


@pytest.mark.parametrize(("page", "port", "path"), KNOWN)
def test_a_link_answers(there: Running, page: str, port: str, path: str) -> None:
    assert answers(there, port, path), f"{page}: {path} is not there on Debian's program"


@pytest.mark.parametrize(
    ("port", "path"),
    [("9090", "/targets"), ("9090", "/alerts"), ("9093", ""), ("9093", "/#/silences/new")],
)
def test_links_that_lead_nowhere_on_debian_are_told(there: Running, port: str, path: str) -> None:
    assert not answers(there, port, path)
