"""How large machines are: the manual and the table say the same."""

from pathlib import Path

from inventory.enums import Tier
from inventory.tiers import MACHINE_SIZES

MANUAL = Path(__file__).parents[3] / "docs" / "providers.md"


def test_every_tier_has_a_size_and_the_manual_tells_it() -> None:
    assert MACHINE_SIZES.keys() == {*Tier, None}
    text = MANUAL.read_text(encoding="utf-8")
    for tier, size in MACHINE_SIZES.items():
        name = tier.value if tier else "central site"
        assert f"| {name} | {size.cpus} | {size.memory_mib} | {size.disk_gib} |" in text
