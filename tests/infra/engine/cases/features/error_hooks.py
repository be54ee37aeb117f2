import pulumi


def again(args: pulumi.ErrorHookArgs) -> bool:
    return False


hook = pulumi.ErrorHook("again", again)
pulumi.CustomResource(
    "toy:index:Thing",
    "hall",
    {"content": "a"},
    pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(on_error=[hook])),
)
