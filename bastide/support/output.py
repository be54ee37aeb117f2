"""What commands print: JSON for programs, tables for people."""

import json
from typing import Any

import click


def print_json(value: Any) -> None:
    """Print a value as indented JSON with stable keys."""
    click.echo(json.dumps(value, indent=2, sort_keys=True, default=str, ensure_ascii=False))
