"""Answers that no bureau should send, made from what a true one would have been: bytes, or parts that come slowly.

An answer that keeps the truth (`TRUE`) may be believed. Any other one must change nothing: the gateway raises a
`BureauError`, or says that the outcome comes later.
"""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from tests.attacks.hostile_bureau import CPF, OTHER_CPF, SECRET, TOKEN, http

Record = dict[str, Any]
"""A JSON object of any shape."""
ALL = frozenset({"any"})
TRAP = "http://trap.invalid"
"""Stands for an address at which nothing may arrive."""
_PAUSE = 0.05


@dataclass(frozen=True, slots=True)
class Truth:
    """What a bureau would have answered."""

    value: Record = field(repr=False)
    pdf: bytes = field(default=b"", repr=False)
    """Instead of the value, where the answer is a report."""

    @property
    def body(self) -> bytes:
        return self.pdf or json.dumps(self.value).encode()

    @property
    def media_type(self) -> str:
        return "application/pdf" if self.pdf else "application/json"

    def http(self, status: int = 200, body: bytes | None = None, **headers: str) -> bytes:
        """The answer under another status, with another body or with further headers."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return http(status, self.body if body is None else body, self.media_type, named)

    def with_value(self, value: object) -> bytes:
        return http(200, json.dumps(value).encode())

    @property
    def records(self) -> list[Record]:
        """The records in the value."""
        if "contrato" in self.value:
            return [self.value]
        listed = self.value.get("negativacoes", [])
        return listed if isinstance(listed, list) else []

    def changed(self, **changes: object) -> bytes | None:
        """The answer with changes in each of its records; None where it has none."""
        return self.rewritten(lambda record: record | changes)

    def rewritten(self, change: Callable[[Record], Record]) -> bytes | None:
        if not self.records:
            return None
        if "contrato" in self.value:
            return self.with_value(change(self.value))
        return self.with_value(self.value | {"negativacoes": [change(each) for each in self.records]})


Parts = bytes | Iterator[bytes] | None
"""What is sent, or nothing."""


@dataclass(frozen=True, slots=True)
class HostileAnswer:
    """One attack. `keeps_truth_of` names the operations whose answer is still true, `ALL` every one."""

    make: Callable[[Truth], Parts]
    closes: bool = False
    """The connection ends after it."""
    is_slow: bool = False
    """It ends with the call's deadline."""
    keeps_truth_of: frozenset[str] = frozenset()


A_PDF = frozenset({"report"})
"""A PDF may begin after other bytes."""


def raw(content: bytes) -> HostileAnswer:
    """These bytes, and the end of the connection."""
    return HostileAnswer(lambda _: content, closes=True)


