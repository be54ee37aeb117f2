"""A whole host: what was recorded is read, what is missing is said, any text is borne."""

from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.collection.bundle import Answer
from monitors.inspection.answers import Answers
from monitors.inspection.commands import COMMANDS, commands_of_look
from monitors.inspection.model import Inspection
from monitors.inspection.reading import read_inspection
from monitors.inspection.values import MOST_ROWS
from tests.monitors.inspection.recorded import answers, inspection, texts

WEB = texts("web")
SUBJECTS = st.sampled_from(sorted(COMMANDS))


def test_a_recorded_host_is_read_whole() -> None:
    web = inspection("web")
    assert (web.system.name, web.system.id, web.system.version) == ("srv-web01", "debian", "12")
    assert web.system.container == "systemd-nspawn"
    assert web.unread == ()
    assert len(web.packages) > 300
    assert "nginx.service" in web.services
    assert web.clock.zone == "Europe/Belgrade"
    assert "time.gradac.example" in web.clock.servers
    assert web.names.servers == ("172.27.10.1",)
    assert web.names.own[:2] == ("172.18.0.2", "registar.lokal")
    assert web.interfaces[-1].name.startswith("br-")
    assert "172.27.10.25/26" in {a for i in web.interfaces for a in i.addresses}
    assert ("default", "172.27.10.1") in {(r.to, r.via) for r in web.routes}
    assert [m.path for m in web.mounts] == ["/"]
    assert web.mounts[0].size is not None
    assert web.updates is not None
    assert (web.updates.packages, web.updates.security) == (("openssl",), 1)


def test_what_was_read_is_kept_as_json() -> None:
    web = inspection("web")
    assert Inspection.model_validate_json(web.model_dump_json()) == web


def test_an_empty_host_is_read_as_nothing() -> None:
    assert read_inspection(answers({})) == Inspection()


def test_what_could_not_be_read_is_said_with_the_reason() -> None:
    given_answers = {command: Answer(0) for command in COMMANDS.values()}
    given_answers[COMMANDS["sockets"]] = Answer(None)
    given_answers[COMMANDS["nft"]] = Answer(1, "", "Operation not permitted\n")
    given_answers[COMMANDS["packages"]] = Answer(0, "ii nginx", "", truncated=True)
    del given_answers[COMMANDS["cron"]]
    read = read_inspection(Answers(COMMANDS, given_answers))
    assert read.unread == (
        ("sockets", "did not end in time"),
        ("nft", "Operation not permitted"),
        ("cron", "not asked"),
        ("packages", "printed more than is taken"),
    )
    assert read.packages == ()


def test_a_look_does_not_ask_for_updates() -> None:
    assert set(COMMANDS) - set(commands_of_look()) == {"updates", "owners"}


def judge(read: Inspection) -> None:
    """Hold what must be so of everything that is read."""
    assert Inspection.model_validate_json(read.model_dump_json()) == read
    assert all(character.isprintable() for character in " ".join(_texts(read.model_dump())))


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list | tuple):
        return [text for inner in value for text in _texts(inner)]
    return []


@settings(deadline=None)  # the machine may be busy
@given(st.dictionaries(SUBJECTS, st.text(max_size=200), max_size=5))
def test_any_text_is_borne(printed: dict[str, str]) -> None:
    judge(read_inspection(answers(printed)))


@given(SUBJECTS, st.integers(0, 20_000), st.integers(0, 400), st.text(max_size=40))
def test_a_recorded_text_cut_and_spliced_is_borne(
    subject: str, start: int, length: int, splice: str
) -> None:
    whole = WEB.get(subject, "")
    start = min(start, len(whole))
    changed = whole[:start] + splice + whole[start + length :]
    judge(inspection("web", **{subject: changed}))


def test_a_flood_is_bounded() -> None:
    flood = "".join(f"tcp LISTEN 0 1 [::{n:x}]:80 *:* \n" for n in range(50_000))
    assert len(inspection("web", sockets=flood).listeners) == MOST_ROWS


def test_controls_of_a_terminal_do_not_get_through() -> None:
    passwd = "evil\x1b[2J\u202e:x:1000:1000::/home/evil:/bin/bash\n"
    names = [account.name for account in inspection("web", passwd=passwd).accounts]
    assert names == ["evil\\x1b[2J\\u202e"]
