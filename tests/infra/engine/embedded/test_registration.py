import pytest

from infra.engine.embedded.registration import UnsupportedError, duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("1h30m", 5400), ("1.5m", 90), ("200ms", 0.2)]
)
def test_durations_are_seconds(text: str, seconds: float) -> None:
    assert duration(text) == pytest.approx(seconds)


def test_a_duration_without_a_unit_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="expected a duration such as 5m"):
        duration("90")
