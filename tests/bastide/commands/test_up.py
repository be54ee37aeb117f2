"""`bastide up`: what it refuses before anything is changed."""

from pathlib import Path

from bastide.support.estate import EstateContext
from tests.bastide.context import environment_of, new_context
from tests.command import bastide_here


def test_down_refuses_an_estate_that_is_no_lab(tmp_path: Path) -> None:
    context: EstateContext = new_context(tmp_path, "127.87.1.")
    done = bastide_here("down", "--yes", **environment_of(context))
    assert done.returncode == 2
    assert "use `bastide infra destroy`" in done.stderr


def test_existing_servers_are_not_changed_before_that_is_acknowledged(tmp_path: Path) -> None:
    context = new_context(tmp_path, "127.87.2.")
    file = context.folder / "municipalities" / "gornjilug.yml"
    file.write_text(
        file.read_text().replace("  - id: server\n", "  - id: server\n    manage: full\n")
    )
    for command in (("up",), ("playbook", "run", "configure")):
        done = bastide_here(*command, **environment_of(context))
        assert done.returncode == 2
        assert "gornjilug-server: manage: full would change an existing server" in done.stderr
        assert "do: write manage: audit at the host" in done.stderr
    assert not (context.state / "pulumi").exists()
    assert not (context.state / "logs").exists()


def test_a_municipality_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    context = new_context(tmp_path, "127.87.3.")
    done = bastide_here("up", "--municipality", "atlantis", **environment_of(context))
    assert done.returncode == 2
    assert "no municipality 'atlantis'; expected one of: " in done.stderr
    assert "gornjilug" in done.stderr
