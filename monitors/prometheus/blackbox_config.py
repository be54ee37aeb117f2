"""blackbox.yml: how services and hosts are probed from the operations host."""

from typing import Any

AUTHORITY = "/etc/bastide/authority.crt"
"""Where the operations host keeps the certificate of the estate's own authority."""


def blackbox() -> dict[str, Any]:
    """Return blackbox.yml as data.

    ``http_2xx`` verifies TLS against the estate's authority: a service that a citizen's browser
    would refuse is not available. Prometheus' own scrape timeout bounds every probe.
    """
    return {
        "modules": {
            "http_2xx": {
                "prober": "http",
                "http": {
                    "preferred_ip_protocol": "ip4",
                    "follow_redirects": True,
                    "tls_config": {"ca_file": AUTHORITY, "insecure_skip_verify": False},
                },
            },
            "icmp": {"prober": "icmp", "icmp": {"preferred_ip_protocol": "ip4"}},
        }
    }
