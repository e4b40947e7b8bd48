"""Money: Brazilian reais with two places, held as integer cents."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TYPE_CHECKING

from credit_protection.domain.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable

_CENT = Decimal("0.01")


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
        try:
            cents = Decimal(amount).scaleb(2)
        except InvalidOperation:
            cents = Decimal("NaN")
        if isinstance(amount, float) or not cents.is_finite() or cents != cents.to_integral_value():
            raise InvalidInput(
                "Valor deve ser em reais com até duas casas, por exemplo 119.90.", field="amount", code="valor_formato"
            )
        return cls(int(cents))

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
