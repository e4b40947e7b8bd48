"""A gateway to a bureau that respx plays; the login succeeds."""

from collections.abc import Iterator

import pytest
import respx
import stamina

from credit_protection.adapters.bureaus.credito_na_medida.gateway import CreditoNaMedidaGateway
from credit_protection.adapters.bureaus.credito_na_medida.provider import CreditoNaMedidaProvider
from credit_protection.domain.integrations import Environment
from tests.adapters.bureaus.credito_na_medida.samples import BASE, SECRET, token


@pytest.fixture
def bureau() -> Iterator[respx.MockRouter]:
    """The routes of the bureau below the base address."""
    with respx.mock(base_url=BASE, assert_all_called=False) as router, stamina.set_testing(True, attempts=3, cap=True):
        router.post("/oauth/token").mock(return_value=token())
        yield router


@pytest.fixture
def gateway(bureau: respx.MockRouter) -> Iterator[CreditoNaMedidaGateway]:
    """The gateway under test."""
    del bureau
    gateway = new_gateway()
    yield gateway
    gateway.close()


def new_gateway(**parameters: str) -> CreditoNaMedidaGateway:
    """A gateway with the required parameters and these."""
    values = {"client_id": "client", "client_secret": SECRET, "base_url": BASE, **parameters}
    return CreditoNaMedidaProvider().create(values, Environment.PRODUCTION)
