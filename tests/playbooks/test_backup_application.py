"""The permit register on the running lab: what a citizen's browser meets."""

import http.client
import re
import socket
import ssl
from urllib.parse import urlencode

import pytest

from bastide.support.estate import EstateContext

pytestmark = pytest.mark.lab

HOST, FQDN = "velgora-app", "app.velgora.lab.test"


def ask(
    lab: EstateContext, page: str, form: dict[str, str] | None = None, **headers: str
) -> tuple[http.client.HTTPResponse, str]:
    """Ask the register over TLS, trusting nobody but the estate's own authority."""
    trust = ssl.create_default_context(cafile=str(lab.state / "tls" / "authority.crt"))
    plain = socket.create_connection((lab.outputs.hosts[HOST].address, 443), timeout=20)
    connection = http.client.HTTPConnection(FQDN)
    connection.sock = trust.wrap_socket(plain, server_hostname=FQDN)
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    body = urlencode(form) if form is not None else None
    connection.request("POST" if form is not None else "GET", page, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer, text


def test_a_form_from_another_site_is_refused(lab: EstateContext) -> None:
    form = {"applicant": "Rana Awad", "kind": "well", "address": "Mill Street 3"}
    answer, _ = ask(lab, "/new", form, Origin="https://elsewhere.test")
    assert answer.status == 403


def test_a_form_with_nothing_in_it_is_shown_again_with_what_is_wrong(lab: EstateContext) -> None:
    answer, text = ask(lab, "/new", {"applicant": " ", "kind": "castle", "address": ""})
    assert answer.status == 422
    assert text.count('class="problem"') == 3


@pytest.mark.parametrize("page", ["/permits/1999-0001", "/scans/..%2fregister.py", "/?q=%00"])
def test_odd_addresses_get_a_page_and_no_error(lab: EstateContext, page: str) -> None:
    answer, _ = ask(lab, page)
    assert answer.status in (200, 400, 404)


def test_what_an_applicant_writes_is_shown_as_text(lab: EstateContext) -> None:
    _, text = ask(lab, "/?" + urlencode({"q": "<script>alert(1)</script>"}))
    assert "<script>" not in text


def test_http_leads_to_https(lab: EstateContext) -> None:
    connection = http.client.HTTPConnection(lab.outputs.hosts[HOST].address, 80, timeout=20)
    connection.request("GET", "/permits/2024-0001", headers={"Host": FQDN})
    answer = connection.getresponse()
    assert answer.status == 308
    assert answer.headers["Location"] == f"https://{FQDN}/permits/2024-0001"


def test_browsers_must_stay_with_https(lab: EstateContext) -> None:
    answer, _ = ask(lab, "/")
    assert int(re.sub(r"\D", "", answer.headers["Strict-Transport-Security"])) >= 15_768_000


def test_health_is_what_the_database_says(lab: EstateContext) -> None:
    answer, text = ask(lab, "/healthz")
    assert answer.status == 200
    assert '"status":"ok"' in text


def test_a_new_application_can_be_searched_for(lab: EstateContext) -> None:
    form = {"applicant": "Rana Awad", "kind": "well", "address": "Lighthouse Steps 3"}
    answer, _ = ask(lab, "/new", form)
    assert answer.status == 303
    _, text = ask(lab, "/?q=Lighthouse")
    assert answer.headers["Location"] in text


def test_the_page_needs_nothing_from_elsewhere(lab: EstateContext) -> None:
    _, text = ask(lab, "/")
    assert not re.search(r'(src|href)="(https?:)?//', text)
