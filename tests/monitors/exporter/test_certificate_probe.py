"""A service's certificate, from real servers of TLS: its term, and why browsers refuse it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from infra import certificates
from monitors.exporter.certificate_probe import (
    Certificate,
    CertificateTarget,
    certificate_targets,
    see,
)
from tests.loopback import free_port
from tests.monitors.audit.estates import lab
from tests.monitors.exporter.exporter_client import exporting, run
from tests.monitors.outside.servers import tls_server

NAME = "permits.test"
LOOPBACK = "127.0.0.1"
SECONDS = 20.0


@contextmanager
def served(folder: Path, name: str = NAME, address: str = LOOPBACK) -> Iterator[int]:
    """Serve a certificate of an authority in that folder, for a name and an address."""
    certificates.ensure("Test", {name: address}, folder)
    with tls_server(
        folder / f"{name}.crt", "-key", str(folder / f"{name}.key"), address=LOOPBACK
    ) as port:
        yield port


def seen(
    host: str, port: int, authority: Path, *, must_be_trusted: bool = True
) -> Certificate | None:
    target = CertificateTarget(host, port, must_be_trusted)
    return asyncio.run(see(target, authority, SECONDS)).seen


def test_where_nobody_listens_nothing_is_known(tmp_path: Path) -> None:
    assert seen(LOOPBACK, free_port(LOOPBACK), tmp_path / "authority.crt") is None


def test_what_does_not_speak_tls_shows_no_certificate(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with exporting(tmp_path / "state") as client:
            target = CertificateTarget(str(client.host), int(client.port or 0), True)
            assert (await see(target, tmp_path / "authority.crt", SECONDS)).seen is None

    run(scenario)


@pytest.mark.parametrize(
    ("host", "name", "address", "finding"),
    [
        ("localhost", NAME, LOOPBACK, "is for another name"),
        (LOOPBACK, NAME, "192.0.2.1", "is for another address"),
    ],
)
def test_a_certificate_of_another_is_refused_and_its_term_known(
    tmp_path: Path, host: str, name: str, address: str, finding: str
) -> None:
    with served(tmp_path, name, address) as port:
        shown = seen(host, port, tmp_path / "authority.crt")
    assert shown is not None
    assert shown.refusal == finding
    assert shown.ends - shown.begins == certificates.SERVER_VALID + certificates.CLOCK_SKEW


def test_one_that_has_ended_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "SERVER_VALID", -timedelta(minutes=5))
    with served(tmp_path) as port:
        shown = seen(LOOPBACK, port, tmp_path / "authority.crt")
    assert shown is not None
    assert shown.refusal == "has ended"


def test_an_authority_that_nobody_knows_is_refused_unless_any_certificate_will_do(
    tmp_path: Path,
) -> None:
    with served(tmp_path) as port:
        strict = seen(LOOPBACK, port, tmp_path / "none.crt")
        lax = seen(LOOPBACK, port, tmp_path / "none.crt", must_be_trusted=False)
    assert strict is not None
    assert lax is not None
    assert strict.refusal == "is of no authority that browsers know"
    assert lax.refusal == ""


def test_a_good_one_has_a_term_and_no_refusal(tmp_path: Path) -> None:
    with served(tmp_path) as port:
        shown = seen(LOOPBACK, port, tmp_path / "authority.crt")
    assert shown is not None
    assert shown.refusal == ""
    assert shown.ends > shown.begins


def test_services_without_https_have_no_target() -> None:
    estate = lab()
    town = estate.municipalities[0]
    plain = town.services[0].model_copy(update={"url": "http://server.test:8080/"})
    strange = town.services[0].model_copy(update={"id": "far", "url": "https://far.test:8443/x"})
    town = town.model_copy(update={"services": (plain, strange)})
    targets = certificate_targets(estate.model_copy(update={"municipalities": (town,)}))
    assert next(iter(targets.values())) == CertificateTarget("far.test", 8443, True)


def test_the_exporter_refuses_what_is_no_service_and_says_of_others_whether_it_was_shown(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with exporting(tmp_path / "state") as client:
            refused = await client.get("/certificate?target=127.0.0.1:443")
            assert refused.status == 400
            assert "there are: harbour-" in await refused.text()
            name = (await refused.text()).split("there are: ")[1].split(",")[0].strip()
            answer = await client.get(f"/certificate?target={name}")
            assert "bastide_certificate_success 0.0" in await answer.text()

    run(scenario)
