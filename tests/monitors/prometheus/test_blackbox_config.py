"""blackbox.yml: probes as a citizen's browser makes them, and a module for each name."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from inventory.entries import services
from inventory.enums import Protocol
from inventory.model.estate import Estate
from inventory.model.expectation import Expectation
from inventory.model.hosts import Listen
from monitors.probes import http_module
from monitors.prometheus.blackbox_config import blackbox
from tests.monitors.prometheus.probed import blackbox_exporter, probe, site


def test_a_service_is_probed_as_a_browser_that_trusts_the_systems_authorities(lab: Estate) -> None:
    http = blackbox(lab)["modules"]["http_2xx"]["http"]
    # No ca_file: it would be the only authority, and the estate's own comes from SSL_CERT_DIR.
    assert http["tls_config"] == {"insecure_skip_verify": False}
    assert http["follow_redirects"]


def test_any_certificate_is_taken_by_another_module_only(lab: Estate) -> None:
    modules = blackbox(lab)["modules"]
    lax = {name for name, module in modules.items() if "true" in yaml.safe_dump(module).split()}
    assert modules["http_any_certificate"]["http"]["tls_config"] == {"insecure_skip_verify": True}
    assert lax == {"http_2xx", "http_any_certificate"}  # follow_redirects in both


def test_hosts_are_pinged_and_ports_opened_over_ipv4_first(lab: Estate) -> None:
    modules = blackbox(lab)["modules"]
    for name in ("icmp", "tcp"):
        assert modules[name] == {"prober": name, name: {"preferred_ip_protocol": "ip4"}}


def expecting(lab: Estate, **expects: Any) -> Estate:
    """Return the lab with one town, whose service has these expectations."""
    town = lab.municipalities[0]
    service = town.services[0].model_copy(update={"expects": Expectation(**expects)})
    return lab.model_copy(
        update={"municipalities": (town.model_copy(update={"services": (service,)}),)}
    )


@pytest.mark.parametrize(
    ("expects", "well", "wrong"),
    [
        ({"status": 401}, "/private", "/"),
        ({"status": (200, 401)}, "/private", "/missing"),
        ({"text": "Permits (new)"}, "/", "/empty"),
        ({"redirect": "https://login.example/?a=1"}, "/login", "/login-elsewhere"),
        ({"redirect": "https://login.example/?a=1", "status": 301}, "/moved", "/login"),
        ({"status": 302}, "/login", "/"),
    ],
)
def test_another_answer_than_is_expected_fails_the_probe(
    lab: Estate, tmp_path: Path, expects: dict[str, Any], well: str, wrong: str
) -> None:
    estate = expecting(lab, **expects)
    (module,) = (http_module(entry) for entry in services(estate))
    with site() as address, blackbox_exporter(blackbox(estate), tmp_path) as exporter:
        assert probe(exporter, module, f"{address}{well}")["probe_success"] == 1
        failed = probe(exporter, module, f"{address}{wrong}")
    assert failed["probe_success"] == 0
    assert failed["probe_http_status_code"] > 0


def test_a_service_that_expects_a_text_is_held_to_its_certificate_as_any(lab: Estate) -> None:
    estate = expecting(lab, text="Permits")
    (module,) = (http_module(entry) for entry in services(estate))
    assert blackbox(estate)["modules"][module]["http"]["tls_config"] == {
        "insecure_skip_verify": False
    }


def test_how_fast_alone_needs_no_module_of_its_own(lab: Estate) -> None:
    estate = expecting(lab, within_seconds=1)
    assert [http_module(entry) for entry in services(estate)] == ["http_2xx"]


def test_blackbox_exporter_accepts_the_modules_of_declared_name_servers(
    lab: Estate, tmp_path: Path
) -> None:
    town = lab.municipalities[0]
    server = Listen(port=53, protocol=Protocol.UDP, access="central", name="dns")  # type: ignore[arg-type]
    own = tuple(h.model_copy(update={"listens": (server,)}) for h in town.hosts)
    estate = lab.model_copy(update={"municipalities": (town.model_copy(update={"hosts": own}),)})
    config = blackbox(estate)
    # An answer without an address is none, whatever the server calls it.
    assert config["modules"]["dns_server.aynzuhur.lab.test"] == {
        "prober": "dns",
        "dns": {
            "preferred_ip_protocol": "ip4",
            "transport_protocol": "udp",
            "query_name": "server.aynzuhur.lab.test",
            "query_type": "A",
            "valid_rcodes": ["NOERROR"],
            "validate_answer_rrs": {"fail_if_none_matches_regexp": [r".*\tIN\tA\t.*"]},
        },
    }
    file = tmp_path / "blackbox.yml"
    file.write_text(yaml.safe_dump(config))
    program = shutil.which("prometheus-blackbox-exporter")
    assert program, "it is in Debian's package prometheus-blackbox-exporter"
    done = subprocess.run(
        [program, f"--config.file={file}", "--config.check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
