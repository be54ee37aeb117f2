"""The Pulumi program: an estate's infrastructure."""

from infra.estate import build_configured

build_configured()
