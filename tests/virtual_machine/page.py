"""The page of docs that a run writes: what was judged on a kernel of its own, and when."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from monitors.audit.model.results import Outcome
from tests.virtual_machine.verdicts import Verdict

PAGE = Path(__file__).parents[2] / "docs" / "virtual-machine.md"
TEXT = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")


def write(
    found: Sequence[Verdict], reasons: Mapping[str, str], when: datetime, system: str
) -> None:
    """Write the page anew; `reasons` say why what fails is right."""
    counts = Counter(verdict.result.outcome.value for verdict in found)
    kernels = [verdict for verdict in found if verdict.is_the_kernels]
    text = TEXT.format(
        when=f"{when:%Y-%m-%d}",
        system=system,
        all=len(found),
        counts=", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items())),
        rows="\n".join(map(_row, kernels)),
        others="\n".join(_others(found, reasons)),
    )
    PAGE.write_text(text, encoding="utf-8")


def _row(verdict: Verdict) -> str:
    control, real, inside = verdict.control, verdict.result, verdict.in_container
    setter = "a person" if control.is_by_hand else f"role {control.task}"
    said = real.outcome.value + (f": {real.reason}" if real.reason else "")
    return f"| {control.id} | {control.title} | {setter} | {said} | {inside.outcome.value} |"


def _others(found: Sequence[Verdict], reasons: Mapping[str, str]) -> Iterator[str]:
    """Yield a row for each outcome and reason of what does not pass, with the controls."""
    rows: dict[tuple[str, str], list[str]] = {}
    for verdict in found:
        name, result = verdict.control.id, verdict.result
        if result.outcome in (Outcome.FAIL, Outcome.ERROR):
            why = reasons.get(name, result.reason)
            rows.setdefault((result.outcome.value, why), []).append(name)
    for (outcome, why), names in rows.items():
        yield f"| {', '.join(names)} | {outcome} | {why} |"
