"""One stack exports, the other reads what it exports; `wanted.json` says what and how."""

import json
from pathlib import Path

import pulumi

WANTED = json.loads((Path(__file__).parent / "wanted.json").read_text())

if pulumi.get_stack() == "central":
    for name, value in WANTED["exports"].items():
        pulumi.export(name, value)
    for name, value in WANTED.get("secrets", {}).items():
        pulumi.export(name, pulumi.Output.secret(value))
else:
    central = pulumi.StackReference(WANTED["reference"])
    for name in WANTED["reads"]:
        pulumi.export(name, central.get_output(name))
    for name in WANTED.get("requires", []):
        pulumi.export(name, central.require_output(name))
