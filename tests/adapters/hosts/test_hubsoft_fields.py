import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from validate_docbr import CPF

from credit_protection.adapters.hosts.hubsoft_fields import (
    STATES,
    UNKNOWN_BIRTH,
    read_amount,
    read_birth,
    read_day,
    read_postal_code,
    read_state,
)

SAMPLES = Path(__file__).parents[2] / "data" / "hubsoft-samples.json"

amounts = st.decimals(min_value="-9999999.99", max_value="9999999.99", places=2)
days = st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31))
json_values = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=2)
parsers: tuple[Callable[[object], object], ...] = (
    read_amount,
    read_day,
    read_birth,
    read_postal_code,
    lambda value: read_state(value, None),
    lambda value: read_state("XX", value),
)


def refusal(parse: Callable[[object], object], value: object) -> str:
    try:
        parse(value)
    except ValueError as error:
        return str(error)
    return ""


def fields(node: object) -> Iterator[tuple[str, object]]:
    if isinstance(node, dict):
        yield from node.items()
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from fields(child)


# ---------------------------------------------------------------------------------------------------------- amounts


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("119.9", "119.90"),
        ("459.90", "459.90"),
        (" 89.00 ", "89.00"),
        ("199", "199.00"),
        ("119.9000", "119.90"),
        (54.95, "54.95"),
        (119.9, "119.90"),
        (0.1 + 0.2, "0.30"),
        (200, "200.00"),
        (0, "0.00"),
        (Decimal("10.5"), "10.50"),
        ("119,90", "119.90"),
        ("1.234,56", "1234.56"),
        ("1234567.89", "1234567.89"),
        ("-5.00", "-5.00"),
        ("-0.00", "0.00"),
    ],
)
def test_amount_is_read_in_every_format(written: object, amount: str) -> None:
    assert str(read_amount(written)) == amount


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_blank_field_has_no_amount(blank: object) -> None:
    assert read_amount(blank) is None


@pytest.mark.parametrize(
    "written",
    [
        *("abc", "R$", "1,2,3", "12.345.6", "1e5", "0x10", "١٢", "NaN", "Infinity", "9" * 14, "119.9051", "1.23,45"),
        *("1_000", float("nan"), float("inf"), 1e300, 10**13, 119.905, True, [], {}, Decimal("0.001")),
    ],
)
def test_amount_that_is_not_whole_cents_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"Corrija o valor no ERP"):
        read_amount(written)


@pytest.mark.parametrize("written", ["1.234", "-119.900", "0.500"])
def test_ambiguous_amount_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"ambíguo.*duas casas decimais"):
        read_amount(written)


@given(amounts)
@example(Decimal("-0.00"))
def test_every_spelling_of_an_amount_is_read_equally(amount: Decimal) -> None:
    brazilian = f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))
    spellings: list[object] = [f"{amount:.2f}", f"{amount:.1f}0"] if amount * 10 % 1 == 0 else [f"{amount:.2f}"]
    spellings += [float(amount), amount, brazilian, brazilian.replace(".", ""), f"{amount:.4f}"]
    for spelling in spellings:
        assert read_amount(spelling) == amount


@given(amounts)
def test_amount_has_two_places(amount: Decimal) -> None:
    parsed = read_amount(float(amount))
    assert parsed is not None
    assert parsed.as_tuple().exponent == -2


# ---------------------------------------------------------------------------------------------------------- days


@pytest.mark.parametrize(
    "written",
    [
        "2026-05-31",
        "31/05/2026",
        "2026-05-31 12:52:12",
        "31/05/2026 12:52",
        "2026-05-31T12:52:12.000",
        " 2026-05-31 ",
    ],
)
def test_day_is_read_in_every_format(written: str) -> None:
    assert read_day(written) == date(2026, 5, 31)


@pytest.mark.parametrize("blank", [None, "", " "])
def test_blank_field_has_no_day(blank: object) -> None:
    assert read_day(blank) is None
    assert read_birth(blank) is None


@pytest.mark.parametrize(
    "written",
    [
        *("2026-02-30", "29/02/2025", "05/31/2026", "31-05-2026", "2026/05/31", "0026-05-05", "2026-5-1", "ontem"),
        *("2026-05-31x", "2026-05-31 12h", "２０２６-05-31", "0000-00-00", 20260531, True, []),
    ],
)
def test_invalid_day_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"Corrija a data no ERP"):
        read_day(written)


@given(days, st.times())
def test_both_formats_are_read_with_and_without_a_time(day: date, moment: time) -> None:
    clock = f"{datetime.combine(day, moment):%H:%M:%S}"
    for written in (day.isoformat(), day.strftime("%d/%m/%Y")):
        assert read_day(written) == read_day(f"{written} {clock}") == day


@given(days)
@example(UNKNOWN_BIRTH)
def test_birth_date_is_a_day_unless_it_marks_an_unknown_one(day: date) -> None:
    assert read_birth(f"{day} 00:00:00") == (None if day == date(1969, 12, 31) else day)


def test_mark_of_an_unknown_birth_date_is_a_day_elsewhere() -> None:
    assert read_day("31/12/1969") == date(1969, 12, 31)
    assert read_birth("31/12/1969") is None


# ---------------------------------------------------------------------------------------------------------- states


