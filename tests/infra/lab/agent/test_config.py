"""A configuration that cannot be used is refused with its file, its place and the reason."""

import json
from pathlib import Path

import pytest

from infra.lab.agent.config import ConfigError, read_config, read_secret
from tests.infra.lab.agent.running import settings


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "toaster"}, "kind: "),
        ({"colour": "grey"}, "colour: "),
        ({"address": "quay"}, "address: "),
        ({"port": 0}, "port: "),
        ({"auth_protocol": "MD5"}, "auth_protocol: "),
        ({"name": ""}, "name: "),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, change: dict[str, object], says: str) -> None:
    file = tmp_path / "agent.json"
    file.write_text(json.dumps(settings(tmp_path) | change), encoding="utf-8")
    with pytest.raises(ConfigError, match=f"agent.json: .*{says}"):
        read_config(file)


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "agent.json"
    file.write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"agent\.json"):
        read_config(file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_config(tmp_path / "agent.json")


def test_a_refusal_does_not_repeat_what_was_given(tmp_path: Path) -> None:
    file = tmp_path / "agent.json"
    given = settings(tmp_path) | {"auth_key": "a-secret-in-the-wrong-place"}
    file.write_text(json.dumps(given), encoding="utf-8")
    with pytest.raises(ConfigError) as refusal:
        read_config(file)
    assert "a-secret" not in str(refusal.value)


def test_a_secret_shorter_than_usm_admits_is_refused_without_showing_it(tmp_path: Path) -> None:
    (tmp_path / "auth").write_text("tiny!\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"at least 8 characters.*found 5") as refusal:
        read_secret(tmp_path / "auth")
    assert "tiny!" not in str(refusal.value)


def test_a_missing_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="auth: cannot be read"):
        read_secret(tmp_path / "auth")


def test_the_line_end_after_a_secret_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "auth").write_text("correct horse\n", encoding="utf-8")
    assert read_secret(tmp_path / "auth") == "correct horse"
