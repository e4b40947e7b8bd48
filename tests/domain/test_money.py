from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.money import ZERO, Money, total
from credit_protection.testing.strategies import money

amounts = money(Money(-1_000_000_000_00), Money(1_000_000_000_00))
rates = st.decimals(min_value=0, max_value=1000, places=4)


# ------------------------------------------------------------------------------------------------ for the reader


@pytest.mark.parametrize(
    ("given_amount", "cents"),
    [
        ("119.90", 11990),
        ("119.9", 11990),
        ("119.900", 11990),
        ("0", 0),
        ("-0.01", -1),
        (120, 12000),
        (Decimal("0.01"), 1),
        (Decimal("1E+2"), 10000),
    ],
)
def test_reais_become_cents_exactly(given_amount: str | int | Decimal, cents: int) -> None:
    assert Money.brl(given_amount) == Money(cents)
    assert type(Money.brl(given_amount).cents) is int


@pytest.mark.parametrize(
    "given_amount", ["119.901", "0.001", "NaN", "sNaN", "Infinity", "-Infinity", "", "R$ 1", "1,00"]
)
def test_malformed_amount_is_refused(given_amount: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Money.brl(given_amount)

    assert caught.value.code == "valor_formato"
    assert caught.value.field == "amount"
    assert caught.value.message == "Valor deve ser em reais com até duas casas, por exemplo 119.90."


@pytest.mark.parametrize("given_amount", [1.5, 0.1, float("nan"), float("inf"), 120.0])
def test_float_is_never_money(given_amount: float) -> None:
    with pytest.raises(InvalidInput):
        Money.brl(given_amount)  # type: ignore[arg-type]


def test_very_long_amount_is_kept_exactly_or_refused() -> None:
    try:
        made = Money.brl("12345678901234567890123456789.01")
    except InvalidInput:
        return
    assert made.cents == 1234567890123456789012345678901


def test_absurd_exponent_is_refused_like_any_malformed_amount() -> None:
    with pytest.raises(InvalidInput):
        Money.brl("9E+999999")


@pytest.mark.parametrize("given_amount", ["1_000", "١٢"])
def test_only_plain_digits_make_an_amount(given_amount: str) -> None:
    with pytest.raises(InvalidInput):
        Money.brl(given_amount)


@pytest.mark.parametrize(
    ("cents", "text"),
    [
        (0, "R$ 0,00"),
        (1, "R$ 0,01"),
        (-1, "-R$ 0,01"),
        (11990, "R$ 119,90"),
        (100_000, "R$ 1.000,00"),
        (123_456_789, "R$ 1.234.567,89"),
        (-100_005, "-R$ 1.000,05"),
    ],
)
def test_amount_is_shown_as_brazilians_write_it(cents: int, text: str) -> None:
    assert str(Money(cents)) == text


@pytest.mark.parametrize(
    ("cents", "rate", "expected"),
    [
        (10_000, "2", 200),
        (10_000, "0", 0),
        (25, "2", 1),  # half a cent goes up
        (24, "2", 0),
        (-25, "2", -1),
        (9_999, "1.5", 150),
        (1, "100", 1),
    ],
)
def test_percentage_is_rounded_half_up_to_the_cent(cents: int, rate: str, expected: int) -> None:
    assert Money(cents).percent(Decimal(rate)) == Money(expected)


# ------------------------------------------------------------------------------------------------ rules


@given(amounts)
def test_reais_and_cents_are_two_writings_of_one_amount(amount: Money) -> None:
    assert Money.brl(amount.amount) == amount
    assert Money.brl(str(amount.amount)) == amount
    assert amount.amount * 100 == amount.cents
    assert amount.amount.as_tuple().exponent == -2


@given(st.decimals(allow_nan=False, allow_infinity=False, places=5, min_value=-(10**9), max_value=10**9))
def test_amount_is_taken_if_and_only_if_it_is_whole_cents(reais: Decimal) -> None:
    if reais * 100 == int(reais * 100):
        assert Money.brl(reais).amount == reais
    else:
        with pytest.raises(InvalidInput):
            Money.brl(reais)


@given(amounts, amounts)
def test_sums_and_differences_are_those_of_cents(one: Money, other: Money) -> None:
    assert (one + other).cents == one.cents + other.cents
    assert (one - other).cents == one.cents - other.cents
    assert one - other + other == one
    assert (one < other) == (one.cents < other.cents)
    assert (one >= other) == (one.cents >= other.cents)


@given(st.lists(amounts))
def test_total_is_the_sum_and_nothing_sums_to_zero(several: list[Money]) -> None:
    assert total(several).cents == sum(amount.cents for amount in several)
    assert total([]) == ZERO == Money(0)


@given(amounts)
def test_only_zero_is_falsy(amount: Money) -> None:
    assert bool(amount) is (amount.cents != 0)
    assert not ZERO


@given(amounts, rates)
@example(Money(50), Decimal(1))
def test_percentage_is_within_half_a_cent(amount: Money, rate: Decimal) -> None:
    exact = Decimal(amount.cents) * rate / 100
    assert amount.percent(rate).cents == exact.to_integral_value(rounding=ROUND_HALF_UP)
    assert abs(amount.percent(rate).cents - exact) <= Decimal("0.5")


@given(amounts)
def test_shown_amount_can_be_read_back(amount: Money) -> None:
    shown = str(amount).replace("R$ ", "").replace(".", "").replace(",", ".")
    assert Money.brl(shown) == amount
