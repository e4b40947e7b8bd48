import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stdnum.br import cnpj as stdnum_cnpj
from stdnum.br import cpf as stdnum_cpf

from credit_protection.domain.documents import Cnpj, Cpf, Document, PersonType, parse_document
from credit_protection.domain.errors import InvalidInput
from credit_protection.testing.strategies import alphanumeric_cnpj, cnpj, cpf, documents
from tests.domain.message_checks import assert_says_what_to_do

blanks = st.sampled_from(["", " ", "\n", "\t", "\r\n", "\u00a0", "  \n"])


def refusal(text: str) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        parse_document(text)
    return caught.value


# ------------------------------------------------------------------------------------------------ for the reader


def test_cpf_is_stored_compact_and_shown_masked() -> None:
    document = Cpf("900.100.200-55")

    assert document.value == "90010020055"
    assert document.formatted == "900.100.200-55"
    assert document.masked == "***.100.200-**"
    assert document.person_type is PersonType.PF
    assert document.is_alphanumeric is False
    assert document == Cpf("90010020055")


def test_cnpj_with_letters_is_valid_since_july_2026() -> None:
    document = Cnpj("12.abc.345/01de-35")

    assert document.value == "12ABC34501DE35"
    assert document.formatted == "12.ABC.345/01DE-35"
    assert document.masked == "**.ABC.345/****-**"
    assert document.person_type is PersonType.PJ
    assert document.is_alphanumeric is True


def test_cnpj_of_digits_is_not_alphanumeric() -> None:
    document = Cnpj("11.222.333/0001-81")

    assert document.value == "11222333000181"
    assert document.masked == "**.222.333/****-**"
    assert document.is_alphanumeric is False


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("90010020056", "cpf_digitos", "CPF com dígitos verificadores errados. Confira o documento com o cliente."),
        ("900.100.200-56", "cpf_digitos", "CPF com dígitos verificadores errados. Confira o documento com o cliente."),
        (
            "9001002005a",
            "cpf_formato",
            "CPF deve ter 11 dígitos, com ou sem pontuação. Confira o documento no cadastro.",
        ),
        (
            "900100.200-55",
            "cpf_formato",
            "CPF deve ter 11 dígitos, com ou sem pontuação. Confira o documento no cadastro.",
        ),
        (
            "12ABC34501DE36",
            "cnpj_digitos",
            "CNPJ com dígitos verificadores errados. Confira o documento com o cliente.",
        ),
        (
            "12ABC34501DE3X",
            "cnpj_formato",
            "CNPJ deve ter 14 posições: 12 letras ou números e 2 dígitos. Confira o documento no cadastro.",
        ),
        (
            "12ABC345/01DE35",
            "cnpj_formato",
            "CNPJ deve ter 14 posições: 12 letras ou números e 2 dígitos. Confira o documento no cadastro.",
        ),
        (
            "123",
            "documento_formato",
            "Documento deve ser um CPF (11 dígitos) ou um CNPJ (14 posições). Confira o documento no cadastro.",
        ),
        (
            "",
            "documento_formato",
            "Documento deve ser um CPF (11 dígitos) ou um CNPJ (14 posições). Confira o documento no cadastro.",
        ),
    ],
)
def test_wrong_document_is_refused_with_its_own_code(text: str, code: str, message: str) -> None:
    error = refusal(text)

    assert (error.code, error.message, error.field) == (code, message, "document")
    assert str(error) == message
    assert error.context == {}
    assert_says_what_to_do(error.message)


@pytest.mark.parametrize("digit", "0123456789")
def test_document_of_one_repeated_digit_does_not_exist(digit: str) -> None:
    assert refusal(digit * 11).code == "cpf_digitos"
    assert refusal(digit * 14).code == "cnpj_digitos"


def test_repeated_digits_are_refused_though_the_library_accepts_them() -> None:
    assert stdnum_cpf.is_valid("111.111.111-11")
    assert refusal("111.111.111-11").code == "cpf_digitos"


@pytest.mark.parametrize(
    "text",
    [
        "9001002005５",  # a full-width five
        "٩٠٠١٠٠٢٠٠٥٥",  # Arabic-Indic digits
        "9001002005²",
        "90010020055\x00",
        "900 100 200 55",
        "900.100.200.55",
        "-90010020055",
        "90010020055.",
    ],
)
def test_only_ascii_digits_in_one_of_two_forms_make_a_cpf(text: str) -> None:
    assert refusal(text).code == "cpf_formato"


@pytest.mark.parametrize("text", ["１2ABC34501DE35", "12ÁBC34501DE35", "12ABC34501DE3５", "12 ABC34501DE35"])
def test_only_ascii_letters_and_digits_make_a_cnpj(text: str) -> None:
    assert refusal(text).code == "cnpj_formato"


