"""Whatever is done to one row of the audit log is found, and where."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from svcctl.engine.audit_chain import (
    Head,
    Row,
    chained,
    head_line,
    read_head,
    seal,
    verify,
)

COUNT = 12
numbers = st.integers(min_value=1, max_value=COUNT)


def written(count: int = COUNT) -> list[Row]:
    columns = [
        (float(at), f"{at}", "uid:0", "local", "", "start", "web", "{}", "", "done")
        for at in range(count)
    ]
    return list(chained(columns, after=None))


def heads(rows: list[Row]) -> list[Head | None]:
    return [Head(int(str(row[0])), str(row[-1])) for row in rows]


def problems(rows: list[Row], kept: list[Head | None]) -> list[str]:
    return [each.problem for each in verify(rows, kept).found]


def resealed(rows: list[Row]) -> list[Row]:
    """Give *rows* numbered and sealed anew, as who knows how might."""
    return list(chained([row[1:-2] for row in rows], after=None))


def test_what_was_written_is_sound_and_its_head_is_told() -> None:
    rows = written()

    verdict = verify(rows, heads(rows))

    assert verdict.sound
    assert (verdict.rows, verdict.head) == (COUNT, Head(COUNT, str(rows[-1][-1])))


def test_an_empty_log_is_sound() -> None:
    assert verify([], []).sound


def test_rows_whose_seals_are_not_kept_yet_are_sound() -> None:
    rows = written()

    assert verify(rows, heads(rows)[:-3]).sound


@given(number=numbers, column=st.integers(min_value=1, max_value=12))
def test_a_changed_row_is_found(number: int, column: int) -> None:
    rows = written()
    changed = list(rows[number - 1])
    changed[column] = "another"
    tampered = [*rows[: number - 1], tuple(changed), *rows[number:]]

    found = verify(tampered, heads(rows)).found

    assert found[0].number == number
    assert found[0].problem == f"row {number} was changed"


@given(number=numbers)
def test_bytes_where_text_was_are_a_change(number: int) -> None:
    rows = written()
    rows[number - 1] = (number, b"\xff", *rows[number - 1][2:])

    assert problems(rows, heads(written()))[0] == f"row {number} was changed"


@given(number=numbers)
def test_a_row_that_was_changed_and_sealed_anew_with_all_after_it_is_found(number: int) -> None:
    rows = written()
    changed = [*rows[number - 1]]
    changed[3] = "uid:7"
    tampered = resealed([*rows[: number - 1], tuple(changed), *rows[number:]])

    found = verify(tampered, heads(rows)).found

    assert found[0].problem == f"row {number} was changed, and sealed anew"


@given(number=numbers)
def test_a_row_that_is_taken_out_is_missed(number: int) -> None:
    rows = written()
    tampered = [row for row in rows if row[0] != number]

    (found,) = problems(tampered, heads(rows))

    assert found.startswith(f"row {number} is missing")


@given(first=numbers)
def test_an_end_that_is_cut_off_is_missed(first: int) -> None:
    rows = written()

    found = verify(rows[: first - 1], heads(rows)).found

    assert [each.number for each in found] == [first]
    assert found[0].problem.endswith("missing: cut off at the end")


@given(number=numbers)
def test_a_row_that_is_taken_out_while_the_rest_closes_ranks_is_found(number: int) -> None:
    rows = written()
    tampered = resealed([row for row in rows if row[0] != number])

    found = verify(tampered, heads(rows)).found

    assert found[0].number == number


@given(number=numbers)
def test_a_row_that_is_put_in_is_found(number: int) -> None:
    rows = written()
    tampered = resealed([*rows[: number - 1], rows[0][:1] + rows[5][1:], *rows[number - 1 :]])

    found = verify(tampered, heads(rows)).found

    assert found[0].number >= number
    assert not verify(tampered, heads(rows)).sound


def test_a_row_before_the_first_is_found() -> None:
    rows = written(3)
    early = (0, *rows[0][1:])

    assert problems([early, *rows], heads(rows))[0] == "row 0 was put in before the first"


@given(one=numbers, other=numbers)
def test_rows_that_changed_places_are_found(one: int, other: int) -> None:
    rows = written()
    first, second = sorted((one, other))
    tampered = list(rows)
    tampered[first - 1] = (first, *rows[second - 1][1:])
    tampered[second - 1] = (second, *rows[first - 1][1:])

    found = [each.number for each in verify(tampered, heads(rows)).found]

    assert found == ([] if first == second else [first, second])


def test_a_row_whose_seal_was_never_kept_is_found_between_others() -> None:
    rows = written()
    kept = heads(rows)
    del kept[6]

    found = verify(rows, kept).found

    assert [each.problem for each in found] == [
        "row 7 was put in: its seal was never kept",
        "the seals that were kept were changed behind that of row 6",
    ]


def test_a_chain_that_begins_with_another_is_found_without_kept_seals() -> None:
    rows = written()
    other = chained([row[1:-2] for row in rows[4:]], after=Head(4, seal("x", ("y",))))

    assert problems([*rows[:4], *other], []) == ["row 5 does not follow the one before it"]


def test_unreadable_and_repeated_seals_are_found() -> None:
    rows = written(3)
    first, second, third = heads(rows)

    assert len(verify(rows, [first, None, second, third]).found) == 1
    assert len(verify(rows, [first, first, second, third]).found) == 1


def test_a_head_that_was_kept_elsewhere_proves_all_before_it() -> None:
    rows = written()
    known = heads(rows)[4]
    forged = resealed([rows[0], (2, 9.0, *rows[1][2:]), *rows[2:]])

    assert verify(rows, heads(rows), known=known).sound
    assert [each.number for each in verify(forged, heads(forged), known=known).found] == [5]
    assert not verify(rows[:3], heads(rows[:3]), known=known).sound


@given(
    number=st.integers(min_value=0, max_value=10**18 - 1),
    text=st.text(alphabet="0123456789abcdef", min_size=64, max_size=64),
)
def test_a_kept_seal_is_read_back(number: int, text: str) -> None:
    assert read_head(head_line(Head(number, text))[:-1]) == Head(number, text)


@given(st.binary(max_size=90))
def test_anything_else_is_no_seal(line: bytes) -> None:
    found = read_head(line)

    assert found is None or head_line(found) != b""


def test_no_more_than_a_hundred_findings_are_told() -> None:
    rows = [(row[0], "x", *row[2:]) for row in written(500)]

    assert len(verify(rows, []).found) == 100
