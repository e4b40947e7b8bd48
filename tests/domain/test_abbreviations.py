import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from credit_protection.domain.abbreviations import abbreviate

lengths = st.integers(1, 60)
words = st.text("ABCÇÃÉabcçãé'.", min_size=1, max_size=14)
known = st.sampled_from(
    ["Rua", "AVENIDA", "São", "Nossa", "Senhora", "Doutor", "de", "DA", "dos", "e", "Padre", "Vila"]
)
texts = st.lists(words | known, max_size=8).map(" ".join)


@pytest.mark.parametrize(
    ("text", "length", "short"),
    [
        ("São José do Rio Preto", 21, "São José do Rio Preto"),
        ("São José do Rio Preto", 20, "S José do Rio Preto"),
        ("São José do Rio Preto", 18, "S J do Rio Preto"),
        ("São José do Rio Preto", 15, "S J do R Preto"),
        ("São José do Rio Preto", 13, "S J R Preto"),
        ("São José do Rio Preto", 11, "S J R Preto"),
        ("São José do Rio Preto", 10, None),
        ("SAO JOSE DO RIO PRETO", 20, "S JOSE DO RIO PRETO"),
        ("Avenida Doutor Professor Pedro", 24, "AV DR Professor Pedro"),
        ("Avenida Doutor Professor Pedro", 20, "AV DR PROF Pedro"),
        ("Rua  das   Acácias", 15, "Rua das Acácias"),
        ("Rua das Acácias", 14, "R das Acácias"),
        ("Rua das Acácias", 13, "R das Acácias"),
        ("Rua das Acácias", 12, "R Acácias"),
        ("Rua das Acácias", 8, None),
        ("Maria da Silva e Souza", 20, "Maria da S e Souza"),
        ("Maria da Silva e Souza", 17, "Maria S e Souza"),
        ("Maria da Silva e Souza", 14, "Maria S Souza"),
        ("Inabreviável", 11, None),
        ("Inabreviável", 12, "Inabreviável"),
        ("  Rua  ", 3, "Rua"),
        ("", 5, ""),
        ("Loteamento Conjunto Alameda", 19, "LOT CJ Alameda"),
    ],
)
def test_text_is_abbreviated_by_known_rules_only_as_far_as_needed(text: str, length: int, short: str | None) -> None:
    assert abbreviate(text, length) == short


@pytest.mark.parametrize(
    ("word", "short"),
    [
        ("ALAMEDA", "AL"),
        ("AVENIDA", "AV"),
        ("BECO", "BC"),
        ("CHACARA", "CH"),
        ("CHÁCARA", "CH"),
        ("CONJUNTO", "CJ"),
        ("CONDOMINIO", "COND"),
        ("CONDOMÍNIO", "COND"),
        ("ESTRADA", "EST"),
        ("FAZENDA", "FAZ"),
        ("JARDIM", "JD"),
        ("LARGO", "LG"),
        ("LOTEAMENTO", "LOT"),
        ("PARQUE", "PQ"),
        ("PRACA", "PC"),
        ("PRAÇA", "PC"),
        ("RESIDENCIAL", "RES"),
        ("RODOVIA", "ROD"),
        ("RUA", "R"),
        ("TRAVESSA", "TV"),
        ("VILA", "VL"),
        ("SAO", "S"),
        ("SÃO", "S"),
        ("SANTA", "STA"),
        ("SANTO", "STO"),
        ("NOSSA", "N"),
        ("SENHORA", "SRA"),
        ("DOUTOR", "DR"),
        ("DOUTORA", "DRA"),
        ("PROFESSOR", "PROF"),
        ("CORONEL", "CEL"),
        ("GENERAL", "GEN"),
        ("PADRE", "PE"),
    ],
)
def test_known_words_are_abbreviated_in_any_case(word: str, short: str) -> None:
    for written in (word, word.lower(), word.capitalize()):
        assert abbreviate(f"{written} Xyz", len(word) + 3) == f"{short} Xyz"


@pytest.mark.parametrize("particle", ["de", "da", "do", "das", "dos", "e", "De", "DA"])
def test_particles_are_dropped_last_and_never_become_initials(particle: str) -> None:
    text = f"Abc {particle} Xyz"
    assert abbreviate(text, len(text) - 1) == "Abc Xyz"


def test_text_is_never_abbreviated_to_nothing() -> None:
    assert abbreviate("de da", 1) is None


@given(texts, lengths)
@example("São José do Rio Preto", 20)
def test_abbreviated_text_fits(text: str, length: int) -> None:
    short = abbreviate(text, length)
    if short is not None:
        assert len(short) <= length
        assert short == " ".join(short.split())


@given(texts, lengths)
def test_fitting_text_is_only_folded(text: str, length: int) -> None:
    folded = " ".join(text.split())
    if len(folded) <= length:
        assert abbreviate(text, length) == folded


@given(texts, lengths)
def test_abbreviation_is_idempotent(text: str, length: int) -> None:
    short = abbreviate(text, length)
    if short is not None:
        assert abbreviate(short, length) == short


@given(texts, lengths)
def test_longer_limit_never_makes_abbreviation_impossible(text: str, length: int) -> None:
    if abbreviate(text, length) is not None:
        assert abbreviate(text, length + 1) is not None


@given(texts, lengths)
def test_first_and_last_word_keep_their_first_letter(text: str, length: int) -> None:
    particles = {"DE", "DA", "DO", "DAS", "DOS", "E"}
    given_words = [word for word in text.split() if word.upper() not in particles]
    short = abbreviate(text, length)
    if short and given_words:
        kept = [word for word in short.split() if word.upper() not in particles]
        assert [word[0].upper() for word in kept] == [word[0].upper() for word in given_words]
        assert re.fullmatch(r"\S+( \S+)*", short)
