"""blackbox.yml: how services and hosts are probed from the operations host."""

from typing import Any

from inventory.model.estate import Estate
from monitors.probes import ANY_CERTIFICATE_MODULE, HTTP_MODULE, name_probes

IP4 = {"preferred_ip_protocol": "ip4"}


def blackbox(estate: Estate) -> dict[str, Any]:
    """Return blackbox.yml as data.

    ``http_2xx`` verifies TLS as a citizen's browser does, which knows the system's authorities and
    the estate's own (the unit's SSL_CERT_DIR): a service that it would refuse is not available.
    A module for each name that a name server is asked for: names are no parameter of a probe.
    Prometheus' own scrape timeout bounds every probe.
    """
    return {
        "modules": {
            HTTP_MODULE: _http(any_certificate=False),
            ANY_CERTIFICATE_MODULE: _http(any_certificate=True),
            "icmp": {"prober": "icmp", "icmp": IP4},
            "tcp": {"prober": "tcp", "tcp": IP4},
            **{probe.module: _dns(probe.name) for probe in name_probes(estate)},
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
