"""`bastide monitor login`: where Prometheus and Alertmanager are, and never the password."""

from pathlib import Path

from inventory.web_login import password_file
from tests.bastide.context import environment_of, new_context
from tests.command import bastide_here, bastide_json

NETWORK = "127.89.0."


def test_before_the_estate_was_brought_up_there_is_none(tmp_path: Path) -> None:
    context = new_context(tmp_path, NETWORK)
    password_file(context.state).unlink()
    done = bastide_here("monitor", "login", **environment_of(context))
    assert done.returncode == 3
    assert "web-login: No such file or directory; `bastide up` makes one" in done.stderr


def test_it_says_where_and_who_and_which_file_has_the_password(tmp_path: Path) -> None:
    context = new_context(tmp_path, NETWORK)
    done = bastide_here("monitor", "login", **environment_of(context))
    shown = bastide_json("monitor", "login", **environment_of(context))
    assert done.returncode == 0
    assert shown["prometheus"] == "https://127.89.0.10:9090"
    assert shown["alertmanager"] == "https://127.89.0.10:9093"
    assert Path(shown["passwordFile"]).exists()
    assert Path(shown["authority"]).exists()
    assert all(text in done.stdout for text in shown.values())
    assert password_file(context.state).read_text() not in done.stdout
