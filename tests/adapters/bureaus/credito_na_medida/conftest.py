"""A gateway whose bureau is respx, with the login taken care of."""

from collections.abc import Iterator

import pytest
import respx
import stamina

from credit_protection.adapters.bureaus.credito_na_medida.gateway import CreditoNaMedida, CreditoNaMedidaGateway
from credit_protection.domain.integrations import Environment
from tests.adapters.bureaus.credito_na_medida.samples import BASE, SECRET, token


@pytest.fixture
def bureau() -> Iterator[respx.MockRouter]:
    """The bureau's side: routes below the base address."""
    with respx.mock(base_url=BASE, assert_all_called=False) as router, stamina.set_testing(True, attempts=3, cap=True):
        router.post("/oauth/token").mock(return_value=token())
        yield router


@pytest.fixture
def gateway(bureau: respx.MockRouter) -> Iterator[CreditoNaMedidaGateway]:
    """Our side."""
    del bureau
    one = opened()
    yield one
    one.close()


def opened(**parameters: str) -> CreditoNaMedidaGateway:
    """A gateway with these parameters besides the required ones."""
    given = {"client_id": "client", "client_secret": SECRET, "base_url": BASE, **parameters}
    return CreditoNaMedida().open(given, Environment.PRODUCTION)
