import pulumi


def say(args: pulumi.ResourceHookArgs) -> None:
    pulumi.log.info(f"made {args.name}")


hook = pulumi.ResourceHook("say", say)
pulumi.CustomResource(
    "toy:index:Thing",
    "hall",
    {"content": "a"},
    pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(after_create=[hook])),
)
