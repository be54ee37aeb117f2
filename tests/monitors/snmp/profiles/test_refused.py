"""A wrong profile is refused when it is read, with the file and the place."""

from pathlib import Path

import pytest

from monitors.snmp.profile import ProfileError, read_profile

CASES = Path(__file__).parent / "cases" / "refused"
EXPECTED = "# refused: "


@pytest.mark.parametrize("case", sorted(CASES.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_wrong_profile_is_refused_with_its_place(case: Path) -> None:
    first = case.read_text(encoding="utf-8", errors="replace").splitlines()[0]
    with pytest.raises(ProfileError) as refusal:
        read_profile(case)
    assert case.name in str(refusal.value)
    assert first.removeprefix(EXPECTED) in str(refusal.value)


def test_a_profile_that_is_not_there_is_refused() -> None:
    with pytest.raises(ProfileError, match=r"nowhere\.yaml: cannot be read"):
        read_profile(CASES / "nowhere.yaml")
