"""Processes that look at the same rows get out of each other's way; one that is alone keeps to the order."""

from hypothesis import given
from hypothesis import strategies as st

from credit_protection.adapters.queue.embedded.crowd import WIDEST, Crowd

DUE = [f"n{number}" for number in range(100)]


def test_alone_it_keeps_to_the_order() -> None:
    crowd = Crowd()
    assert crowd.looks() == 1
    assert crowd.some_of(DUE, 8) == DUE


def test_where_others_are_at_work_it_begins_somewhere_else() -> None:
    crowd = Crowd(lambda below: below // 2)
    crowd.lost()
    assert crowd.looks() == 2
    assert crowd.some_of(DUE, 8) == DUE[46:54]


def test_it_looks_further_while_anything_is_lost_and_comes_back_when_nothing_is() -> None:
    crowd = Crowd()
    widths = []
    for _ in range(6):
        crowd.lost()
        crowd.lost()
        widths.append(crowd.looks())
    widths += [crowd.looks() for _ in range(6)]
    assert widths == [2, 4, 8, WIDEST, WIDEST, WIDEST, 8, 4, 2, 1, 1, 1]


@given(st.integers(0, 40), st.integers(1, 20), st.integers(0, 10**9))
def test_it_begins_with_as_many_as_it_may_and_none_twice(there: int, most: int, drawn: int) -> None:
    crowd = Crowd(lambda below: drawn % below)
    crowd.lost()
    crowd.looks()
    some = list(crowd.some_of(DUE[:there], most))
    assert len(some) == len(set(some)) == min(there, most)


def test_every_row_has_its_turn() -> None:
    begun: set[str] = set()
    for number in range(len(DUE)):
        crowd = Crowd(lambda below, number=number: number % below)  # type: ignore[misc] # bound now
        crowd.lost()
        crowd.looks()
        begun.update(crowd.some_of(DUE, 8))
    assert begun == set(DUE)
