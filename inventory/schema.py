"""The JSON schema of the estate's files, for editors; generated from the models."""

import json
from typing import Any

from pydantic import TypeAdapter

from inventory.model.estate import EstateFile
from inventory.model.maintenance_windows import MaintenanceFile
from inventory.model.tenants import Central, Municipality
from inventory.model.waivers import WaiverFile
from inventory.paths import INVENTORY_DIRECTORY

SCHEMA_FILE = INVENTORY_DIRECTORY / "schema.json"


def schema() -> dict[str, Any]:
    """Return the schema that any one file of an estate must satisfy."""
    adapter: TypeAdapter[Any] = TypeAdapter(
        EstateFile | Central | Municipality | WaiverFile | MaintenanceFile
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A file of a Bastide estate",
        **adapter.json_schema(),
    }


def schema_text() -> str:
    """Return the schema as the text that schema.json must hold."""
    return json.dumps(schema(), indent=2, sort_keys=True) + "\n"
