"""The federative units (UF) and the ranges of their postal codes (CEP)."""

from __future__ import annotations

STATES = frozenset(
    "AC AL AM AP BA CE DF ES GO MA MG MS MT PA PB PE PI PR RJ RN RO RR RS SC SE SP TO".split()  # noqa: SIM905 - one line
)
"""The 26 states and the Federal District (UF)."""
_RANGES = (
    ("SP", 1000, 19999),
    ("RJ", 20000, 28999),
    ("ES", 29000, 29999),
    ("MG", 30000, 39999),
    ("BA", 40000, 48999),
    ("SE", 49000, 49999),
    ("PE", 50000, 56999),
    ("AL", 57000, 57999),
    ("PB", 58000, 58999),
    ("RN", 59000, 59999),
    ("CE", 60000, 63999),
    ("PI", 64000, 64999),
    ("MA", 65000, 65999),
    ("PA", 66000, 68899),
    ("AP", 68900, 68999),
    ("AM", 69000, 69299),
    ("RR", 69300, 69399),
    ("AM", 69400, 69899),
    ("AC", 69900, 69999),
    ("DF", 70000, 72799),
    ("GO", 72800, 72999),
    ("DF", 73000, 73699),
    ("GO", 73700, 76799),
    ("RO", 76800, 76999),
    ("TO", 77000, 77999),
    ("MT", 78000, 78899),
    ("RO", 78900, 78999),
    ("MS", 79000, 79999),
    ("PR", 80000, 87999),
    ("SC", 88000, 89999),
    ("RS", 90000, 99999),
)
"""By the first five digits; 78900 to 78999 are Rondônia's older ones."""
_LENGTH = 8


def compact_postal_code(text: str) -> str:
    """A CEP without point, hyphen and blanks."""
    return "".join(character for character in text if character not in " .-")


def is_postal_code(text: str) -> bool:
    """Whether a compact CEP has eight digits, not all alike."""
    return len(text) == _LENGTH and text.isascii() and text.isdigit() and len(set(text)) > 1


def state_of(postal_code: str) -> str | None:
    """The UF of a compact CEP; None where no range has it."""
    prefix = int(postal_code[:5])
    return next((state for state, first, last in _RANGES if first <= prefix <= last), None)
