import pulumi


def shout(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
    return pulumi.ResourceTransformationResult({**args.props, "content": "loud"}, args.opts)


pulumi.runtime.register_stack_transformation(shout)
pulumi.CustomResource("toy:index:Thing", "hall", {"content": "a"})
