import pulumi

pulumi.CustomResource(
    "toy:index:Thing", "hall", {"content": "a"}, pulumi.ResourceOptions(replacement_trigger="1")
)
