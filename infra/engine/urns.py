"""Uniform resource names: `urn:pulumi:<stack>::<project>::<parent types$>type::<name>`."""

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"


def make(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """Build a URN; the stack's own type is not part of the chain of parent types."""
    chain = qualified_type(parent) if parent else ""
    prefix = f"{chain}$" if chain and chain != STACK_TYPE else ""
    return f"urn:pulumi:{stack}::{project}::{prefix}{type_}::{name}"


def qualified_type(urn: str) -> str:
    """Return the chain of types, parents first, joined by `$`."""
    return urn.split("::", 3)[2]


def type_of(urn: str) -> str:
    """Return the resource's own type."""
    return qualified_type(urn).rsplit("$", 1)[-1]


def name_of(urn: str) -> str:
    """Return the resource's name, which may itself contain `::`."""
    return urn.split("::", 3)[3]


def is_provider(type_: str) -> bool:
    """Say whether a type is that of a provider resource."""
    return type_.startswith(PROVIDER_PREFIX)


def is_default_provider(urn: str) -> bool:
    """Say whether the URN is one of the providers that the engine itself makes."""
    if not urn or not is_provider(type_of(urn)):
        return False
    name = name_of(urn)
    return name == "default" or name.startswith("default_")


def package_of(type_: str) -> str:
    """Return the package of a resource or function token, or the one a provider type serves."""
    if is_provider(type_):
        return type_.removeprefix(PROVIDER_PREFIX)
    return type_.split(":", 1)[0]


def split_reference(reference: str) -> tuple[str, str]:
    """Split a provider reference `urn::id` into its URN and its id."""
    urn, _, identity = reference.rpartition("::")
    return urn, identity
