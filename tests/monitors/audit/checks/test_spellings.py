"""One meaning in many spellings: a manipulation is noticed, and what is legitimate is not.

A case changes one answer of the recorded hardened host: lines before or after it, or one text
for another. Firewalls are written for nft, which reads them in a network namespace of its own.
"""

import subprocess
from typing import Any

import pytest
import yaml

from tests.monitors.audit.checks.test_checks import HOST, outcome
from tests.monitors.audit.estates import CASES, changed, declared, recorded

FILES = sorted((CASES / "spellings").glob("*.yml"))
SPELLINGS = [
    {"control": whole["control"], "answer": whole.get("answer"), **case}
    for whole in (yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader) for file in FILES)
    for case in whole["spellings"]
]
RULES = [case for case in SPELLINGS if "rules" in case]
ANSWERS = [case for case in SPELLINGS if "rules" not in case]


def told(case: dict[str, Any]) -> str:
    return f"{case['control']}: {case['because']}"


@pytest.mark.parametrize("case", ANSWERS, ids=told)
def test_an_answer_in_another_spelling(case: dict[str, Any]) -> None:
    bundle = recorded("hardened")
    (text,) = (r.stdout for r in bundle.recorded if case["answer"] in r.command)
    for old, new in case.get("instead", {}).items():
        assert old in text
        text = text.replace(old, new)
    text = f"{case.get('before', '')}{text}{case.get('after', '')}"
    judge(case, changed(bundle, {case["answer"]: {"stdout": text, "rc": 0}}))


@pytest.mark.root
@pytest.mark.parametrize("case", RULES, ids=told)
def test_rules_of_a_firewall_in_another_spelling(case: dict[str, Any]) -> None:
    load = "nft -f - && nft -j list ruleset"
    read = subprocess.run(
        ["unshare", "--net", "sh", "-c", load],
        input=case["rules"],
        capture_output=True,
        text=True,
        check=True,
    )
    judge(case, changed(recorded("hardened"), {"nft -j": {"stdout": read.stdout}}))


def judge(case: dict[str, Any], bundle: Any) -> None:
    actual, reason = outcome(bundle, case["control"], declared(case.get("host", HOST)))
    assert str(actual) == case.get("outcome", "fail"), reason
    assert case.get("says", "") in reason
