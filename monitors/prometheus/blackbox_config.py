"""blackbox.yml: how services and hosts are probed from the operations host."""

import re
from typing import Any

from inventory.entries import services
from inventory.enums import CertificateTrust
from inventory.model.estate import Estate
from inventory.model.expectation import REDIRECTS, Expectation
from inventory.model.tenants import Service
from monitors.probes import (
    ANY_CERTIFICATE_MODULE,
    HTTP_MODULE,
    http_module,
    name_probes,
    resolver_probes,
)

IP4 = {"preferred_ip_protocol": "ip4"}


def blackbox(estate: Estate) -> dict[str, Any]:
    """Return blackbox.yml as data.

    ``http_2xx`` verifies TLS as a citizen's browser does, which knows the system's authorities and
    the estate's own (the unit's SSL_CERT_DIR): a service that it would refuse is not available.
    A module for each name that a name server is asked for, and for each service with ``expects:``:
    neither is a parameter of a probe.
    Prometheus' own scrape timeout bounds every probe.
    """
    return {
        "modules": {
            HTTP_MODULE: _http(any_certificate=False),
            ANY_CERTIFICATE_MODULE: _http(any_certificate=True),
            "icmp": {"prober": "icmp", "icmp": IP4},
            "tcp": {"prober": "tcp", "tcp": IP4},
            **{
                http_module(entry): _expecting(entry.service)
                for entry in services(estate)
                if entry.service.expects.is_of_the_answer
            },
            **{
                probe.module: _dns(probe.name)
                for probe in (*name_probes(estate), *resolver_probes(estate))
            },
        }
    }


def _http(*, any_certificate: bool) -> dict[str, Any]:
    return {
        "prober": "http",
        "http": {
            **IP4,
            "follow_redirects": True,
            "tls_config": {"insecure_skip_verify": any_certificate},
        },
    }


def _expecting(service: Service) -> dict[str, Any]:
    """Return a module that takes no other answer than the one that a service should give."""
    module = _http(any_certificate=service.certificate is CertificateTrust.ANY)
    expects = service.expects
    module["http"] |= {"follow_redirects": expects.is_followed, **_conditions(expects)}
    return module


def _conditions(expects: Expectation) -> dict[str, Any]:
    conditions: dict[str, Any] = {}
    if expects.status or expects.redirect:
        conditions["valid_status_codes"] = list(expects.status or REDIRECTS)
    if expects.text:
        conditions["fail_if_body_not_matches_regexp"] = [_literally(expects.text)]
    if expects.redirect:
        location = {"header": "Location", "regexp": f"^{_literally(expects.redirect)}$"}
        conditions["fail_if_header_not_matches"] = [location]
    return conditions


def _literally(text: str) -> str:
    """Return an expression that matches a text and nothing else, in Go (RE2) as in Python."""
    return re.sub(r"[\\.+*?()|\[\]{}^$]", lambda special: f"\\{special[0]}", text)


def _dns(name: str) -> dict[str, Any]:
    """Return a module that succeeds when a server answers with an address of that name."""
    return {
        "prober": "dns",
        "dns": {
            **IP4,
            "transport_protocol": "udp",
            "query_name": name,
            "query_type": "A",
            "valid_rcodes": ["NOERROR"],
            "validate_answer_rrs": {"fail_if_none_matches_regexp": [r".*\tIN\tA\t.*"]},
        },
    }
