"""Uses an explicit provider, a provider's function, an existing resource, and configuration."""

import sys

import pulumi
from pulumi.runtime import invoke


class Thing(pulumi.CustomResource):
    path: pulumi.Output[str]
    content: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        content: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props = {"path": None, "content": content}
        super().__init__("toy:index:Thing", name, props, opts)


config = pulumi.Config()
own = pulumi.ProviderResource("toy", "own", {"tone": config.get("tone") or "low"}, None)
hall = Thing("hall", "1", pulumi.ResourceOptions(provider=own))
loud = invoke("toy:index:shout", {"word": "open"}).value["loud"]
found = Thing("found", opts=pulumi.ResourceOptions(id="old@here"))
pulumi.export("tone", config.get_secret("tone"))
pulumi.export("greeting", config.get("greeting"))
pulumi.export("loud", loud)
pulumi.export("found", found.content)
pulumi.export("folder", sys.path[0])
sys.stdout.write("the program speaks\n")
pulumi.log.warn("take care")
