"""Every kind of mistake is made, one at a time, and only where a test could notice it."""

import pytest

from tests.mutation.__main__ import ROOT, TESTS
from tests.mutation.mutants import mutants

CASES = {
    "a = b == c": {"b != c"},
    "a = b in c": {"b not in c"},
    "a = b <= c": {"b < c"},
    "a = b and c": {"b", "c"},
    "a = not b": {"b"},
    "a = -1": {"1", "-2"},
    "a = True": {"False"},
    "a = 'tcp'": {"'tcpx'"},
    "a = [b for b in c if b]": {"[b for b in c if False]", "[b for b in c if True]"},
    "a = b if c else d": {"b if False else d", "b if True else d"},
}


@pytest.mark.parametrize("source", CASES)
def test_a_value_is_mistaken(source: str) -> None:
    assert {mutant.source.strip() for mutant in mutants(source)} == {
        f"a = {value}" for value in CASES[source]
    }


@pytest.mark.parametrize(
    ("source", "mistake"),
    [
        ("def f():\n    return b", "return None"),
        ("def f():\n    raise b", "pass"),
        ("for a in b:\n    break", "pass"),
        ("a.b = c", "pass"),
        ("a += b", "pass"),
        ("a(b)", "pass"),
        ("try:\n    a = b\nexcept c:\n    a = d", "except ():"),
    ],
)
def test_an_effect_is_left_out(source: str, mistake: str) -> None:
    assert any(mutant.diff.endswith(mistake) for mutant in mutants(source))


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring."""',
        "a: int | None",
        "A = TypeVar('A', bound=b)",
        "a = dumps(b, indent=1)",
        "@dataclass(frozen=True)\nclass A:\n    b: int",
        "a = 'a sentence, for a person'",
        "a = f'{b} of {c}'",
        "if __name__ == '__main__':\n    main()",
    ],
)
def test_what_no_test_should_notice_stays(source: str) -> None:
    assert list(mutants(source)) == []


def test_each_mutant_has_one_mistake_and_its_line() -> None:
    made = list(mutants("#!/usr/bin/python3\na = 1\nb = 2\n"))
    assert [(mutant.line, mutant.source) for mutant in made] == [
        (2, "#!/usr/bin/python3\na = 2\nb = 2\n"),
        (3, "#!/usr/bin/python3\na = 1\nb = 3\n"),
    ]


@pytest.mark.parametrize("module", TESTS)
def test_the_tests_that_judge_a_module_are_there(module: str) -> None:
    assert all((ROOT / path).exists() for path in (module, *TESTS[module]))
