"""The parameters of an integration, and the declarations of the provider."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from credit_protection.adapters.bureaus.credito_na_medida.provider import CAPABILITIES, CreditoNaMedidaProvider
from credit_protection.domain.capabilities import Registry, RemovalKey
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.integrations import Environment
from credit_protection.domain.parameters import check_parameters
from credit_protection.ports.bureau import GatewayProvider
from tests.adapters.bureaus.credito_na_medida.samples import SECRET

PROVIDER: GatewayProvider = CreditoNaMedidaProvider()
REQUIRED = {"client_id": "client", "client_secret": SECRET, "base_url": "https://api.exemplo.com.br"}


def test_three_parameters_are_enough() -> None:
    values = check_parameters(PROVIDER.parameters, REQUIRED)
    PROVIDER.create(values, Environment.PRODUCTION).close()
    assert [spec.name for spec in PROVIDER.parameters if not spec.advanced] == [
        "client_id",
        "client_secret",
        "base_url",
    ]
    assert [spec.name for spec in PROVIDER.parameters if spec.secret] == ["client_secret"]
    assert all(spec.help.endswith(".") for spec in PROVIDER.parameters)


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
def test_invalid_value_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        PROVIDER.create({**REQUIRED, name: value}, Environment.PRODUCTION)
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
def test_valid_value_is_accepted(name: str, value: str) -> None:
    PROVIDER.create({**REQUIRED, name: value}, Environment.PRODUCTION).close()


def test_client_id_with_a_colon_is_refused_for_basic() -> None:
    with pytest.raises(InvalidInput, match="dois-pontos"):
        PROVIDER.create({**REQUIRED, "client_id": "a:b", "credenciais": "basic"}, Environment.PRODUCTION)


def test_call_deadline_is_below_quiet_period_and_lease() -> None:
    provider = CreditoNaMedidaProvider(replace(CAPABILITIES, call_deadline=timedelta(seconds=2)))
    provider.create(REQUIRED, Environment.PRODUCTION).close()
    with pytest.raises(InvalidInput):
        provider.create({**REQUIRED, "tempo_limite": "3"}, Environment.PRODUCTION)


def test_declared_deadline_may_be_below_a_second() -> None:
    provider = CreditoNaMedidaProvider(replace(CAPABILITIES, call_deadline=timedelta(seconds=0.5)))
    provider.create({**REQUIRED, "tempo_limite": "0.5"}, Environment.PRODUCTION).close()


def test_capabilities_match_the_declared_contract() -> None:
    declared = PROVIDER.capabilities
    assert declared.registry is Registry.CREDITO_NA_MEDIDA
    assert declared.removal_key is RemovalKey.ID
    assert (declared.find, declared.list_records, declared.polling, declared.grouping) == (True, True, True, True)
    assert (declared.include_is_repeatable, declared.remove_is_repeatable) == (False, False)
    assert (declared.callback, declared.alphanumeric_cnpj) == (False, False)
    assert {name: limit.length for name, limit in declared.field_limits.items()} == {
        "name": 70,
        "street": 70,
        "district": 20,
        "city": 20,
    }


def test_importing_the_provider_loads_no_http_library() -> None:
    code = "import sys; from credit_protection.adapters.bureaus.credito_na_medida import provider; "
    code += "provider.CreditoNaMedidaProvider().parameters; "
    code += "print([name for name in ('httpx', 'pypdf', 'stamina') if name in sys.modules])"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "[]"
