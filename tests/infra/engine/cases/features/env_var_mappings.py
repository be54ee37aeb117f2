import pulumi

toy = pulumi.ProviderResource(
    "toy", "ours", {}, pulumi.ResourceOptions(env_var_mappings={"OURS": "TOY_HOME"})
)
pulumi.CustomResource(
    "toy:index:Thing", "hall", {"content": "a"}, pulumi.ResourceOptions(provider=toy)
)
