import pulumi
from pulumi.runtime.settings import register_package

pulumi.CustomResource(
    "made:index:Thing",
    "hall",
    {"content": "a"},
    package_ref=register_package("toy", "1.0.0", "", "made", "1.0.0", "e30="),
)
