from __future__ import annotations

import base64
from urllib.parse import urlencode

import pytest

from credit_protection.testing.simulator import BureauSimulator
from tests.testing.simulator.bureau_client import BureauClient

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BASIC = {"Authorization": "Basic " + base64.b64encode(b"demo-client:demo-secret").decode()}


def test_credentials_as_json_give_a_token(client: BureauClient) -> None:
    reply = client.login()
    assert reply.status == 200
    assert reply.json["token_type"] == "Bearer"
    assert reply.json["expires_in"] == 3600


def test_credentials_as_a_form_or_http_basic_give_a_token(client: BureauClient) -> None:
    said = {"grant_type": "client_credentials", "client_id": "demo-client", "client_secret": "demo-secret"}
    assert client.checked("POST", "/oauth/token", urlencode(said), FORM).status == 200
    grant = {"grant_type": "client_credentials"}
    assert client.checked("POST", "/oauth/token", urlencode(grant), FORM | BASIC).status == 200
    as_json = {"Content-Type": "application/json"}
    body = '{"grant_type": "client_credentials"}'
    assert client.checked("POST", "/oauth/token", body, as_json | BASIC).status == 200


@pytest.mark.parametrize(("client_id", "secret"), [("demo-client", "errado"), ("outro", "demo-secret"), ("", "")])
def test_wrong_credentials_are_refused(client: BureauClient, client_id: str, secret: str) -> None:
    reply = client.login(client_id, secret)
    assert (reply.status, reply.code) == (401, "CREDENCIAIS_INVALIDAS")


def test_invalid_basic_header_is_refused(client: BureauClient) -> None:
    headers = FORM | {"Authorization": "Basic ***"}
    reply = client.checked("POST", "/oauth/token", "grant_type=client_credentials", headers)
    assert (reply.status, reply.code) == (401, "CREDENCIAIS_INVALIDAS")


def test_invalid_login_is_refused(client: BureauClient) -> None:
    reply = client.checked("POST", "/oauth/token", "grant_type=password&client_id=a&client_secret=b", FORM)
    assert (reply.status, reply.json["campo"]) == (422, "grant_type")
    assert client.checked("POST", "/oauth/token", "grant_type=client_credentials", FORM).status == 422
    assert client.checked("POST", "/oauth/token", "{}", {"Content-Type": "text/plain"}).status == 415
    assert client.checked("POST", "/oauth/token", "[]", {"Content-Type": "application/json"} | BASIC).status == 422


def test_credentials_can_be_configured() -> None:
    with BureauSimulator(client_id="eu", client_secret="segredo", token_seconds=60) as simulator:
        client = BureauClient(simulator.url)
        assert client.login().status == 401
        assert client.login("eu", "segredo").json["expires_in"] == 60
        client.close()


@pytest.mark.parametrize(
    "path", ["/v1/produtos", "/v1/naturezas", "/v1/motivos-baixa", "/v1/negativacoes", "/v1/negativacoes/1"]
)
def test_request_without_a_token_is_refused(client: BureauClient, path: str) -> None:
    assert client.checked("GET", path).code == "TOKEN_INVALIDO"
    assert client.checked("GET", path, headers={"Authorization": "Bearer inventado"}).status == 401
    assert client.checked("GET", path, headers=BASIC).status == 401


def test_token_expires(simulator: BureauSimulator, client: BureauClient) -> None:
    client.login()
    simulator.advance(3599)
    assert client.get("/v1/produtos").status == 200
    simulator.advance(1)
    reply = client.get("/v1/produtos")
    assert (reply.status, reply.code) == (401, "TOKEN_EXPIRADO")


def test_expired_tokens_need_a_new_login(simulator: BureauSimulator, client: BureauClient) -> None:
    client.login()
    simulator.expire_tokens()
    assert client.get("/v1/produtos").code == "TOKEN_EXPIRADO"
    client.login()
    assert client.get("/v1/produtos").status == 200
