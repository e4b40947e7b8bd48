"""Documents and money: CPF and CNPJ with right check digits, amounts in BRL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from credit_protection.domain.documents import Cnpj, Cpf, PersonType
from credit_protection.domain.money import Money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import SearchStrategy

    from credit_protection.domain.documents import Document

_CENT, _MOST = Money(1), Money(100_000_00)
_DIGITS = "0123456789"
_POSITIONS = _DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def cpf() -> SearchStrategy[Cpf]:
    """A CPF with right check digits; never eleven times the same digit."""
    return _numbers(_DIGITS, 9).map(lambda base: Cpf(base + _check_digits(base, (10, 11), 11)))


def cnpj() -> SearchStrategy[Cnpj]:
    """A CNPJ of digits alone, with right check digits."""
    return _numbers(_DIGITS, 12).map(_with_cnpj_digits)


def alphanumeric_cnpj() -> SearchStrategy[Cnpj]:
    """A CNPJ with at least one letter, as given out since July 2026."""
    return (
        st.tuples(_numbers(_POSITIONS, 12), st.integers(0, 11), st.sampled_from(_POSITIONS[10:]))
        .map(lambda drawn: drawn[0][: drawn[1]] + drawn[2] + drawn[0][drawn[1] + 1 :])
        .map(_with_cnpj_digits)
    )


def documents(person_type: PersonType | None = None) -> SearchStrategy[Document]:
    """A CPF or a CNPJ, the latter with or without letters.

    Args:
        person_type: PF for a CPF, PJ for a CNPJ; None for either.
    """
    if person_type is PersonType.PF:
        return cpf()
    legal = cnpj() | alphanumeric_cnpj()
    return legal if person_type is PersonType.PJ else cpf() | legal


def money(minimum: Money = _CENT, maximum: Money = _MOST) -> SearchStrategy[Money]:
    """An amount in BRL.

    Args:
        minimum: the least, one cent unless told.
        maximum: the most, R$ 100.000,00 unless told.
    """
    return st.integers(minimum.cents, maximum.cents).map(Money)


def _numbers(alphabet: str, length: int) -> SearchStrategy[str]:
    """Positions before the check digits; never all alike, for no such document exists."""

    def written(number: int) -> str:
        positions = ""
        for _ in range(length):
            number, digit = divmod(number, len(alphabet))
            positions = alphabet[digit] + positions
        return positions if len(set(positions)) > 1 else positions[:-1] + ("1" if positions[-1] != "1" else "2")

    return st.integers(0, len(alphabet) ** length - 1).map(written)


def _with_cnpj_digits(base: str) -> Cnpj:
    return Cnpj(base + _check_digits(base, (5, 6), 9))


def _check_digits(base: str, first_weights: Sequence[int], highest: int) -> str:
    """Two check digits, module 11.

    A position counts its ASCII value less 48; weights fall from the first to 2, and then on from `highest`.
    """
    digits = ""
    for first in first_weights:
        weight, checksum = first, 0
        for position in base + digits:
            checksum += (ord(position) - 48) * weight
            weight = weight - 1 if weight > 2 else highest  # noqa: PLR2004 - the smallest weight
        rest = checksum % 11
        digits += str(11 - rest if rest > 1 else 0)
    return digits
