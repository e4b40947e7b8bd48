"""What is filled in for an integration, and what the kind declares about itself."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from credit_protection.adapters.bureaus.credito_na_medida.gateway import CAPABILITIES, CreditoNaMedida
from credit_protection.domain.capabilities import Registry, RemovalKey
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.integrations import Environment
from credit_protection.domain.parameters import check_parameters
from credit_protection.ports.bureau import GatewayKind
from tests.adapters.bureaus.credito_na_medida.samples import SECRET

KIND: GatewayKind = CreditoNaMedida()
REQUIRED = {"client_id": "client", "client_secret": SECRET}


def test_two_parameters_are_enough() -> None:
    values = check_parameters(KIND.parameters, REQUIRED)
    KIND.open(values, Environment.PRODUCTION).close()
    assert values["base_url"] == "https://api.creditonamedida.invalid"
    assert [spec.name for spec in KIND.parameters if not spec.advanced] == ["client_id", "client_secret"]
    assert [spec.name for spec in KIND.parameters if spec.secret] == ["client_secret"]
    assert all(spec.help.endswith(".") for spec in KIND.parameters)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base_url", "api.exemplo.com.br"),
        ("base_url", "ftp://api.exemplo.com.br"),
        ("base_url", "http://api.exemplo.com.br"),
        ("base_url", "https://"),
        ("base_url", "https://user:pass@api.exemplo.com.br"),
        ("base_url", "https://api.exemplo.com.br?x=1"),
        ("base_url", "https://api.exemplo.com.br:99999"),
        ("base_url", "https://api exemplo.com.br"),
        ("base_url", "https://[exemplo"),
        ("credenciais", "xml"),
        ("permitir_pdf_externo", "talvez"),
        ("tempo_limite", "0"),
        ("tempo_limite", "31"),
        ("tempo_limite", "nan"),
        ("tempo_limite", "muito"),
        ("conexoes", "0"),
        ("conexoes", "257"),
        ("conexoes", "inf"),
    ],
)
def test_a_value_that_can_not_be_used_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        KIND.open({**REQUIRED, name: value}, Environment.PRODUCTION)
    assert caught.value.field == name
    assert name in caught.value.message
    assert SECRET not in caught.value.message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base_url", "http://127.0.0.1:8000"),
        ("base_url", "http://localhost:8000/"),
        ("base_url", "http://[::1]:8000"),
        ("base_url", "https://api.exemplo.com.br:8443/cnm/"),
        ("tempo_limite", "2,5"),
        ("tempo_limite", ""),
        ("conexoes", "1"),
        ("credenciais", "basic"),
    ],
)
def test_a_value_that_can_be_used_is_taken(name: str, value: str) -> None:
    KIND.open({**REQUIRED, name: value}, Environment.PRODUCTION).close()


def test_a_client_id_with_a_colon_can_not_go_as_basic() -> None:
    with pytest.raises(InvalidInput, match="dois-pontos"):
        KIND.open({**REQUIRED, "client_id": "a:b", "credenciais": "basic"}, Environment.PRODUCTION)


def test_a_call_may_never_take_longer_than_the_quiet_period_and_the_lease_reckon_with() -> None:
    hurried = CreditoNaMedida(replace(CAPABILITIES, call_deadline=timedelta(seconds=2)))
    hurried.open(REQUIRED, Environment.PRODUCTION).close()
    with pytest.raises(InvalidInput):
        hurried.open({**REQUIRED, "tempo_limite": "3"}, Environment.PRODUCTION)


def test_a_test_may_declare_a_deadline_below_a_second() -> None:
    hurried = CreditoNaMedida(replace(CAPABILITIES, call_deadline=timedelta(seconds=0.5)))
    hurried.open({**REQUIRED, "tempo_limite": "0.5"}, Environment.PRODUCTION).close()


def test_the_capabilities_are_those_of_the_declared_contract() -> None:
    declared = KIND.capabilities
    assert declared.registry is Registry.CREDITO_NA_MEDIDA
    assert declared.removal_key is RemovalKey.ID
    assert (declared.find, declared.list_records, declared.polling, declared.grouping) == (True, True, True, True)
    assert (declared.include_is_repeatable, declared.remove_is_repeatable) == (False, False)
    assert (declared.callback, declared.test_environment, declared.alphanumeric_cnpj) == (False, False, False)
    assert {name: limit.length for name, limit in declared.field_limits.items()} == {
        "name": 70,
        "street": 70,
        "district": 20,
        "city": 20,
    }


def test_listing_the_kinds_costs_no_http_library() -> None:
    code = "import sys; from credit_protection.adapters.bureaus.credito_na_medida.gateway import CreditoNaMedida; "
    code += "CreditoNaMedida().parameters; "
    code += "print([name for name in ('httpx', 'pypdf', 'stamina') if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
