"""Shortening a text to what a bureau takes, by known rules only. Documents and references are never shortened."""

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
    """Shorten a text, one word at a time, until it fits.

    First the known words from the left (street types, saints, titles), then the words between the first and the last
    to their initials, then the particles fall.

    Args:
        text: what the host gives.
        length: the most that the bureau takes.

    Returns:
        The text with blanks folded, shortened only as far as needed; None where the rules can't make it fit.
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