@pytest.mark.parametrize(
    ("estado", "uf", "letters"),
    [
        ("MG", "MINAS GERAIS", "MG"),
        ("Minas Gerais", "MG", "MG"),
        ("sp", None, "SP"),
        (None, "SÂO PAULO", "SP"),
        ("SãO PAULO", "", "SP"),
        ("SP ", "  sao   paulo ", "SP"),
        ("PARÁ", None, "PA"),
        ("PARANÁ", None, "PR"),
        ("PARAÍBA", "PB", "PB"),
        ("MATO GROSSO", "", "MT"),
        ("MATO GROSSO DO SUL", "", "MS"),
        ("Interior", "BA", "BA"),
        ("Espirito Santo", "ES", "ES"),
        (None, None, ""),
        ("", "  ", ""),
    ],
)
def test_state_is_read_from_either_field(estado: object, uf: object, letters: str) -> None:
    assert read_state(estado, uf) == letters


@pytest.mark.parametrize(("estado", "uf"), [("XX", None), (None, "Buenos Aires"), (31, None), ("XX", "YY")])
def test_field_without_a_state_is_refused(estado: object, uf: object) -> None:
    with pytest.raises(ValueError, match=r"Estado não reconhecido.*Corrija o estado"):
        read_state(estado, uf)


def test_two_different_states_are_refused() -> None:
    with pytest.raises(ValueError, match=r"dois estados diferentes \(MG e SP\).*Corrija o estado"):
        read_state("SP", "MINAS GERAIS")


def test_there_are_27_states() -> None:
    assert len(STATES) == len(set(STATES.values())) == 27


@given(st.sampled_from(sorted(STATES.items())), st.data())
def test_case_accents_and_order_of_the_fields_do_not_matter(state: tuple[str, str], data: st.DataObject) -> None:
    letters, name = state
    accents = data.draw(st.lists(st.sampled_from(["", "", "", "\u0301", "\u0302", "\u0303"]), min_size=len(name)))
    odd = unicodedata.normalize(
        data.draw(st.sampled_from(["NFC", "NFD"])),
        "".join(
            (letter.lower() if data.draw(st.booleans()) else letter) + (accent if letter in "AEIOU" else "")
            for letter, accent in zip(name, accents, strict=False)
        ),
    )
    assert read_state(odd, letters) == read_state(letters, odd) == read_state(odd, None) == letters


# ---------------------------------------------------------------------------------------------------------- CEP


@given(st.integers(min_value=1, max_value=99_999_999))
def test_cep_is_read_with_and_without_a_hyphen(number: int) -> None:
    digits = f"{number:08d}"
    for written in (digits, f"{digits[:5]}-{digits[5:]}", f" {digits[:2]}.{digits[2:5]}-{digits[5:]} "):
        assert read_postal_code(written) == digits


@pytest.mark.parametrize("blank", [None, "", " ", "00000-000", "00000000"])
def test_blank_or_zero_cep_is_empty(blank: object) -> None:
    assert read_postal_code(blank) == ""


@pytest.mark.parametrize("written", ["3550-000", "355000000", "35500--000", "35500 000", "ABCDE-FGH", 35500000, True])
def test_invalid_cep_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"CEP inválido.*Corrija o CEP.*8 dígitos"):
        read_postal_code(written)


# ---------------------------------------------------------------------------------------------------------- all of them


@given(json_values, st.sampled_from(parsers))
def test_any_json_value_is_read_or_refused_with_a_sentence(value: object, parse: Callable[[object], object]) -> None:
    sentence = refusal(parse, value)
    assert not sentence or re.search(r"(?s)\. (Corrija|Informe) .+ no ERP", sentence)


@given(
    st.integers(min_value=0, max_value=999_999_999),
    st.sampled_from(parsers),
    st.sampled_from(["", "CPF ", "CPF: ", "0", "x" * 8]),
    st.booleans(),
)
def test_cpf_in_the_wrong_field_is_never_shown_whole(
    base: int, parse: Callable[[object], object], before: str, punctuated: bool
) -> None:
    stem = f"{base:09d}"
    ends = [stem + f"{check:02d}" for check in range(100) if CPF().validate(stem + f"{check:02d}")]
    assume(ends)
    digits = ends[0]
    written = f"{digits[:3]}.{digits[3:6]}.{digits[6:9]}-{digits[9:]}" if punctuated else digits
    sentence = refusal(parse, before + written)
    assert digits not in "".join(mark for mark in sentence if mark.isdigit())


def test_every_field_of_the_documented_answers_can_be_read() -> None:
    seen = {"amount": 0, "day": 0, "birth": 0, "cep": 0, "state": 0}
    for name, value in fields(json.loads(SAMPLES.read_text(encoding="utf-8"))):
        if name in {"valor", "valor_pago", "valor_juros_pago", "valor_desconto", "tarifa"}:
            read_amount(value)
            seen["amount"] += 1
        elif name in {"data_nascmento", "data_nascimento"}:
            read_birth(value)
            seen["birth"] += 1
        elif name.startswith("data_"):
            read_day(value)
            seen["day"] += 1
        elif name == "cep":
            assert read_postal_code(value) == "35500000"
            seen["cep"] += 1
        elif name.startswith("endereco_") and isinstance(value, dict):
            assert read_state(value["estado"], value["uf"]) == "MG"
            seen["state"] += 1
    assert all(seen.values())
