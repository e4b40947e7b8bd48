"""Documents and money: CPF and CNPJ with right check digits, amounts in BRL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from credit_protection.domain.documents import Cnpj, Cpf, Document, PersonType
from credit_protection.domain.money import Money
from credit_protection.testing.strategies.shared import derived

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_CENT, _MOST = Money(1), Money(100_000_00)
_DIGITS = "0123456789"
_POSITIONS = _DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def cpf() -> SearchStrategy[Cpf]:
    """A CPF with right check digits; never eleven times the same digit."""
    return derived(lambda base: Cpf(base + _check_digits(base, (10, 11), 11)), _numbers(_DIGITS, 9))


def cnpj() -> SearchStrategy[Cnpj]:
    """A CNPJ of digits alone, with right check digits."""
    return derived(_cnpj, _numbers(_DIGITS, 12))


def alphanumeric_cnpj() -> SearchStrategy[Cnpj]:
    """A CNPJ with at least one letter, as issued since July 2026."""
    return derived(
        lambda base, position, letter: _cnpj(base[:position] + letter + base[position + 1 :]),
        _numbers(_POSITIONS, 12),
        st.integers(0, 11),
        st.sampled_from(_POSITIONS[10:]),
    )


def documents(person_type: PersonType | None = None) -> SearchStrategy[Document]:
    """A CPF (`PersonType.PF`), or a CNPJ with or without letters (`PersonType.PJ`); None for either."""
    if person_type is PersonType.PF:
        return cpf()
    legal = cnpj() | alphanumeric_cnpj()
    return legal if person_type is PersonType.PJ else cpf() | legal


def money(minimum: Money = _CENT, maximum: Money = _MOST) -> SearchStrategy[Money]:
    """An amount in BRL between `minimum` (one cent by default) and `maximum` (R$ 100.000,00 by default)."""
    return st.integers(minimum.cents, maximum.cents).map(Money)


def _numbers(alphabet: str, length: int) -> SearchStrategy[str]:
    """The positions before the check digits, never all alike: no such document exists."""

    def positions_of(number: int) -> str:
        positions = ""
        for _ in range(length):
            number, digit = divmod(number, len(alphabet))
            positions = alphabet[digit] + positions
        return positions if len(set(positions)) > 1 else positions[:-1] + ("1" if positions[-1] != "1" else "2")

    return derived(positions_of, st.integers(0, len(alphabet) ** length - 1))


def _cnpj(base: str) -> Cnpj:
    return Cnpj(base + _check_digits(base, (5, 6), 9))


def _check_digits(base: str, first_weights: Sequence[int], highest: int) -> str:
    """Two check digits, module 11.

    A position counts its ASCII value less 48; weights fall from the first to 2, then from `highest` again.
    """
    digits = ""
    for first in first_weights:
        weight, checksum = first, 0
        for position in base + digits:
            checksum += (ord(position) - 48) * weight
            weight = weight - 1 if weight > 2 else highest  # noqa: PLR2004 - the smallest weight
        remainder = checksum % 11
        digits += str(11 - remainder if remainder > 1 else 0)
    return digits
