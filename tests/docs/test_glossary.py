"""The head noun of every public name is a term of docs/glossary.md or one of its plain words."""

import importlib
import re
from pathlib import Path

import pytest

from tests.public.surface import MODULES

PAGE = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")
TERMS = {
    term.split()[-1].replace("-", "").lower()
    for cell in re.findall(r"^\| ([^|]+?) \|", PAGE, re.MULTILINE)
    for term in cell.split(",")
}
PLAIN = set(
    " ".join(re.findall(r"^```\n(.*?)^```", PAGE.partition("## Plain words")[2], re.MULTILINE | re.DOTALL)).split()
)
PREPOSITIONS = {"for", "in", "of"}


def head_noun(name: str) -> str:
    """The last word of a name, or the one before a preposition."""
    words: list[str] = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
    return words[-2] if words[-1] in PREPOSITIONS else words[-1]


def forms(word: str) -> set[str]:
    """The word, and what it is the plural of."""
    return {word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("ies") + "y"}


@pytest.mark.parametrize("module", MODULES)
def test_head_nouns_are_terms_or_plain_words(module: str) -> None:
    names = importlib.import_module(module).__all__
    assert {name for name in names if not forms(head_noun(name)) & (TERMS | PLAIN)} == set()


def test_plain_words_are_needed_and_no_terms() -> None:
    names = [name for module in MODULES for name in importlib.import_module(module).__all__]
    assert PLAIN - {form for name in names for form in forms(head_noun(name))} == set()
    assert set() == PLAIN & TERMS


def test_every_term_has_one_sentence_and_its_screen_word_or_none() -> None:
    rows = re.findall(r"^\|([^|]*)\|([^|]*)\|([^|]*)\|$", PAGE, re.MULTILINE)
    assert len(rows) > 100
    assert [term for term, _, meaning in rows if not meaning.strip()] == []


@pytest.mark.parametrize(
    ("name", "noun"),
    [("label_for", "label"), ("persons_in", "persons"), ("ERPCode", "code"), ("AlarmCode", "code"), ("PDF", "pdf")],
)
def test_head_noun_of_a_name(name: str, noun: str) -> None:
    assert head_noun(name) == noun