def ok(body: bytes, media_type: str = "application/json", **headers: str) -> HostileAnswer:
    """A success with this body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HostileAnswer(lambda _: http(200, body, media_type, named))


def record_with(*believed: str, **changes: object) -> HostileAnswer:
    """The true answer, with changes in each record."""
    return HostileAnswer(lambda truth: truth.changed(**changes), keeps_truth_of=frozenset(believed))


def record_text(change: Callable[[str], str]) -> HostileAnswer:
    """The true answer, its JSON changed as text; nothing where it has no record or nothing changes."""

    def make(truth: Truth) -> Parts:
        if not truth.records:
            return None
        written = json.dumps(truth.value)
        changed = change(written)
        return None if changed == written else http(200, changed.encode())

    return HostileAnswer(make)


def head(truth: Truth, *lines: str, length: int | None = None, status: str = "200 OK") -> bytes:
    """The head of an answer, with a length that may lie; without one, none is given."""
    given = [f"HTTP/1.1 {status}", f"Content-Type: {truth.media_type}", *lines]
    if length is not None:
        given.append(f"Content-Length: {length}")
    return "\r\n".join([*given, "", ""]).encode("latin-1")


def chunked(truth: Truth, *chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return head(truth, "Transfer-Encoding: chunked") + framed + end


def trickle(content: bytes, pause: float = _PAUSE) -> Iterator[bytes]:
    """One byte at a time."""
    for byte in content:
        yield bytes([byte])
        time.sleep(pause)


def forever(beginning: bytes, part: bytes, pause: float = 0.0) -> Iterator[bytes]:
    yield beginning
    while True:
        yield part
        if pause:
            time.sleep(pause)


def compressed(content: bytes, times: int = 1) -> bytes:
    for _ in range(times):
        content = gzip.compress(content, 9)
    return content


_DEFLATER = zlib.compressobj(9, wbits=31)
_BOMB = b"".join([*(_DEFLATER.compress(bytes(1 << 20)) for _ in range(300)), _DEFLATER.flush()])
"""300 MB of zero bytes, in 300 kB."""
SAYS_NO = {"codigo": "NAO_ENCONTRADA", "mensagem": "Não há."}
SAYS_REMOVED = {"codigo": "JA_EXCLUIDA", "mensagem": "Já excluída."}
SAYS_EXISTS = {"codigo": "JA_EXISTE", "mensagem": "Já existe."}
PAGE = b"<!DOCTYPE html><html><head><title>Portal</title></head><body>Entre com sua senha</body></html>"

FRAMING: dict[str, HostileAnswer] = {
    "nothing, and the end": raw(b""),
    "random bytes": raw(bytes(range(256)) * 8),
    "zero bytes": raw(bytes(100_000)),
    "line breaks only": raw(b"\r\n" * 50_000),
    "another protocol": raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "a mail server": raw(b"220 mail.example ESMTP\r\n"),
    "a TLS alert": raw(b"\x15\x03\x03\x00\x02\x02\x28"),
    "a TLS hello": raw(b"\x16\x03\x03\x00\x31\x02\x00\x00\x2d\x03\x03" + bytes(40)),
    "HTTP/0.9": HostileAnswer(lambda truth: truth.body, closes=True),
    "HTTP/2": raw(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18)),
    "a status without a number": raw(b"HTTP/1.1 OK\r\n\r\n{}"),
    "a status of one digit": raw(b"HTTP/1.1 2 OK\r\nContent-Length: 2\r\n\r\n{}"),
    "a status of four digits": raw(b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n{}"),
    "a negative status": raw(b"HTTP/1.1 -200 OK\r\nContent-Length: 2\r\n\r\n{}"),
    "a status in other digits": raw("HTTP/1.1 ２００ OK\r\nContent-Length: 2\r\n\r\n{}".encode()),
    "a later HTTP": raw(b"HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
    "a header without a colon": raw(b"HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 2\r\n\r\n{}"),
    "a header with zero bytes": raw(b"HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 2\r\n\r\n{}"),
    "a header of 1 MB": HostileAnswer(lambda truth: head(truth, "X-A: " + "a" * (1 << 20), length=2) + b"{}"),
    "100,000 headers": HostileAnswer(
        lambda truth: head(truth, *(f"X-{number}: a" for number in range(100_000)), length=2) + b"{}"
    ),
    "two lengths": HostileAnswer(
        lambda truth: head(truth, "Content-Length: 3", length=len(truth.body)) + truth.body, closes=True
    ),
    "a negative length": HostileAnswer(lambda truth: head(truth, length=-1) + truth.body, closes=True),
    "a length beyond all": HostileAnswer(lambda truth: head(truth, length=10**40) + truth.body, closes=True),
    "a length that is no number": HostileAnswer(
        lambda truth: head(truth, "Content-Length: 0x10") + truth.body, closes=True
    ),
    "a length that is longer": HostileAnswer(
        lambda truth: head(truth, length=len(truth.body) + 7) + truth.body, closes=True
    ),
    "a length that is shorter": HostileAnswer(
        lambda truth: head(truth, length=len(truth.body) - 3) + truth.body, closes=True
    ),
    "half a body": HostileAnswer(
        lambda truth: head(truth, length=len(truth.body)) + truth.body[: len(truth.body) // 2], closes=True
    ),
    "half a head": HostileAnswer(lambda truth: head(truth, length=2)[:40], closes=True),
    "half a body that says it is whole": HostileAnswer(
        lambda truth: truth.http(body=truth.body[: len(truth.body) // 2])
    ),
    "a body up to the end, cut": HostileAnswer(lambda truth: head(truth) + truth.body[:-5], closes=True),
    "chunks that are cut": HostileAnswer(lambda truth: chunked(truth, truth.body, end=b""), closes=True),
    "a chunk that is cut": HostileAnswer(
        lambda truth: head(truth, "Transfer-Encoding: chunked") + b"fff\r\n" + truth.body, closes=True
    ),
    "a chunk without a size": HostileAnswer(
        lambda truth: head(truth, "Transfer-Encoding: chunked") + b"zz\r\n" + truth.body + b"\r\n0\r\n\r\n", closes=True
    ),
    "a negative chunk": HostileAnswer(
        lambda truth: head(truth, "Transfer-Encoding: chunked") + b"-5\r\n" + truth.body + b"\r\n0\r\n\r\n", closes=True
    ),
    "a chunk beyond all": HostileAnswer(
        lambda truth: head(truth, "Transfer-Encoding: chunked") + b"f" * 40 + b"\r\n" + truth.body, closes=True
    ),
    "a chunk's extension of 1 MB": HostileAnswer(
        lambda truth: head(truth, "Transfer-Encoding: chunked") + b"1;" + b"a" * (1 << 20) + b"\r\n{\r\n0\r\n\r\n"
    ),
    "an unknown transfer encoding": HostileAnswer(
        lambda truth: head(truth, "Transfer-Encoding: rot13") + truth.body, closes=True
    ),
    "gzip, cut": HostileAnswer(
        lambda truth: truth.http(body=compressed(truth.body)[:-9], Content_Encoding="gzip"),
    ),
    "gzip that is none": HostileAnswer(lambda truth: truth.http(Content_Encoding="gzip")),
    "gzip in gzip": HostileAnswer(lambda truth: truth.http(body=compressed(truth.body, 2), Content_Encoding="gzip")),
    "two encodings": HostileAnswer(
        lambda truth: truth.http(body=compressed(truth.body, 2), Content_Encoding="gzip, gzip")
    ),
    "an unknown encoding": HostileAnswer(lambda truth: truth.http(Content_Encoding="br")),
    "a bomb": HostileAnswer(lambda truth: truth.http(body=_BOMB, Content_Encoding="gzip")),
    "a bomb without its header": ok(_BOMB),
    "a bomb in a bomb": ok(gzip.compress(_BOMB), Content_Encoding="gzip"),
}

SLOW: dict[str, HostileAnswer] = {
    "silence": HostileAnswer(lambda _: b"", is_slow=True),
    "a head byte by byte": HostileAnswer(lambda truth: trickle(truth.http()), is_slow=True),
    "a body byte by byte": HostileAnswer(
        lambda truth: (part for parts in ([head(truth, length=1000)], trickle(truth.body)) for part in parts),
        is_slow=True,
    ),
    "a body that stops": HostileAnswer(lambda truth: head(truth, length=1000) + truth.body[:9], is_slow=True),
    "headers without an end": HostileAnswer(
        lambda truth: forever(head(truth)[:-2], b"X-A: b\r\n", _PAUSE), is_slow=True
    ),
    "100 Continue without an end": HostileAnswer(
        lambda _: forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n", _PAUSE), is_slow=True
    ),
    "103 Early Hints at full speed": HostileAnswer(
        lambda _: forever(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100), is_slow=True
    ),
    "chunks without an end": HostileAnswer(
        lambda truth: forever(head(truth, "Transfer-Encoding: chunked"), b"10000\r\n" + b" " * 65536 + b"\r\n"),
        is_slow=True,
    ),
    "a chunk of one byte, again and again": HostileAnswer(
        lambda truth: forever(head(truth, "Transfer-Encoding: chunked"), b"1\r\n{\r\n", _PAUSE), is_slow=True
    ),
    "a body without a length or an end": HostileAnswer(lambda truth: forever(head(truth), b"[" * 65536), is_slow=True),
    "101 Switching Protocols, and silence": HostileAnswer(
        lambda _: b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", is_slow=True
    ),
}

_SEEN_STATUSES = (
    *(201, 202, 203, 204, 205, 206, 207, 226, 299),
    *(300, 304, 305, 306, 399),
    *(400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423),
    *(424, 425, 426, 428, 429, 431, 444, 451, 460, 499),
    *(500, 501, 502, 503, 504, 505, 506, 507, 508, 509, 510, 511, 520, 521, 522, 523, 524, 525, 530, 598, 599),
    *(600, 700, 999),
)


def status_with(status: int, body: object = b"", media_type: str = "application/json", **headers: str) -> HostileAnswer:
    """An answer with this status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HostileAnswer(lambda _: http(status, body, media_type, named))


