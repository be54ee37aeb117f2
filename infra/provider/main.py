"""Entry point of `pulumi-resource-bastide`."""

import sys

from infra.provider.serve import serve


def main() -> None:
    """Run the provider; Pulumi starts it with the engine's address as argument."""
    serve(sys.argv[1:])
