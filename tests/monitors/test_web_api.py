"""Requests to Prometheus and Alertmanager: Debian's Alertmanager with TLS and a login."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bastide.actions.status import apis
from bastide.support.estate import EstateContext
from infra import certificates
from monitors.web_api import ApiError, WebApi, web_api
from tests.alertmanager_server import alertmanager
from tests.bastide.context import new_context
from tests.bastide.prometheus_server import Monitored, serving
from tests.bastide.web_server import web_file

NETWORK = f"127.{os.getpid() % 200 + 20}.{os.getpid() // 200 % 250}."
STATUS = "/api/v2/status"


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> EstateContext:
    return new_context(tmp_path_factory.mktemp("web"), NETWORK)


@pytest.fixture(scope="module")
def api(context: EstateContext, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebApi]:
    folder = tmp_path_factory.mktemp("alertmanager")
    _, api = apis(context)
    with alertmanager(folder, api=api, web=web_file(context, folder)):
        yield api


def test_who_logs_in_is_answered(api: WebApi) -> None:
    assert api.json(STATUS)["versionInfo"]["version"]


@pytest.mark.parametrize("path", ["/", "/metrics", STATUS, "/api/v2/silences", "/-/ready"])
@pytest.mark.parametrize("password", ["", "wrong"])
def test_nobody_else_is(api: WebApi, path: str, password: str) -> None:
    with pytest.raises(ApiError, match="401"):
        replace(api, password=password).read(path)


def test_plain_http_is_refused(api: WebApi) -> None:
    with pytest.raises(ApiError, match="400"):
        replace(api, base=api.base.replace("https", "http")).read(STATUS)


def test_a_server_that_the_estates_authority_has_not_signed_is_not_asked(
    api: WebApi, tmp_path: Path
) -> None:
    certificates.ensure("Other", {}, tmp_path)
    with pytest.raises(ApiError, match="certificate verify failed"):
        replace(api, authority=tmp_path / "authority.crt").read(STATUS)


def test_a_server_whose_certificate_is_of_another_address_is_not_asked(
    api: WebApi, context: EstateContext
) -> None:
    wrong = replace(api, base=api.base.replace(f"{NETWORK}10", f"{NETWORK}11"))
    with (
        serving(context, f"{NETWORK}11", Monitored()),
        pytest.raises(ApiError, match="IP address mismatch"),
    ):
        wrong.read(STATUS)


def test_without_a_login_in_the_state_it_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ApiError, match="web-login: No such file or directory; `bastide up` makes"):
        web_api("https://192.0.2.1:9093", tmp_path)


def test_the_password_is_not_shown(api: WebApi) -> None:
    assert api.password
    assert api.password not in repr(api)