def true_with(status: int) -> HostileAnswer:
    """The true answer under another status."""
    return HostileAnswer(lambda truth: truth.http(status))


STATUSES: dict[str, HostileAnswer] = {
    **{f"{status} with a page": status_with(status, PAGE, "text/html") for status in _SEEN_STATUSES},
    **{f"{status} with the true answer": true_with(status) for status in _SEEN_STATUSES if status >= 300},
    **{f"{status} with nothing": status_with(status) for status in _SEEN_STATUSES},
    **{
        f"{status} to {name}": status_with(status, Location=address)
        for status in (301, 302, 303, 307, 308)
        for name, address in (
            ("another bureau", f"{TRAP}/v1/negativacoes"),
            ("another scheme", "file:///etc/passwd"),
            ("itself", "/v1/produtos"),
            ("no address", "http://["),
        )
    },
    "100 Continue, and a page": raw(b"HTTP/1.1 100 Continue\r\n\r\n" + http(200, PAGE, "text/html")),
    "401 that asks for another login": HostileAnswer(
        lambda _: http(401, PAGE, headers={"WWW-Authenticate": "Negotiate, NTLM, Basic realm=x"})
    ),
    "429 for years": HostileAnswer(lambda _: http(429, b"", headers={"Retry-After": "9" * 400})),
    "429 until a day of no calendar": HostileAnswer(
        lambda _: http(429, b"", headers={"Retry-After": "Fri, 99 Foo 99999 99:99:99 XXX"})
    ),
    "503 until yesterday": HostileAnswer(
        lambda _: http(503, b"", headers={"Retry-After": "Fri, 01 Jan 1999 00:00:00 GMT"})
    ),
    **{
        f"{name} with {status}": status_with(status, body)
        for name, body in (("no such record", SAYS_NO), ("already removed", SAYS_REMOVED), ("exists", SAYS_EXISTS))
        for status in (200, 201, 301, 403, 410, 500, 503)
    },
    "404 of another program": HostileAnswer(lambda _: http(404, {"codigo": "404", "mensagem": "Not Found"})),
    "404 in another form": HostileAnswer(lambda _: http(404, {"codigo": ["NAO_ENCONTRADA"], "mensagem": "x"})),
    "404 without a message": HostileAnswer(lambda _: http(404, {"codigo": "NAO_ENCONTRADA"})),
    "404 in another case": HostileAnswer(lambda _: http(404, {"codigo": "nao_encontrada ", "mensagem": "x"})),
    "404 whose code comes twice": HostileAnswer(
        lambda _: http(404, b'{"codigo": "ERRO_INTERNO", "mensagem": "x", "codigo": "NAO_ENCONTRADA"}')
    ),
    "409 whose code comes twice": HostileAnswer(
        lambda _: http(409, b'{"codigo": "BLOQUEADO", "mensagem": "x", "codigo": "JA_EXCLUIDA"}')
    ),
    "an error as a success": ok(b'{"sucesso": false, "erro": "fora do ar"}'),
    "a success without a record": ok(b'{"sucesso": true, "status": "EXCLUSAO", "mensagem": "ok"}'),
}

