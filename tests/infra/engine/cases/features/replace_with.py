import pulumi

gate = pulumi.CustomResource("toy:index:Thing", "gate", {"content": "b"})
pulumi.CustomResource(
    "toy:index:Thing", "hall", {"content": "a"}, pulumi.ResourceOptions(replace_with=[gate])
)
