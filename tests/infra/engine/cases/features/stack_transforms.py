import pulumi


def shout(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
    return pulumi.ResourceTransformResult({**args.props, "content": "loud"}, args.opts)


pulumi.runtime.register_resource_transform(shout)
pulumi.CustomResource("toy:index:Thing", "hall", {"content": "a"})