BODIES: dict[str, HostileAnswer] = {
    "an empty body": ok(b""),
    "blanks": ok(b" \r\n\t" * 1000),
    "a page": ok(PAGE, "text/html"),
    "a page that says it is JSON": ok(PAGE),
    "a page that says it is a PDF": ok(PAGE, "application/pdf"),
    "XML": ok(b'<?xml version="1.0"?><negativacao><situacao>EXCLUSAO</situacao></negativacao>', "application/xml"),
    "a form": ok(b"id=NEG00000001&situacao=EXCLUSAO", "application/x-www-form-urlencoded"),
    "a program": ok(b"\x7fELF" + bytes(5000), "application/octet-stream"),
    "deep lists": ok(b"[" * 1_000_000),
    "deep objects": ok(b'{"a":' * 300_000),
    "deep and whole": ok(b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    "a list of 20 MB": ok(b"[" + b"{}," * 6_600_000 + b"{}]"),
    "more than 20 MB": ok(b'"' + b"a" * (21 << 20) + b'"'),
    "a text of 15 MB": ok(b'{"mensagem": "' + b"a" * (15 << 20) + b'"}'),
    "a number of 1 MB": ok(b'{"total": ' + b"9" * (1 << 20) + b"}"),
    "a huge exponent": ok(b'{"total": 1e999999999, "negativacoes": []}'),
    "NaN": ok(b"NaN"),
    "Infinity in it": ok(b'{"total": Infinity, "negativacoes": [], "produtos": -Infinity}'),
    "no value": ok(b"null"),
    "true": ok(b"true"),
    "a number": ok(b"200"),
    "a text": ok(b'"EXCLUSAO"'),
    "an empty list": ok(b"[]"),
    "an empty object": ok(b"{}"),
    "a list for the object": HostileAnswer(lambda truth: truth.with_value([truth.value])),
    "the object in an object": HostileAnswer(lambda truth: truth.with_value({"data": truth.value})),
    "the object as a text": HostileAnswer(lambda truth: truth.with_value(json.dumps(truth.value))),
    "objects for lists": ok(b'{"negativacoes": {}, "produtos": {}, "naturezas": {}, "motivos": {}}'),
    "lists of everything": ok(
        b'{"negativacoes": [1, null, [], "x", NaN], "produtos": [[]], "naturezas": [1], "motivos": [null]}'
    ),
    "lists of empty objects": ok(b'{"negativacoes": [{}], "produtos": [{}], "naturezas": [{}], "motivos": [{}]}'),
    "no lists": ok(b'{"negativacoes": null, "produtos": null, "naturezas": null, "motivos": null}'),
    "lines of JSON": HostileAnswer(
        lambda truth: truth.http(body=truth.body + b"\n" + truth.body), keeps_truth_of=A_PDF
    ),
    "JSON in a call": HostileAnswer(
        lambda truth: truth.http(body=b"callback(" + truth.body + b");"), keeps_truth_of=A_PDF
    ),
    "JSON behind a guard": HostileAnswer(lambda truth: truth.http(body=b")]}',\n" + truth.body), keeps_truth_of=A_PDF),
    "JSON with comments": HostileAnswer(lambda truth: truth.http(body=b"// ok\n" + truth.body), keeps_truth_of=A_PDF),
    "single quotes": HostileAnswer(
        lambda truth: None if truth.pdf else truth.http(body=truth.body.replace(b'"', b"'"))
    ),
    "a raw line break in a text": HostileAnswer(
        lambda truth: None if truth.pdf else truth.http(body=truth.body.replace(b'": "', b'": "\n', 1))
    ),
    "UTF-16 that says UTF-8, half": HostileAnswer(
        lambda truth: http(200, truth.body.decode("latin-1").encode("utf-16")[:51], "application/json; charset=utf-8")
    ),
    "a charset that runs code": ok(b"\\x7b\\x7d", "application/json; charset=unicode_escape"),
    "a charset that inflates": ok(zlib.compress(b" " * 9_000_000), "application/json; charset=zlib"),
    "an unknown charset": ok(b"\xff\xfe\xff", "application/json; charset=klingon"),
    "a charset of 10 kB": ok(b"\xff", "application/json; charset=" + "x" * 10_000),
    "an answer of another program": ok(b'{"openapi": "3.0.0", "paths": {}}'),
    "an answer to another question": HostileAnswer(
        lambda _: http(200, {"access_token": "x", "situacao": "EXCLUSAO", "operacao": "EXCLUSAO"}),
        keeps_truth_of=frozenset({"token", "token of an inclusion"}),
    ),
    "the secret and the token, again": HostileAnswer(
        lambda _: http(200, {"mensagem": f"{SECRET} {TOKEN} {CPF}", "codigo": SECRET, "id": TOKEN})
    ),
    "the secret and the token as an error": HostileAnswer(
        lambda _: http(422, {"mensagem": f"{SECRET} {TOKEN} {CPF}", "codigo": "X", "campo": TOKEN}),
        keeps_truth_of=frozenset({"include", "remove"}),
    ),
    "escapes and direction marks": HostileAnswer(
        lambda _: http(
            422,
            {"mensagem": "\x1b]0;a\x07\x1b[2J\u202eabc\u2066\r\nHTTP/1.1 200 OK\r\n\0", "codigo": "X"},
            headers={"X-Protocolo": "P\x1b[31m"},
        ),
        keeps_truth_of=frozenset({"include", "remove"}),
    ),
    "a lone surrogate in an error": HostileAnswer(
        lambda _: http(422, b'{"mensagem": "\\ud800 \\udfff", "codigo": "X"}'),
        keeps_truth_of=frozenset({"include", "remove"}),
    ),
}

_OF_THIS_PERSON = ("remove", "removed", "find", "remove, id unknown", "find, id unknown", "list")
"""One of a person's records is gone: of the id that was asked for, or another one than the key's."""
RECORDS: dict[str, HostileAnswer] = {
    "another person's record": record_with("find", "list", documento=OTHER_CPF),
    "no person's record": record_with(*_OF_THIS_PERSON[:-1], documento=""),
    "a person who is none": record_with("find", documento="111.111.111-11"),
    "a document in other digits": record_with(documento="９００１００２００５５"),
    "a number for the document": record_with(documento=90010020055),
    "another contract": record_with(*_OF_THIS_PERSON, contrato="OUTRO-9"),
    "a contract with escapes": record_with(contrato="FAT\x1b[31m\u202e"),
    "a contract with a line break": record_with(contrato="FAT-1\r\nX: y"),
    "a number for the contract": record_with(contrato=20260001),
    "another due date": record_with(*_OF_THIS_PERSON, vencimento="1999-12-31"),
    "a day of no calendar": record_with(vencimento="2026-02-31"),
    "a day in other digits": record_with(vencimento="２０２６-０１-０５"),
    "a day as a number": record_with(vencimento=20260105),
    "a day with a time": record_with(vencimento="2026-01-05T00:00:00Z"),
    "another id": record_with("include", "find, id unknown", "list", id="NEG99999999"),
    "a number for the id": record_with(id=1),
    "an id that is a path": record_with(id="../../admin"),
    "an id with a question mark": record_with(id="NEG1?motivo=x"),
    "an id of 1 MB": record_with(id="N" * (1 << 20)),
    "an id with a line break": record_with(id="NEG1\r\nX: y"),
    "no id": record_with(id=None),
    "a number for the amount": record_with(valor=119.9),
    "a negative amount": record_with(valor="-119.90"),
    "an amount in other digits": record_with(valor="１１９.９０"),
    "an amount with an exponent": record_with(valor="1e9"),
    "an amount that is none": record_with(valor="NaN"),
    "the state in another case": record_with(situacao="exclusao"),
    "the state with a blank": record_with(situacao="EXCLUSAO "),
    "an unknown state": record_with(situacao="CONCLUIDO"),
    "no state": record_with(situacao=None),
    "a list for the state": record_with(situacao=["EXCLUSAO"]),
    "a number for the state": record_with(situacao=1),
    "an unknown operation": record_with(operacao="BAIXA"),
    "no operation": record_with(operacao=None),
    "true for the operation": record_with(operacao=True),
    "the state twice": record_text(lambda text: text.replace('"situacao"', '"situacao": "PROCESSANDO", "situacao"')),
    "the state twice, the true one first": record_text(
        lambda text: text.replace('"operacao"', '"situacao": "INCLUSAO", "operacao"').replace(
            '"valor"', '"situacao": "EXCLUSAO", "valor"'
        )
    ),
    "the id twice": record_text(lambda text: text.replace('"id"', '"id": "OTHER-1", "id"')),
    "the document twice": record_text(
        lambda text: text.replace('"documento"', f'"documento": "{OTHER_CPF}", "documento"')
    ),
    "the list twice": record_text(lambda text: text.replace('"negativacoes"', '"negativacoes": [], "negativacoes"')),
    "a name of a field in escapes, twice": record_text(
        lambda text: text.replace('"situacao"', '"\\u0073ituacao": "PROCESSANDO", "situacao"')
    ),
    "a total that is a text": HostileAnswer(lambda truth: _total(truth, "1")),
    "a negative total": HostileAnswer(lambda truth: _total(truth, -1)),
    "a total that is true": HostileAnswer(lambda truth: _total(truth, True)),  # noqa: FBT003 - a value of JSON
    "a total that is no number": HostileAnswer(lambda truth: _total(truth, float("nan"))),
    "a fraction for the total": HostileAnswer(lambda truth: _total(truth, 1.5)),
    "a total beyond all": HostileAnswer(lambda truth: _total(truth, 10**30)),
    "a page that repeats": HostileAnswer(lambda truth: _total(truth, 10**5)),
    "an empty page that promises records": HostileAnswer(
        lambda truth: truth.with_value({"negativacoes": [], "total": 3}) if "total" in truth.value else None
    ),
    "one record that is none": HostileAnswer(
        lambda truth: (
            truth.with_value(truth.value | {"negativacoes": [*truth.records, {"id": "x"}]})
            if "total" in truth.value
            else None
        )
    ),
}


def _total(truth: Truth, total: object) -> Parts:
    return truth.with_value(truth.value | {"total": total}) if "total" in truth.value else None


TRUE: dict[str, HostileAnswer] = {
    "the truth": HostileAnswer(lambda truth: truth.http(), keeps_truth_of=ALL),
    "the truth as text": HostileAnswer(
        lambda truth: http(200, truth.body, "text/plain" if not truth.pdf else "application/pdf"), keeps_truth_of=ALL
    ),
    "the truth without a type": HostileAnswer(
        lambda truth: b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(truth.body) + truth.body,
        keeps_truth_of=ALL,
    ),
    "the truth after early hints": HostileAnswer(
        lambda truth: b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + truth.http(), keeps_truth_of=ALL
    ),
    "the truth with bytes left over": HostileAnswer(lambda truth: truth.http() + b"x" * 999, keeps_truth_of=ALL),
    "the truth twice": HostileAnswer(lambda truth: truth.http() * 2, keeps_truth_of=ALL),
    "the truth in small chunks": HostileAnswer(
        lambda truth: chunked(truth, *(truth.body[at : at + 7] for at in range(0, len(truth.body), 7))),
        keeps_truth_of=ALL,
    ),
    "the truth in gzip": HostileAnswer(
        lambda truth: truth.http(body=compressed(truth.body), Content_Encoding="gzip"), keeps_truth_of=ALL
    ),
    "the truth with a hostile protocol": HostileAnswer(
        lambda truth: truth.http(X_Protocolo="P\x1b[2J" + "é" * 300), keeps_truth_of=ALL
    ),
    "the truth with odd cookies": HostileAnswer(
        lambda truth: truth.http(Set_Cookie="a=b; Domain=.example; " + "x" * 3000), keeps_truth_of=ALL
    ),
    "the truth in a length and in chunks": HostileAnswer(
        lambda truth: (
            head(truth, "Transfer-Encoding: chunked", length=3)
            + b"%x\r\n%b\r\n0\r\n\r\n" % (len(truth.body), truth.body)
        ),
        closes=True,
        keeps_truth_of=ALL,
    ),
}

GROUPS: Mapping[str, Mapping[str, HostileAnswer]] = MappingProxyType(
    {
        "framing": FRAMING,
        "slow": SLOW,
        "statuses": STATUSES,
        "bodies": BODIES,
        "records": RECORDS,
        "true": TRUE,
    }
)
ANSWERS: Mapping[str, HostileAnswer] = MappingProxyType(
    {name: answer for group in GROUPS.values() for name, answer in group.items()}
)
