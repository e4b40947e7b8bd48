"""Text from outside is cheap to mask, and nothing that a bureau repeats brings a secret or a document to light."""

from __future__ import annotations

import base64
import html
import io
import json
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus

import pytest

from credit_protection.adapters.http import mask
from credit_protection.adapters.http.secret_forms import hide, hide_bytes
from credit_protection.adapters.http.transcripts import MASK_LIMIT
from credit_protection.adapters.telemetry import logging as telemetry
from tests.adapters.http.raw_server import RawServer
from tests.attacks.hostile_bureau import CPF, NATURES, PRODUCTS, SECRET, TOKEN, HostileBureau, Request, http
from tests.entrypoints.command_line import Cli

TEXTS: dict[str, Callable[[int], str]] = {
    "letters": lambda size: "a" * size,
    "digits": lambda size: "9" * size,
    "digits with blanks": lambda size: "1 " * (size // 2),
    "digits with dots": lambda size: "1..." * (size // 4),
    "backslashes": lambda size: "\\" * size,
    "percents": lambda size: "%25" * (size // 3),
    "a nested percent": lambda size: "%" + "25" * (size // 2),
    "JSON escapes": lambda size: "\\u0031" * (size // 6),
    "entities": lambda size: "&#49;" * (size // 5),
    "nested entities": lambda size: "&" + "amp;" * (size // 4),
    "a long entity": lambda size: "&#" + "9" * size + ";",
    "names of secrets": lambda size: "token " * (size // 6),
    "open quotes": lambda size: 'token="' * (size // 7),
    "escaped quotes": lambda size: 'token="' + '\\"' * (size // 2),
    "blanks after a name": lambda size: "token" + " " * size,
    "bearers": lambda size: "bearer " * (size // 7),
    "letters and digits": lambda size: "A1B2C3D4E5F6G7" * (size // 14),
    "dashes": lambda size: "A-1." * (size // 4),
    "full-width digits": lambda size: "\N{FULLWIDTH DIGIT NINE}" * size,
    "URLs": lambda size: "://a:" * (size // 5),
    "secrets cut short": lambda size: SECRET[:-1] * (size // len(SECRET)),
}


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_masking_is_linear(name: str) -> None:
    def seconds(size: int) -> float:
        text = TEXTS[name](size)
        times = []
        for _ in range(3):
            began = time.process_time()
            telemetry.Masking((SECRET,))._text(mask(text, [SECRET]))
            times.append(time.process_time() - began)
        return min(times)

    small = max(seconds(1_000), 0.0005)
    assert seconds(1_000_000) < 1_000 * small


def test_long_text_is_cut_and_leaves_no_part_of_a_secret_at_its_end() -> None:
    for place in range(MASK_LIMIT - 40, MASK_LIMIT + 400, 7):
        masked = mask("." * place + SECRET + CPF + "." * 100_000, [SECRET])
        assert len(masked) < MASK_LIMIT + 100
        assert SECRET[:6] not in masked
        assert CPF[:6] not in masked


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "URL": lambda text: quote(text, safe=""),
    "URL, twice": lambda text: quote(quote(text, safe=""), safe=""),
    "URL, each character": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "URL, lower case": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "form": quote_plus,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON, each character": lambda text: "".join(f"\\u{ord(sign):04X}" for sign in text),
    "JSON, slashes": lambda text: text.replace("/", "\\/"),
    "HTML": html.escape,
    "HTML, decimal": lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    "HTML, hexadecimal": lambda text: "".join(f"&#x{ord(sign):X};" for sign in text),
    "Base64": lambda text: base64.b64encode(text.encode()).decode(),
    "Base64, unpadded": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "Base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "Base64 of HTTP Basic": lambda text: base64.b64encode(f"demo:{text}".encode()).decode(),
    "Base64, one before": lambda text: base64.b64encode(f"x{text}y".encode()).decode(),
    "Base64, two before": lambda text: base64.b64encode(f"xx{text}yy".encode()).decode(),
    "Base64 in a URL": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal, capitals": lambda text: text.encode().hex().upper(),
    "hexadecimal, colons": lambda text: text.encode().hex(":"),
    "hexadecimal, escapes": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "other case": str.swapcase,
}


@pytest.mark.parametrize("name", sorted(ENCODINGS))
@pytest.mark.parametrize("secret", [SECRET, TOKEN, "senha com espaço & ação <1>"])
def test_no_encoding_of_a_secret_is_left(name: str, secret: str) -> None:
    written = ENCODINGS[name](secret)
    core = written[4:-6]  # of Base64, the first and last characters belong to what is beside the secret too
    for hidden in (hide(f"a {written} b", [secret]), hide_bytes(f"a {written} b".encode(), [secret]).decode()):
        assert core not in hidden
        assert hidden.startswith("a ")
        assert hidden.endswith(" b")
    assert core not in mask(f"a {written} b", [secret])


def test_reply_without_a_secret_is_the_same_object() -> None:
    content = json.dumps({"nome": "João & Cia", "valor": "100%"}).encode()
    assert hide_bytes(content, [SECRET, TOKEN]) is content


@pytest.mark.parametrize(
    "text",
    [
        "900.009.001-68",
        "90009000168",
        "900 009 001 68",
        "900.009.001 – 68",
        "900_009_001_68",
        "900,009,001,68",
        "900/009/001/68",
        "(900)009-001.68",
        "9 0 0 0 0 9 0 0 1 6 8",
        "900\u00a0009\u00a0001\u00a068",
        "9\u200b0009\u200b000168",
        "900·009·001·68",
        "900\\u002e009\\u002e001-68",
        "".join(chr(0xFF10 + int(digit)) for digit in "90009000168"),
        "".join(chr(0x660 + int(digit)) for digit in "90009000168"),
        "12.ABC.345/01DE-35",
        "12ABC34501DE35",
        "12 ABC 345 01DE 35",
        "12-abc-345-01de-35",
        "12.abc.345 / 01de - 35",
        "99.009.000/0001-10",
        "99 009 000 0001 10",
    ],
)
def test_document_in_any_punctuation_is_masked(text: str) -> None:
    masked = mask(f"Documento {text}, recusado")
    digits = "".join(str(int(sign)) for sign in masked if sign.isdigit())
    assert len(digits) <= 4, masked
    assert masked.startswith("Documento ")
    assert masked.endswith(", recusado")


def test_days_and_amounts_are_not_masked() -> None:
    text = "Venceu em 29/11/2026, valor R$ 1.234,56 (2 parcelas)"
    assert mask(text) == text


@pytest.fixture
def echoing(bare: Cli, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileBureau]:
    """An installation whose bureau repeats what it was sent: `encode` says how."""
    bureau = HostileBureau()
    server: RawServer = bureau.start()
    monkeypatch.setenv("CREDIT_PROTECTION_PARAM_CLIENT_SECRET", SECRET)
    bare.run("invoices", "import")
    given = ("--param", "client_id=demo", "--param", f"base_url={server.url}")
    bare.run(
        *("integration", "add", "--gateway", "credito_na_medida", "--description", "B"),
        *("--creditor", "99009000000110", *given),
    )
    monkeypatch.delenv("CREDIT_PROTECTION_PARAM_CLIENT_SECRET")
    monkeypatch.setenv("CREDIT_PROTECTION_LOG_LEVEL", "DEBUG")
    bare.run("products", "sync")
    yield bureau
    server.stop()


def echo(encode: Callable[[str], str], status: int) -> Callable[[Request], bytes]:
    said = f"Credencial {encode(SECRET)} e {encode(TOKEN)} sem permissão para {encode(CPF)}"
    body = {"codigo": encode(SECRET), "mensagem": said, "campo": encode(SECRET), "documento": encode(CPF)}
    headers = {"X-Protocolo": encode(SECRET), "X-Debug": encode(TOKEN), "Retry-After-Of": encode(SECRET)}
    return lambda _: http(status, body, headers=headers)


@pytest.mark.parametrize(
    "name", ["plain", "URL", "Base64", "Base64 of HTTP Basic", "hexadecimal", "JSON, each character"]
)
def test_repeated_secret_is_nowhere(echoing: HostileBureau, bare: Cli, name: str) -> None:
    encode, seen = ENCODINGS[name], ""
    for status in (200, 400, 401, 402, 409, 422, 429, 500, 503):
        echoing.answers["POST /v1/consultas"] = echo(encode, status)
        for arguments in (("query", "900.009.001-68", "-p", "ESSENCIAL"), ("queries", "list")):
            for form in ((), ("--json",)):
                result = _any_code(bare, *arguments, *form)
                seen += result
    named = {"codigo": encode(SECRET), "nome": encode(SECRET), "descricao": f"(PF) {encode(TOKEN)}"}
    echoing.answers["GET /v1/produtos"] = http(200, {"produtos": [PRODUCTS["produtos"][0] | named]})
    echoing.answers["GET /v1/naturezas"] = http(200, {"naturezas": [NATURES["naturezas"][0] | named]})
    seen += _any_code(bare, "products", "sync") + _any_code(bare, "products", "list", "--json")
    seen += _any_code(bare, "natures", "list", "--json") + _any_code(bare, "integration", "test")
    kept = b"".join(path.read_bytes() for path in bare.home.iterdir())
    for secret in (SECRET, TOKEN):
        core = encode(secret)[4:30]
        assert core not in seen
        assert core.encode() not in kept
        assert secret not in seen
        assert secret.encode() not in kept


def _any_code(cli: Cli, *arguments: str) -> str:
    from typer.testing import CliRunner  # noqa: PLC0415 - the exit code is of no interest here

    from credit_protection.entrypoints.cli.app import app  # noqa: PLC0415 - likewise

    del cli
    result = CliRunner().invoke(app, list(arguments), input="s\n")
    assert result.exit_code != 70, result.stderr
    return f"{result.stdout}{result.stderr}"


def test_secret_is_in_no_row_of_the_database(echoing: HostileBureau, bare: Cli) -> None:
    echoing.answers["POST /v1/consultas"] = echo(str, 200)
    _any_code(bare, "query", "900.009.001-68", "-p", "ESSENCIAL")
    with sqlite3.connect(bare.home / "credit_protection.sqlite") as database:
        dump = "\n".join(database.iterdump())
    assert SECRET not in dump
    assert SECRET.encode().hex().upper() not in dump
    assert TOKEN.encode().hex().upper() not in dump


def test_log_of_a_library_knows_the_secrets_that_were_sent(echoing: HostileBureau) -> None:
    del echoing  # its integration has sent them
    stream = io.StringIO()
    telemetry.configure("DEBUG", stream=stream)
    logging.getLogger("httpcore.http11").debug("receive_response_headers.complete [(b'X-Debug', b'%s')]", TOKEN)
    logging.getLogger("host").warning("Basic %s", base64.b64encode(f"demo:{SECRET}".encode()).decode())
    assert TOKEN not in stream.getvalue()
    assert ENCODINGS["Base64 of HTTP Basic"](SECRET)[8:30] not in stream.getvalue()
