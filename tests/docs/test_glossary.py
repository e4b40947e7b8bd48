"""The head noun of every public name is a term of docs/glossary.md or plain English."""

import importlib
import re
from pathlib import Path

import pytest

from tests.public.surface import MODULES

PAGE = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")
TERMS = {
    word
    for term in re.findall(r"^\| ([^|]+?) \|", PAGE, re.MULTILINE)
    for word in re.findall(r"[a-z]+", term.lower().replace("-", ""))
}
PLAIN = set(re.findall(r"[a-z]+", PAGE.partition("## Plain words")[2].lower()))


def head_noun(name: str) -> str:
    """The last word of a name."""
    return str(re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)[-1]).lower()


def known(word: str) -> bool:
    forms = {word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("ies") + "y"}
    return bool(forms & (TERMS | PLAIN))


@pytest.mark.parametrize("module", MODULES)
def test_head_nouns_are_terms_or_plain_english(module: str) -> None:
    public = importlib.import_module(module)
    unknown = {name for name in public.__all__ if not known(head_noun(name))}
    assert unknown == set()


def test_every_term_has_one_sentence_and_its_screen_word_or_none() -> None:
    rows = re.findall(r"^\|([^|]*)\|([^|]*)\|([^|]*)\|$", PAGE, re.MULTILINE)
    assert len(rows) > 100
    assert [term for term, _, meaning in rows if not meaning.strip()] == []
