"""The rules and the inventory have the same thresholds, by name and by default."""

import re

from inventory.model.thresholds import Thresholds
from tests.rules.rule_files import rules

READ = re.compile(
    r'max\(last_over_time\(bastide_threshold{name="(\w+)"}\[6h\]\)\) or vector\(([\d.]+)\)'
)
# Of each service, a series of its own.
BY_SERVICE = {"slow_seconds"}


def read_by_rules() -> dict[str, tuple[str, float]]:
    """Return each threshold that a rule records: the series' name, and what it is by default."""
    found = {}
    for rule in rules():
        if match := READ.fullmatch(" ".join(rule["expr"].split())):
            assert match[1] not in found, f"{match[1]} is recorded twice"
            found[match[1]] = (rule["record"], float(match[2]))
    return found


def test_every_threshold_is_read_with_its_default() -> None:
    defaults = {name: value for name, (_, value) in read_by_rules().items()}
    declared = Thresholds().model_dump()
    assert defaults == {name: declared[name] for name in declared.keys() - BY_SERVICE}


def test_a_threshold_is_recorded_under_its_name_and_unit() -> None:
    for name, (record, _) in read_by_rules().items():
        stem, _, unit = name.rpartition("_")
        assert record == f"estate:{stem}:{unit}"


def test_every_recorded_threshold_is_compared_with() -> None:
    expressions = [rule["expr"] for rule in rules()]
    for record, _ in read_by_rules().values():
        assert any(record in expression for expression in expressions), record
