"""No secret gets through: a corpus over the platforms, and secrets planted at odd places."""

import base64
import contextlib
import re
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inventory.enums import Platform
from monitors.configurations.marks import MARK, Marker
from monitors.configurations.redaction import DoubtError, Redactor

CASES = sorted((Path(__file__).parent / "cases").glob("*.conf"))


def redactor(platform: Platform, device: str = "velgora-sw1", **more: object) -> Redactor:
    return Redactor(platform, Marker(b"k" * 32, device), **more)  # type: ignore[arg-type]


def platform_of(case: Path) -> Platform:
    return Platform(case.name.split(".")[1])


def secrets_of(case: Path) -> list[str]:
    return case.with_suffix(".secrets").read_text(encoding="utf-8").splitlines()


def test_the_corpus_has_every_platform() -> None:
    assert {platform_of(case) for case in CASES} == set(Platform)
    assert len(CASES) >= 14


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_none_of_the_planted_secrets_gets_through(case: Path) -> None:
    text = case.read_text(encoding="utf-8")
    kept = redactor(platform_of(case)).redact(text)
    planted = secrets_of(case)
    assert planted
    assert not [secret for secret in planted if secret not in text], "a case that plants nothing"
    assert not [secret for secret in planted if secret in kept]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_what_is_no_secret_stays_so_that_a_change_can_be_read(case: Path) -> None:
    lines = case.read_text(encoding="utf-8").splitlines()
    kept = set(redactor(platform_of(case)).redact(case.read_text(encoding="utf-8")).splitlines())
    assert len([line for line in lines if line.rstrip() in kept]) > len(lines) / 6
    named = re.compile(r"^\s*(hostname|host-name|sysname|vlan|set system host-name|interface) .*")
    for line in lines:
        if named.match(line):
            assert line in kept


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_carriage_returns_colours_and_tabs_change_nothing(case: Path) -> None:
    text = case.read_text(encoding="utf-8")
    noisy = (
        text.replace("\n", "\r\n")
        .replace(" ", "\x1b[0m \x1b[32m")
        .replace("secret", "s\u200becret")
    )
    tabs = "\n".join(line.replace(" ", "\t") for line in text.splitlines())
    for odd in (noisy, tabs):
        try:
            kept = redactor(platform_of(case)).redact(odd)
        except DoubtError:
            continue
        for secret in secrets_of(case):
            assert secret not in kept.replace("\t", " ")


def test_a_secret_that_changes_is_a_change_and_an_equal_one_is_none() -> None:
    one, two = (redactor(Platform.IOS).redact(f"enable secret 5 {s}\n") for s in ("Abc", "Abd"))
    assert one != two
    assert one == redactor(Platform.IOS).redact("enable secret 5 Abc\n")


def test_marks_of_two_devices_cannot_be_compared() -> None:
    text = "snmp-server community Zajednica RO\n"
    assert redactor(Platform.IOS).redact(text) != redactor(Platform.IOS, "other").redact(text)


def test_what_is_encrypted_anew_each_time_is_no_change() -> None:
    one, two = (
        redactor(Platform.FORTIOS).redact(f'set psksecret ENC {value}\nset alias "fw"\n')
        for value in ("QUJDREVGR0hJSktM", "TU5PUFFSU1RVVldY")
    )
    assert one == two == 'set psksecret ENC <redacted>\nset alias "fw"\n'


DOUBTFUL = {
    "a key of an unknown feature": "feature fabric id 9fA3kQ0zL7pXw2Tb\n",
    "hex": "seed 0f1e2d3c4b5a69788796a5b4c3d2e1f0\n",
    "a block without an end": "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n",
    "quotes without an end": 'set private-key "abc\ndef\n',
    "a token": "url eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0\n",
    "signs": "profile xK9!mQ2#vL7$ on\n",
}


@pytest.mark.parametrize("text", DOUBTFUL.values(), ids=DOUBTFUL.keys())
def test_what_looks_like_a_secret_stops_the_configuration_and_is_not_repeated(text: str) -> None:
    with pytest.raises(DoubtError) as caught:
        redactor(Platform.IOS).redact(f"hostname sw1\n{text}end\n")
    assert str(caught.value).startswith("not stored: line 2 looks like a secret that no rule knows")
    assert caught.value.numbers == (2,)
    assert not [word for word in text.split() if len(word) > 9 and word in str(caught.value)]


def test_what_somebody_has_looked_at_is_no_secret_any_more() -> None:
    text = "feature fabric id 9fA3kQ0zL7pXw2Tb\n"
    known = redactor(Platform.IOS, not_secret=frozenset({"9fA3kQ0zL7pXw2Tb"}))
    assert known.redact(text) == text


def test_an_estates_own_word_tells_of_a_secret() -> None:
    kept = redactor(Platform.IOS, words=("fabric-id",)).redact("feature fabric-id Kajmak on\n")
    assert "Kajmak" not in kept


def test_a_text_that_looks_like_a_mark_hides_nothing() -> None:
    kept = redactor(Platform.IOS).redact("enable secret <redacted:Kajmak>\nkey <redacted>Kajmak\n")
    assert "Kajmak" not in kept


