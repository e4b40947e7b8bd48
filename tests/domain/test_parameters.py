import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.parameters import ParameterSpec, check_parameters
from tests.domain.message_checks import assert_says_what_to_do

CLIENT = ParameterSpec("client_id", "Identificador", help="Peça-o ao birô.")
SECRET = ParameterSpec("client_secret", "Segredo", secret=True)
URL = ParameterSpec("url", "Endereço", required=False, default="https://api.exemplo.com.br")
NOTE = ParameterSpec("note", "Observação", required=False)
PLACE = ParameterSpec("place", "Ambiente", required=False, choices=("produção", "teste"))
SPECS = (CLIENT, SECRET, URL, NOTE, PLACE)
FILLED = {"client_id": "demo", "client_secret": "s3gredo"}


def refusal(given_values: dict[str, str], stored: frozenset[str] = frozenset()) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        check_parameters(SPECS, given_values, secrets_stored=stored)
    return caught.value


def test_parameters_are_returned_with_the_defaults() -> None:
    assert check_parameters(SPECS, {**FILLED, "client_id": "  demo \n", "place": "teste"}) == {
        "client_id": "demo",
        "client_secret": "s3gredo",
        "url": "https://api.exemplo.com.br",
        "place": "teste",
    }


def test_given_value_overrides_the_default() -> None:
    assert check_parameters(SPECS, {**FILLED, "url": "https://outra"})["url"] == "https://outra"
    assert check_parameters(SPECS, {**FILLED, "url": "  "})["url"] == "https://api.exemplo.com.br"


def test_secret_left_blank_on_edit_stays_as_it_is() -> None:
    stored = frozenset({"client_secret"})

    for blank in ({"client_id": "demo"}, {"client_id": "demo", "client_secret": "  "}):
        assert "client_secret" not in check_parameters(SPECS, blank, secrets_stored=stored)
    assert check_parameters(SPECS, FILLED, secrets_stored=stored)["client_secret"] == "s3gredo"


def test_plain_parameter_left_blank_is_missing_whatever_is_stored() -> None:
    error = refusal({"client_secret": "x"}, frozenset({"client_id", "client_secret"}))
    assert (error.code, error.field) == ("parametro_obrigatorio", "client_id")


def test_error_about_a_missing_parameter_has_its_label_and_help() -> None:
    error, bare = refusal({}), refusal({"client_id": "demo"})

    assert (error.message, error.field) == ("Preencha Identificador (client_id). Peça-o ao birô.", "client_id")
    assert (bare.message, bare.field) == ("Preencha Segredo (client_secret).", "client_secret")
    assert error.code == bare.code == "parametro_obrigatorio"
    assert_says_what_to_do(error.message)


def test_unknown_parameter_is_refused_with_the_known_ones() -> None:
    error = refusal({**FILLED, "clientid": "x"})

    assert error.message == ("O gateway não tem o parâmetro clientid. Use: client_id, client_secret, url, note, place.")
    assert (error.field, error.code) == ("clientid", "parametro_desconhecido")
    assert_says_what_to_do(error.message)


def test_value_outside_the_choices_is_refused_with_them() -> None:
    error = refusal({**FILLED, "place": "marte"})

    assert error.message == "Ambiente (place) deve ser um destes: produção, teste."
    assert (error.field, error.code) == ("place", "parametro_invalido")


def test_no_message_contains_a_secret() -> None:
    assert "s3gredo" not in refusal({"client_secret": "s3gredo"}).message
    assert "s3gredo" not in refusal({"client_secret": "s3gredo", "x": "s3gredo"}).message


def test_parameter_is_plain_required_and_visible_by_default() -> None:
    assert ParameterSpec("a", "A") == ParameterSpec("a", "A", False, True, "", "", False, ())  # noqa: FBT003


@given(st.dictionaries(st.sampled_from([spec.name for spec in SPECS]), st.text(max_size=5)), st.booleans())
def test_checked_parameters_are_complete_clean_and_known(values: dict[str, str], kept: bool) -> None:
    stored = frozenset({"client_secret"}) if kept else frozenset()
    try:
        checked = check_parameters(SPECS, values, secrets_stored=stored)
    except InvalidInput as error:
        assert error.field in {spec.name for spec in SPECS}  # noqa: PT017 - both outcomes are right
        return
    assert all(value and value == value.strip() for value in checked.values())
    assert "client_id" in checked
    assert "url" in checked
    assert "client_secret" in checked or kept
    assert checked.get("place", "teste") in PLACE.choices
    for name, value in values.items():
        assert not value.strip() or checked[name] == value.strip()
