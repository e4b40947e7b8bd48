"""An account at Crédito na Medida whose bureau is the simulator, in memory or over a socket."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx

from credit_protection.adapters.bureaus.credito_na_medida.gateway import CreditoNaMedidaGateway
from credit_protection.adapters.bureaus.credito_na_medida.provider import CAPABILITIES, CreditoNaMedidaProvider
from credit_protection.adapters.http.client import Transport
from credit_protection.domain.bureau_answers import RecordKey
from credit_protection.domain.customers import Address
from credit_protection.domain.documents import Cnpj, Cpf
from credit_protection.domain.integrations import Environment
from credit_protection.domain.money import Money
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.requests import InclusionOrder
from credit_protection.ports.bureau import RemovalOrder
from credit_protection.testing.simulator.bureau import ResponseContext, SimulatorClock
from credit_protection.testing.simulator.credito_na_medida import CreditoNaMedida as Bureau
from credit_protection.testing.simulator.server import Request

ORIGIN = "http://127.0.0.1:1"
CREDITOR = Cnpj("99009000000110")
DEBTOR = Cpf("52998224725")
DUE = date(2026, 3, 10)


class BureauInMemory:
    """The simulated bureau, called by the scripted transport without a socket."""

    def __init__(self) -> None:
        self.clock = SimulatorClock()
        self.bureau = Bureau(self.clock, lambda: "http://files.invalid")
        self.bureau.set_options({"processing_seconds": 60})

    def __call__(self, request: httpx.Request) -> httpx.Response:
        target = request.url
        call = self.bureau.receive(
            Request(
                method=request.method,
                path=unquote(target.path),
                query=tuple(parse_qsl(target.query.decode(), keep_blank_values=True)),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=request.content,
                origin=ORIGIN,
            )
        )
        answer = call.perform(ResponseContext())
        headers = [("content-type", answer.media_type), *answer.headers]
        return httpx.Response(answer.status, headers=headers, content=answer.body)

    def process_pending(self) -> None:
        self.clock.advance(61)

    def records(self) -> list[dict[str, Any]]:
        ledger: Any = self.bureau.controls["GET", "/ledger"]({})
        return list(ledger["records"])


def is_effect(method: str, path: str) -> bool:
    """Whether the call is an inclusion or a removal: neither a login nor a look-up."""
    return method in {"POST", "DELETE"} and path.startswith("/v1/negativacoes")


def gateway(url: str = ORIGIN, transport: Transport | None = None, seconds: float = 5.0) -> CreditoNaMedidaGateway:
    provider = CreditoNaMedidaProvider(replace(CAPABILITIES, call_deadline=timedelta(seconds=seconds)), transport)
    parameters = {
        "client_id": "demo-client",
        "client_secret": "demo-secret",
        "base_url": url,
        "conexoes": "8",
    }
    return provider.create(parameters, Environment.PRODUCTION)


def inclusion(reference: str = "REF-1") -> InclusionOrder:
    return InclusionOrder(
        document=DEBTOR,
        name="MARIA DE EXEMPLO",
        birth_date=date(1980, 5, 17),
        address=Address("RUA DAS ACÁCIAS", "100", "", "CENTRO", "DIVINÓPOLIS", "MG", "35500000"),
        email="",
        phone="",
        creditor=CREDITOR,
        reference=reference,
        nature_code="DEV",
        due_date=DUE,
        amount=Money(119_90),
    )


def removal(reference: str = "REF-1", bureau_id: str | None = None) -> RemovalOrder:
    key = RecordKey(DEBTOR, reference, DUE, bureau_id)
    return RemovalOrder(key, RemovalReason.PAYMENT, CREDITOR)
