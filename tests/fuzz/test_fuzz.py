"""Each parser of outside data gets its corpus, and a few examples; `make fuzz` gives it many."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.parsers import CORPUS, TARGETS, check, seeds

_OF_BYTES = {"extracts", "configuration", "reports"}
_OF_TEXTS = {"amounts", "days", "documents", "names", "headers", "keys", "cursors", "providers"}


@pytest.mark.parametrize("name", TARGETS)
def test_parser_returns_or_raises_its_own_error(name: str) -> None:
    @settings(max_examples=30, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def run(data: st.DataObject) -> None:
        check(TARGETS[name], data.draw(TARGETS[name].given))

    run()


@pytest.mark.parametrize("name", sorted(_OF_BYTES | _OF_TEXTS))
def test_every_seed_of_the_corpus_is_read_or_refused(name: str) -> None:
    assert seeds(name)
    for seed in seeds(name):
        check(TARGETS[name], seed if name in _OF_BYTES else seed.decode("utf-8", "surrogateescape"))


def test_corpus_stays_small() -> None:
    files = list(CORPUS.iterdir())
    assert sum(path.stat().st_size for path in files) < 64 << 10
    assert {path.stem for path in files} <= {*TARGETS, "sheets"}
