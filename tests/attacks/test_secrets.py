"""A stored secret goes to the server that it was given for, and to no other; an address has one meaning."""

from __future__ import annotations

import pytest

from credit_protection.adapters.bureaus.credito_na_medida.provider import PARAMETERS
from credit_protection.adapters.bureaus.parameters import ParameterValues
from credit_protection.adapters.http import HttpCall
from credit_protection.adapters.http.addresses import parse_address
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.parameters import ParameterSpec, require_secrets_anew
from tests.attacks.hostile_bureau import HostileBureau
from tests.entrypoints.command_line import SECRET, Cli

SPECS = (
    ParameterSpec("base_url", "Endereço"),
    ParameterSpec("host", "Servidor", address=True),
    ParameterSpec("user", "Usuário"),
    ParameterSpec("secret", "Senha", secret=True),
)
BEFORE = {"base_url": "https://api.example/v1", "host": "api.example", "user": "u"}


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_new_address_never_gets_the_stored_secret(cli: Cli, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    evil = HostileBureau()
    server = evil.start()
    address = server.url.replace("127.0.0.1", name)
    refused = cli.json("integration", "edit", "--param", f"base_url={address}", expect=2)
    assert (refused.error["code"], refused.error["field"]) == ("segredos_de_novo", "client_secret")
    cli.run("integration", "test")
    assert evil.received == []
    monkeypatch.setenv("CREDIT_PROTECTION_PARAM_CLIENT_SECRET", "another-secret")
    cli.run("integration", "edit", "--param", f"base_url={address}", "--secret", "client_secret")
    cli.run("integration", "test")
    server.stop()
    assert b"another-secret" in evil.received[0].body
    assert all(SECRET.encode() not in request.body for request in evil.received)


@pytest.mark.parametrize(
    "given",
    [
        {"base_url": "https://evil.example/v1"},
        {"base_url": "http://api.example/v1"},
        {"base_url": "https://api.example:8443/v1"},
        {"base_url": "https://api.example@evil.example/v1"},
        {"base_url": "https://api.example.evil.example"},
        {"base_url": "https://evil.example/?x=https://api.example"},
        {"base_url": "https://evil.example\\@api.example"},
        {"base_url": "evil.example"},
        {"host": "evil.example"},
        {"host": "evil.example/api.example"},
        {"user": "https://evil.example"},
        {"base_url": ""},
    ],
)
def test_another_origin_needs_the_secrets_anew(given: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="--secret secret") as refused:
        require_secrets_anew(SPECS, BEFORE, given)
    assert refused.value.code == "segredos_de_novo"
    with pytest.raises(InvalidInput):
        require_secrets_anew(SPECS, BEFORE, {**given, "secret": "  "})
    require_secrets_anew(SPECS, BEFORE, {**given, "secret": "anew"})


@pytest.mark.parametrize(
    "given", [{}, {"user": "v"}, {"base_url": "https://API.example/v2"}, {"base_url": BEFORE["base_url"]}]
)
def test_the_same_origin_needs_no_secret(given: dict[str, str]) -> None:
    require_secrets_anew(SPECS, BEFORE, given)


ODD = (
    *("HTTPS://api.example", "Https://api.example", "https://u:p@api.example", "https://u@api.example"),
    *("https://api.example\\@evil.example", "https://evil.example#@api.example", "https://api..example"),
    *("https://127.1", "https://0x7f.0.0.1", "https://2130706433", "https://0177.0.0.1", "https://1.2.3.4.5"),
    *("https://0.0.0.0", "https://169.254.169.254", "https://[fe80::1]", "https://[::]", "https://[::ffff:0.0.0.0]"),
    *(
        "https://[::1",
        "https://-a.example",
        "https://api.example:0",
        "https://api.example:99999",
        "https://api.example:x",
    ),
    *("https://api.example/?a=b", "https://api example", "https://ápi.example", "https://api.example\n", "https://"),
    *(
        "https://%61pi.example",
        "ftp://api.example",
        "//api.example",
        "api.example",
        "https://api.example.",
        "http:///x",
    ),
)


@pytest.mark.parametrize("address", [each for each in ODD if each.strip() == each])
def test_odd_address_is_refused_with_its_name(address: str) -> None:
    values = ParameterValues(PARAMETERS, {"base_url": address})
    with pytest.raises(InvalidInput) as refused:
        values.base_url("base_url")
    assert refused.value.field == "base_url"
    assert "p@" not in refused.value.message


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("https://api.example/", "https://api.example"),
        ("https://API.Example:443/v1/", "https://api.example/v1"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://[::1]:8443/v1", "https://[::1]:8443/v1"),
    ],
)
def test_address_is_kept_in_one_form(address: str, meant: str) -> None:
    assert ParameterValues(PARAMETERS, {"base_url": address}).base_url("base_url") == meant
    assert str(parse_address(meant)).rstrip("/") == meant


def test_repr_of_a_call_has_no_secret() -> None:
    assert SECRET not in repr(HttpCall("POST", "/x", headers={"authorization": SECRET}, json={"s": SECRET}))
