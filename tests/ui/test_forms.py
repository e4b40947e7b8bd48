"""Form fields of parameters and of product inputs."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.money import Money
from credit_protection.domain.parameters import ParameterSpec, check_parameters
from credit_protection.domain.products import Product, ProductInput, ProductKind
from credit_protection.ui import FieldKind, FormField, parameter_fields, product_input_fields

SPECS = st.builds(
    ParameterSpec,
    name=st.from_regex(r"[a-z_]{1,20}", fullmatch=True),
    label=st.text(min_size=1),
    secret=st.booleans(),
    required=st.booleans(),
    help=st.text(),
    default=st.sampled_from(["", "x"]),
    advanced=st.booleans(),
    choices=st.sampled_from([(), ("x", "y")]),
)


@given(st.lists(SPECS, unique_by=lambda spec: spec.name))
def test_every_parameter_spec_yields_a_field(specs: list[ParameterSpec]) -> None:
    fields = parameter_fields(specs)
    assert [field.name for field in fields] == [spec.name for spec in specs]
    for field, spec in zip(fields, specs, strict=True):
        assert (field.label, field.help, field.default, field.advanced) == (
            spec.label,
            spec.help,
            spec.default,
            spec.advanced,
        )
        assert field.secret is spec.secret
        assert [code for code, _ in field.choices] == list(spec.choices)


@given(SPECS, st.sampled_from(["", " ", "x", " y ", "z"]))
def test_field_accepts_what_the_gateway_accepts(spec: ParameterSpec, text: str) -> None:
    (field,) = parameter_fields([replace(spec, secret=False)])
    try:
        accepted = check_parameters([replace(spec, secret=False)], {spec.name: text}).get(spec.name, "")
    except InvalidInput:
        with pytest.raises(InvalidInput) as error:
            field.parse(text)
        assert error.value.field == spec.name
    else:
        assert field.parse(text) == accepted


def test_product_input_yields_a_field() -> None:
    inputs = (ProductInput("modelo_score", "Modelo", required=True), ProductInput("uf", "UF"))
    fields = product_input_fields(Product("SCORE", "Score", ProductKind.QUERY, inputs=inputs))
    assert [(field.name, field.label, field.required) for field in fields] == [
        ("modelo_score", "Modelo", True),
        ("uf", "UF", False),
    ]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (FieldKind.TEXT, " a ", "a"),
        (FieldKind.TEXT, "", ""),
        (FieldKind.SECRET, "s", "s"),
        (FieldKind.CHOICE, "x", "x"),
        (FieldKind.CHOICE, "UM SO", "x"),
        (FieldKind.BOOLEAN, "SIM", True),
        (FieldKind.BOOLEAN, "0", False),
        (FieldKind.INTEGER, "12", 12),
        (FieldKind.DECIMAL, "2,5", Decimal("2.5")),
        (FieldKind.MONEY, "1.234,56", Money(123456)),
    ],
)
def test_field_parses_text_of_its_kind(kind: FieldKind, text: str, value: object) -> None:
    assert FormField("f", "F", kind, choices=(("x", "Um só"),)).parse(text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (FieldKind.CHOICE, "z"),
        (FieldKind.BOOLEAN, "talvez"),
        (FieldKind.INTEGER, "-1"),
        (FieldKind.INTEGER, "²"),
        (FieldKind.DECIMAL, "nan"),
        (FieldKind.DECIMAL, "-1"),
        (FieldKind.DECIMAL, "x"),
        (FieldKind.MONEY, "1,234"),
        (FieldKind.MONEY, "1.50"),
        (FieldKind.MONEY, "-1"),
        (FieldKind.INTEGER, ""),
    ],
)
def test_field_refuses_text_of_another_kind(kind: FieldKind, text: str) -> None:
    with pytest.raises(InvalidInput) as error:
        FormField("f", "Campo", kind, choices=(("x", "X"),)).parse(text)
    assert error.value.field == "f"


def test_default_replaces_blank_text() -> None:
    assert FormField("f", "F", default="d", required=True).parse(" ") == "d"
    with pytest.raises(InvalidInput, match=r"Preencha F \(f\)\. Ajuda\."):
        FormField("f", "F", required=True, help="Ajuda.").parse(" ")
