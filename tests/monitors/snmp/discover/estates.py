"""Estates to paste into: the lab's, with what discovery wrote put where it says."""

import shutil
from functools import cache
from pathlib import Path

from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.paths import SHIPPED_ESTATES


@cache
def lab() -> Estate:
    """Return the lab's estate, read once."""
    return load_estate(SHIPPED_ESTATES / "lab")


def pasted(folder: Path, text: str) -> Estate:
    """Return the lab with the text pasted by a person who follows its comments."""
    estate = folder / "estate"
    shutil.copytree(SHIPPED_ESTATES / "lab", estate, dirs_exist_ok=True)
    for block in text.split("\n\n"):
        head, _, lines = block.strip("\n").partition("\n")
        where, _, below = head.removeprefix("# ").partition(", ")
        file = estate / where
        old = file.read_text()
        if below in ("below `devices:`", "below `hosts:`"):
            key = below.removeprefix("below `").removesuffix("`")
            new = old.replace(f"\n{key}\n", f"\n{key}\n{lines}\n", 1)
        elif below.endswith("below `intent:`"):
            new = old.replace("    intent:\n", f"    intent:\n{lines}\n", 1)
        else:
            new = f"{old}{lines}\n"
        assert new != old, head
        file.write_text(new)
    return load_estate(estate)
