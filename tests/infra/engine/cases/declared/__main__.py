"""Makes the things that wanted.json declares: a mapping of names to inputs and options."""

import json
from pathlib import Path
from typing import Any

import pulumi

OPTIONS = (
    "protect",
    "retain_on_delete",
    "delete_before_replace",
    "ignore_changes",
    "replace_on_changes",
    "additional_secret_outputs",
    "import_",
)


class Thing(pulumi.CustomResource):
    path: pulumi.Output[str]
    content: pulumi.Output[str]

    def __init__(self, name: str, props: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__("toy:index:Thing", name, {"path": None, **props}, opts)


class Site(pulumi.ComponentResource):
    def __init__(self, name: str) -> None:
        super().__init__("toy:index:Site", name)


wanted = json.loads(Path("wanted.json").read_text())
sites: dict[str, Site] = {}
things: dict[str, Thing] = {}
for name, given in wanted.items():
    props = dict(given)
    options = {key: props.pop(key) for key in OPTIONS if key in props}
    options["depends_on"] = [things[one] for one in props.pop("depends_on", [])]
    if "deleted_with" in props:
        options["deleted_with"] = things[props.pop("deleted_with")]
    for alias in props.pop("aliases", []):
        options.setdefault("aliases", []).append(pulumi.Alias(name=alias))
    if "site" in props:
        site = props.pop("site")
        options["parent"] = sites.setdefault(site, Site(site)) if site not in sites else sites[site]
    for key in ("source", "anchor"):
        if key in props:
            props[key] = things[props[key]].path
    if "secret" in props:
        props["secret"] = pulumi.Output.secret(props["secret"])
    things[name] = Thing(name, props, pulumi.ResourceOptions(**options))
    pulumi.export(name, things[name].path)
    if "secret" in props:
        pulumi.export(f"{name}-secret", props["secret"])
