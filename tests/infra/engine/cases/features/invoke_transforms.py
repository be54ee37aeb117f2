import pulumi
from pulumi.runtime import register_invoke_transform


def shout(args: pulumi.InvokeTransformArgs) -> pulumi.InvokeTransformResult:
    return pulumi.InvokeTransformResult({"word": "other"}, args.opts)


register_invoke_transform(shout)
said = pulumi.runtime.invoke("toy:index:shout", {"word": "hello"}).value
pulumi.CustomResource("toy:index:Thing", "hall", {"content": said["loud"]})
