"""Every lane finds exactly what a naive loop over the lines does."""

from __future__ import annotations

import re
import string
import sys
from importlib.util import find_spec
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from svcctl.detect.rules.lanes import LANES, Hyperscan
from svcctl.detect.rules.pattern import Pattern, decoded
from svcctl.detect.rules.scanner import Scanner
from svcctl.errors import SpecError, UsageError
from svcctl.spec.regular import parse_regular

THERE = [name for name, (library, _) in LANES.items() if not library or find_spec(library)]

SIGNS = "abkisKİſ\u212aé日_ 1.-\r\t"
ATOMS = st.one_of(
    st.sampled_from([*map(re.escape, "abkisé日_1-"), "ERROR", "timeout", "Disk"]),
    st.sampled_from([r"\d", r"\w", r"\s", r"\S", r"\W", ".", "[^a]", "[a-k]", "[é-日]", "[ab1]"]),
    st.sampled_from([r"\b", r"\B", "^", "$", r"\A", "(?i:k)", "(?i:disk)", "(?a:\\w)", ""]),
)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    counts = st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "*?", "{0,2}"])
    return st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda each: f"(?:{'|'.join(each)})"),
        st.tuples(inner, counts).map(lambda each: f"(?:{each[0]}){each[1]}"),
        inner.map("({})".format),
    )


PATTERNS = st.recursive(ATOMS, _larger, max_leaves=8)
LINES = st.lists(
    st.one_of(
        st.text(SIGNS, max_size=12).map(str.encode),
        st.binary(max_size=8).map(lambda each: each.replace(b"\n", b"")),
        st.sampled_from([b"an ERROR: timeout", b"DISK full\r", b"", b"aaa a", "日é日".encode()]),
    ),
    min_size=1,
    max_size=6,
)


def naive(patterns: list[str], lines: list[bytes]) -> list[tuple[int, tuple[int, ...]]]:
    """Search each line for each pattern: the start of the line, and the numbers found."""
    found, start = [], 0
    for line in lines:
        text = decoded(line.removesuffix(b"\r"))
        held = tuple(at for at, each in enumerate(patterns) if re.search(each, text))
        if held:
            found.append((start, held))
        start += len(line) + 1
    return found


@pytest.mark.slow
@pytest.mark.parametrize("lane", THERE)
@given(patterns=st.lists(PATTERNS, min_size=1, max_size=4), lines=LINES, last=st.booleans())
@example(patterns=["(?i)disk"], lines=["di\u017f\u212a".encode()], last=True)
@example(patterns=[r"\bé\b", "$"], lines=["é".encode()], last=False)
def test_every_lane_finds_what_a_naive_loop_finds(
    lane: str, patterns: list[str], lines: list[bytes], last: bool
) -> None:
    block = b"\n".join(lines) + (b"\n" if last else b"")
    scanner = Scanner([Pattern(each) for each in patterns], with_lane=lane)

    hits = scanner.hits(block)

    kept = lines if last or lines[-1] else lines[:-1]
    assert [(hit.start, hit.numbers) for hit in hits] == naive(patterns, kept)


@pytest.mark.parametrize("lane", THERE)
def test_a_hit_is_the_line_without_its_end(lane: str) -> None:
    scanner = Scanner([Pattern("ERROR")], with_lane=lane)

    (hit,) = scanner.hits(b"one\r\ntwo ERROR\r\nthree\r\n")

    assert (hit.start, hit.end) == (5, 14)


@pytest.mark.parametrize("lane", THERE)
def test_no_match_reaches_over_the_end_of_a_line(lane: str) -> None:
    scanner = Scanner([Pattern(r"a\s*b"), Pattern("a[^c]b"), Pattern(r"a\W+b")], with_lane=lane)

    assert scanner.hits(b"a\nb\na\n\nb\n") == []


@pytest.mark.parametrize("lane", THERE)
def test_a_pattern_that_every_line_has_is_found_in_every_line(lane: str) -> None:
    scanner = Scanner([Pattern("x*"), Pattern("b")], with_lane=lane)

    assert [each.numbers for each in scanner.hits(b"a\nb\n")] == [(0,), (0, 1)]


@pytest.mark.parametrize("lane", THERE)
def test_a_hundred_patterns_are_told_apart(lane: str) -> None:
    words = [f"{letter}-{number} failed" for letter in string.ascii_letters for number in (1, 2)]
    scanner = Scanner([Pattern(each) for each in words], with_lane=lane)

    hits = scanner.hits("\n".join(words).encode())

    assert [each.numbers for each in hits] == [(number,) for number in range(len(words))]


class _Picky:
    """A database that takes no pattern with a B; it finds nothing."""

    def compile(self, *, expressions: list[bytes], **_more: object) -> None:
        if any(b"x42" in each for each in expressions):
            raise ValueError

    def scan(self, _block: bytes, **_more: object) -> None: ...


def test_what_an_engine_cannot_take_is_looked_for_in_every_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = SimpleNamespace(
        HS_FLAG_DOTALL=1, HS_FLAG_MULTILINE=2, HyperscanError=ValueError, Database=_Picky
    )
    monkeypatch.setitem(sys.modules, "hyperscan", library)
    nodes = [parse_regular(each).node for each in ("A", "B", "C", "x?")]

    assert Hyperscan(nodes).every_line == (1, 3)
    assert Hyperscan(nodes[1:2]).every_line == (0,)
    assert Hyperscan(nodes[3:]).spots(b"a") == []


def test_a_lane_that_is_not_there_is_no_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hyperscan", None)
    monkeypatch.setattr("svcctl.detect.rules.lanes.find_spec", lambda _name: None)

    with pytest.raises(UsageError) as caught:
        Scanner([Pattern("a")], with_lane="hyperscan")

    assert caught.value.hint.startswith("pip install 'svcctl[rules]'")
    assert Scanner([Pattern("a")]).lane.name == "standard"
    with pytest.raises(UsageError):
        Scanner([Pattern("a")], with_lane="pcre")


@pytest.mark.parametrize(
    "pattern", [r"(a)\1", "(?=a)b", "a(?!b)", "(?<=a)b", "(?<!a)b", "(?>a)b", "a++", "(a)?(?(1)b)"]
)
def test_what_only_backtracking_can_decide_is_refused(pattern: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_regular(pattern)

    assert caught.value.problem.endswith("which rules cannot")
    assert "unless" in caught.value.hint


def test_a_pattern_that_grows_out_of_bounds_is_refused() -> None:
    with pytest.raises(SpecError, match="2000 are the most"):
        parse_regular("(a{1,100}){1,100}")
    with pytest.raises(SpecError):
        parse_regular("(" * 500 + ")" * 500)