def test_a_value_without_quotes_goes_on_until_the_next_name() -> None:
    kept = redactor(Platform.ROUTEROS).redact("add password=Kaj Mak77 service=l2tp\n")
    assert "Mak77" not in kept
    assert kept.endswith("service=l2tp\n")


HOSTILE = {
    "a keyword that never ends": f"password{'a' * 15_000}!",
    "many quotes": "key " + "\"' " * 5_000,
    "many words": "snmp-server user auth " * 700,
    "many addresses": "://a:" * 3_000,
    "a long line": "password " * 1_800,
    "many lines": "no shutdown\n" * 15_000,
    "many beginnings of quotes": 'secret "a\n' * 3_000,
    "many continuations": "secret a\\\n" * 1_800,
    "many backspaces": "a" * 200_000 + "\b" * 200_000,
    "many beginnings of blocks": "-----BEGIN A-----\n" * 3_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_a_hostile_device_says_is_not_searched_for_long(text: str) -> None:
    began = time.process_time()
    with contextlib.suppress(DoubtError):
        redactor(Platform.IOS).redact(text)
    assert time.process_time() - began < 10


# A secret of any letters and signs, long enough that it cannot stand in a configuration by chance.
ALPHABET = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!#$%&*+-./:;<=>?@^_~|,()[]{}"
SECRETS = st.text(alphabet=ALPHABET, min_size=10, max_size=40).filter(
    lambda text: len(set(text)) > 5 and not MARK.search(text) and any(map(str.isalnum, text))
)
WORDS = st.sampled_from(
    (
        "password",
        "secret",
        "key",
        "community",
        "psk",
        "passphrase",
        "pre-shared-key",
        "token",
        "pwd",
        "auth-key",
        "wpa-psk",
        "api-key",
        "key-string",
        "md5-key",
        "radius-key",
        "credential",
        "PassWord",
    )
)
PLACES = st.sampled_from(
    (
        " {word} {secret}",
        "{word} 7 {secret}",
        "{word} 0 {secret} privilege 15",
        "set x {word} {secret}",
        '{word} "{secret}"',
        "{word} '{secret}'",
        '{word}="{secret}"',
        "{word}={secret}",
        "{word}:{secret}",
        "{word}\t{secret}\t",
        "{word}   \t 5   {secret}",
        "user a {word} {secret} {word} {secret}",
        "user a {word} {secret}; user b {word} {secret}",
        "description the {word} is {secret}",
        "! old {word}: {secret}",
        "remark {secret} was the {word}",
        "{word} \\\n    {secret}",
        '{word}=\\\n    "{secret}"',
        "{word}\n  {secret}",
        '"{word}": "{secret}",',
        "{{'{word}': '{secret}'}}",
        "url https://ana:{secret}@host.example/x",
        "option {word} '{secret}'",
        "new_{word}_2 {secret}",
        "{word} encrypted {secret} role admin",
        '{word} "{secret} and {secret}" view all',
        "--{word}={secret} --user=x",
    )
)
CASE = st.sampled_from((str, str.upper, str.lower, str.title))
FORM = st.sampled_from(
    (
        lambda text: text,
        lambda text: text.encode().hex(),
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    )
)


def pieces(secret: str) -> list[str]:
    """Return what of a secret must not be seen: itself, and each longer run of its characters."""
    return [secret, *(run for run in re.findall(r"[A-Za-z0-9]{6,}", secret))]


@given(SECRETS, WORDS, PLACES, CASE, FORM, st.sampled_from(Platform))
@example("tajna=rec=12", "key", "{word} {secret}", str, str, Platform.OPENWRT)
@example('po"lo"vina12', "password", "{word} 0 {secret}", str, str, Platform.IOS)
def test_a_secret_at_an_odd_place_never_gets_through(
    secret: str, word: str, place: str, case: object, form: object, platform: Platform
) -> None:
    secret = form(secret)  # type: ignore[operator]
    if ("url" in place and not secret.isalnum()) or ("'" in secret and "'" in place):
        return
    text = place.format(word=case(word), secret=secret)  # type: ignore[operator]
    try:
        kept = redactor(platform).redact(f"hostname sw1\n{text}\nend\n")
    except DoubtError as error:
        kept = str(error)
    assert not [piece for piece in pieces(secret) if piece in MARK.sub("", kept)], kept


@given(st.sampled_from(CASES), st.data())
def test_secrets_planted_into_real_configurations_never_get_through(
    case: Path, data: st.DataObject
) -> None:
    lines = case.read_text(encoding="utf-8").splitlines()
    secret = data.draw(SECRETS)
    place = data.draw(PLACES).format(word=data.draw(WORDS), secret=secret)
    if "url" in place and not secret.isalnum():
        return
    before = "\n".join(lines)
    at = data.draw(st.integers(1, len(lines)))
    if lines[at - 1].endswith("\\"):  # the middle of another value, where no device writes one
        return
    lines.insert(at, place)
    try:
        kept = redactor(platform_of(case)).redact("\n".join(lines))
    except DoubtError:
        return
    seen = MARK.sub("", kept)
    assert not [piece for piece in pieces(secret) if piece in seen and piece not in before]
