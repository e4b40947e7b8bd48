"""Abbreviates a text to a bureau's limit, by known rules only. Documents and references are never abbreviated."""

from __future__ import annotations

_STREET_TYPES = {
    "ALAMEDA": "AL",
    "AVENIDA": "AV",
    "BECO": "BC",
    "CHACARA": "CH",
    "CHÁCARA": "CH",
    "CONJUNTO": "CJ",
    "CONDOMINIO": "COND",
    "CONDOMÍNIO": "COND",
    "ESTRADA": "EST",
    "FAZENDA": "FAZ",
    "JARDIM": "JD",
    "LARGO": "LG",
    "LOTEAMENTO": "LOT",
    "PARQUE": "PQ",
    "PRACA": "PC",
    "PRAÇA": "PC",
    "RESIDENCIAL": "RES",
    "RODOVIA": "ROD",
    "RUA": "R",
    "TRAVESSA": "TV",
    "VILA": "VL",
}
_SAINTS = {"SAO": "S", "SÃO": "S", "SANTA": "STA", "SANTO": "STO", "NOSSA": "N", "SENHORA": "SRA"}
_TITLES = {"DOUTOR": "DR", "DOUTORA": "DRA", "PROFESSOR": "PROF", "CORONEL": "CEL", "GENERAL": "GEN", "PADRE": "PE"}
_KNOWN = {**_STREET_TYPES, **_SAINTS, **_TITLES}
_PARTICLES = {"DE", "DA", "DO", "DAS", "DOS", "E"}


def abbreviate(text: str, length: int) -> str | None:
    """Shorten a text word by word, from the left, until it has at most `length` characters.

    Known words come first (street types, saints, titles); then words between the first and the last become initials;
    then particles are dropped.

    Returns:
        The text with blanks folded, shortened only as far as needed; None where it does not fit even so.
    """
    words = text.split()
    for shorten in (_known, _initial, _drop):
        for position in range(len(words)):
            if len(" ".join(filter(None, words))) <= length:
                break
            words[position] = shorten(words, position)
    short = " ".join(filter(None, words))
    return short if len(short) <= length and (short or not text.strip()) else None


def _known(words: list[str], position: int) -> str:
    return _KNOWN.get(words[position].upper(), words[position])


def _initial(words: list[str], position: int) -> str:
    word = words[position]
    between = 0 < position < len(words) - 1
    return word[0] if between and word and word.upper() not in _PARTICLES else word


def _drop(words: list[str], position: int) -> str:
    return "" if words[position].upper() in _PARTICLES else words[position]
