"""Metrics as text: OpenMetrics for a scraper that asks for it, else Prometheus' own format.

Formats: https://prometheus.io/docs/specs/om/open_metrics_spec/ and
https://prometheus.io/docs/instrumenting/exposition_formats/.
"""

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, choose_encoder, generate_latest
from prometheus_client.registry import Collector


def encode(collector: Collector, accept: str) -> tuple[bytes, str]:
    """Return what a collector collects, and its content type, as an ``Accept`` header asks."""
    try:
        encoder, content_type = choose_encoder(accept)
    except (TypeError, ValueError):  # a version that is no number
        encoder, content_type = generate_latest, CONTENT_TYPE_PLAIN_0_0_4
    return encoder(collector), content_type
