"""A client of the simulated bureau that checks every answer against the declared contract."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from credit_protection.testing.simulator.credito_na_medida.state import declared_contract

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.client import HTTPMessage

CPF, OTHER_CPF = "52998224725", "11144477735"
CNPJ, CNPJ_WITH_LETTERS = "11222333000181", "12ABC34501DE35"
CONTRACT = declared_contract()


@dataclass(frozen=True)
class Reply:
    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value

    @property
    def code(self) -> str:
        return str(self.json["codigo"])


def debt(**changes: object) -> dict[str, Any]:
    """A valid inclusion, with changes."""
    right = {
        "documento": CPF,
        "tipo_pessoa": "PF",
        "nome": "Íris Conceição",
        "nascimento": "1990-05-17",
        "endereco": {
            "cep": "13010111",
            "logradouro": "Rua das Acácias",
            "numero": "12",
            "bairro": "Centro",
            "cidade": "Campinas",
            "uf": "SP",
        },
        "contrato": "FAT-0001",
        "natureza": "DEV",
        "vencimento": "2026-01-10",
        "valor": "149.90",
    }
    return {name: value for name, value in {**right, **changes}.items() if value is not None}


class BureauClient:
    """One keep-alive connection that logs in at its first call."""

    def __init__(self, url: str) -> None:
        target = urlsplit(url)
        self._connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=5)
        self._token: str | None = None

    def close(self) -> None:
        self._connection.close()

    def raw(
        self, method: str, target: str, body: bytes | str | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send a request without a token; don't check the answer."""
        try:
            self._connection.request(method, target, body, dict(headers or {}))
            answer = self._connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise

    def checked(
        self, method: str, target: str, body: bytes | str | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send a request and check its answer against the contract."""
        reply = self.raw(method, target, body, headers)
        routes = CONTRACT.route(urlsplit(target).path)
        if method in routes:
            operation, _ = routes[method]
            assert operation.answer_problem(reply.status, reply.headers, reply.body) is None, reply
        else:
            CONTRACT.check("Erro", reply.json)
        return reply

    def login(self, client_id: str = "demo-client", client_secret: str = "demo-secret") -> Reply:
        said = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        reply = self.checked("POST", "/oauth/token", json.dumps(said), {"Content-Type": "application/json"})
        if reply.status == 200:
            self._token = reply.json["access_token"]
        return reply

    def bearer(self) -> dict[str, str]:
        if self._token is None:
            self.login()
        return {"Authorization": f"Bearer {self._token}"}

    def get(self, path: str, **query: object) -> Reply:
        return self.checked("GET", path + (f"?{urlencode(query)}" if query else ""), headers=self.bearer())

    def post(self, path: str, value: object) -> Reply:
        return self.checked("POST", path, json.dumps(value), self.bearer() | {"Content-Type": "application/json"})

    def query(self, product: str = "ESSENCIAL", document: str = CPF, **inputs: str) -> Reply:
        return self.post("/v1/consultas", {"produto": product, "documento": document, "insumos": inputs})

    def include(self, **changes: object) -> Reply:
        return self.post("/v1/negativacoes", debt(**changes))

    def remove(self, record_id: str, motivo: str = "PAGAMENTO") -> Reply:
        return self.checked("DELETE", f"/v1/negativacoes/{quote(record_id)}?motivo={motivo}", headers=self.bearer())

    def situacao(self, record_id: str) -> str:
        return str(self.get(f"/v1/negativacoes/{record_id}").json["situacao"])
