import pulumi


def migrate(args: pulumi.StateMigrationArgs) -> None:
    return None


pulumi.CustomResource(
    "toy:index:Thing", "hall", {"content": "a"}, pulumi.ResourceOptions(state_migrations=[migrate])
)
