"""Money: Brazilian reais with two places, stored as integer cents."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from credit_protection.domain.errors import InvalidInput

_CENT = Decimal("0.01")
_PLAIN = re.compile(r"(-)?([0-9]{1,15})(?:\.([0-9]{1,2}0*))?").fullmatch


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in BRL. `Money(11990)` is R$ 119,90; use `Money.brl("119.90")` for text or Decimal."""

    cents: int

    @classmethod
    def brl(cls, amount: str | int | Decimal) -> Money:
        """Make an amount from reais, exactly.

        Args:
            amount: decimal with a point and at most two places (`"119.90"`), a Decimal, or whole reais. Never a float.

        Raises:
            InvalidInput: not a finite number, or more than two places.
        """
        text = f"{amount:f}" if isinstance(amount, Decimal) else str(amount)
        plain = _PLAIN(text)
        if plain is None or isinstance(amount, float):
            raise InvalidInput(
                "Valor deve ser em reais com até duas casas, por exemplo 119.90.", field="amount", code="valor_formato"
            )
        sign, whole, cents = plain.groups(default="")
        magnitude = int(whole) * 100 + int(cents[:2].ljust(2, "0"))
        return cls(-magnitude if sign else magnitude)

    @property
    def amount(self) -> Decimal:
        """The amount in reais, with two places."""
        return Decimal(self.cents).scaleb(-2).quantize(_CENT)

    def percent(self, rate: Decimal) -> Money:
        """`rate` per cent of this amount, rounded half up to the cent."""
        return Money(int((Decimal(self.cents) * rate / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP)))

    def __add__(self, other: Money) -> Money:
        return Money(self.cents + other.cents)

    def __sub__(self, other: Money) -> Money:
        return Money(self.cents - other.cents)

    def __bool__(self) -> bool:
        return self.cents != 0

    def __str__(self) -> str:
        whole, cents = divmod(abs(self.cents), 100)
        return f"{'-' if self.cents < 0 else ''}R$ {whole:,}".replace(",", ".") + f",{cents:02d}"


ZERO = Money(0)


def total(amounts: Iterable[Money]) -> Money:
    """Sum amounts; nothing sums to R$ 0,00."""
    return Money(sum(amount.cents for amount in amounts))
