import pulumi


def shout(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
    return pulumi.ResourceTransformResult({**args.props, "content": "loud"}, args.opts)


pulumi.CustomResource(
    "toy:index:Thing", "hall", {"content": "a"}, pulumi.ResourceOptions(transforms=[shout])
)