def test_length_decides_between_cpf_and_cnpj() -> None:
    with pytest.raises(InvalidInput) as as_cpf:
        Cpf("11222333000181")
    with pytest.raises(InvalidInput) as as_cnpj:
        Cnpj("90010020055")

    assert as_cpf.value.code == "cpf_formato"
    assert as_cnpj.value.code == "cnpj_formato"


@pytest.mark.parametrize("stranger", ["ı", "ſ"])
def test_letter_that_becomes_ascii_by_upper_casing_is_refused(stranger: str) -> None:
    base = f"12{stranger.upper()}BC34501DE"
    digits = stdnum_cnpj.calc_check_digits(base)

    assert refusal(f"12{stranger}BC34501DE{digits}").code == "cnpj_formato"


# ------------------------------------------------------------------------------------------------ rules


@given(cpf(), blanks, blanks)
def test_any_accepted_form_gives_the_same_cpf(document: Cpf, before: str, after: str) -> None:
    for text in (document.value, document.formatted):
        read = parse_document(f"{before}{text}{after}")
        assert read == document
        assert read.value == document.value
        assert re.fullmatch(r"[0-9]{11}", read.value)


@given(cnpj() | alphanumeric_cnpj(), blanks, blanks)
def test_any_accepted_form_in_any_case_gives_the_same_cnpj(document: Cnpj, before: str, after: str) -> None:
    for text in (document.value, document.formatted, document.value.lower(), document.formatted.lower()):
        read = parse_document(f"{before}{text}{after}")
        assert read == document
        assert read.value == document.value
        assert re.fullmatch(r"[0-9A-Z]{12}[0-9]{2}", read.value)


@given(cnpj() | alphanumeric_cnpj())
def test_cnpj_is_alphanumeric_if_and_only_if_a_letter_occurs(document: Cnpj) -> None:
    assert document.is_alphanumeric is any("A" <= position <= "Z" for position in document.value)


@given(cpf())
def test_second_opinion_agrees_about_a_cpf(document: Cpf) -> None:
    assert stdnum_cpf.is_valid(document.value)
    assert stdnum_cpf.format(document.value) == document.formatted


@given(cnpj() | alphanumeric_cnpj())
def test_second_opinion_agrees_about_a_cnpj(document: Cnpj) -> None:
    assert stdnum_cnpj.is_valid(document.value)
    assert stdnum_cnpj.format(document.value) == document.formatted


@given(st.text("0123456789", min_size=11, max_size=11))
@example("52998224725")
@example("00000000000")
def test_second_opinion_agrees_about_any_eleven_digits_but_repeated_ones(text: str) -> None:
    if stdnum_cpf.is_valid(text) and len(set(text)) > 1:
        assert Cpf(text).value == text
    else:
        assert refusal(text).code == "cpf_digitos"


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=12, max_size=12), st.integers(0, 99))
@example("12ABC34501DE", 35)
def test_second_opinion_agrees_about_any_fourteen_positions(base: str, digits: int) -> None:
    text = f"{base}{digits:02d}"
    if stdnum_cnpj.is_valid(text) and len(set(text)) > 1:
        assert Cnpj(text).value == text
    else:
        assert refusal(text).code == "cnpj_digitos"


@given(documents(), st.data())
def test_one_wrong_check_digit_is_always_noticed(document: Document, data: st.DataObject) -> None:
    position = data.draw(st.sampled_from([-2, -1]))
    right = document.value[position]
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != right]))
    positions = list(document.value)
    positions[position] = wrong

    assert refusal("".join(positions)).code in {"cpf_digitos", "cnpj_digitos"}


@given(st.text() | st.text("0123456789.-/", min_size=9, max_size=18))
def test_any_text_is_read_or_refused_without_repeating_it(text: str) -> None:
    error: InvalidInput | None = None
    try:
        document = parse_document(text)
    except InvalidInput as refused:
        error = refused
    else:
        assert parse_document(document.value) == document
    if error is not None:
        assert error.code in {"cpf_formato", "cpf_digitos", "cnpj_formato", "cnpj_digitos", "documento_formato"}
        assert len(text) < 5 or text not in error.message


@given(documents())
def test_no_text_form_of_a_document_shows_the_whole(document: Document) -> None:
    for text in (str(document), repr(document), f"{document}", f"{document!r}", f"{[document]}", f"{document}".upper()):
        assert document.value not in text
        assert document.formatted not in text
        visible = re.sub(r"[^0-9A-Z]", "", re.sub("cpf|cnpj", "", text, flags=re.IGNORECASE))
        assert visible in {document.value[3:9], document.value[2:8]}
    assert str(document) == document.masked
    assert repr(document) == f"{type(document).__name__}({document.masked})"


@given(documents())
def test_documents_compare_and_hash_by_value(document: Document) -> None:
    assert {document: 1}[parse_document(document.formatted)] == 1
    assert hash(document) == hash(parse_document(document.value))
