"""Files that are hostile or damaged, each given to the command that reads it, in a process of its own.

Each ends in time, within its memory, with exit code 2 and one sentence; a file of which parts can be read may also be
read, with the rest left out.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import sqlite3
import sys
import threading
import traceback
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from credit_protection import Configuration, CreditProtection
from credit_protection.adapters.hosts.local import LocalErp
from credit_protection.entrypoints.cli.app import app
from credit_protection.entrypoints.cli.identity import process_user
from tests.attacks.bureau_attack import Verdict
from tests.attacks.hostile_bureau import CPF, SECRET, pdf
from tests.attacks.test_configuration import WRONG
from tests.attacks.test_spreadsheets import FILES, PROVIDERS, csv, workbook
from tests.entrypoints.command_line import ADMINISTRATOR

MOST_SECONDS = 60.0
MOST_BYTES = 700 << 20
"""Beyond what the process has before the command."""
_CRASHED = 99
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
Make = Callable[[Path], None]
"""Makes the file at a path."""


@dataclass(frozen=True, slots=True)
class HostileFile:
    """A command with a file; `{file}` stands for its path, and `at` is its name where the home folder has it."""

    arguments: tuple[str, ...]
    make: Make
    at: str = ""
    may_succeed: bool = False
    """Parts of it can be read, or it does no harm; 3 says that the ERP can't be read."""


def content(make: Callable[[], bytes]) -> Make:
    return lambda path: _replace(path, make())


def bytes_of(what: bytes) -> Make:
    return lambda path: _replace(path, what)


def _replace(path: Path, what: bytes) -> None:
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        name.unlink(missing_ok=True)
    path.write_bytes(what)
    path.chmod(0o600)


def _database(*statements: str) -> Make:
    def make(path: Path) -> None:
        _replace(path, b"")
        with closing(sqlite3.connect(path)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    return make


def _folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def _circle(path: Path) -> None:
    path.symlink_to(path)


def _device(name: str) -> Make:
    return lambda path: path.symlink_to(name)


def _missing(path: Path) -> None:
    path.unlink(missing_ok=True)


_EXTRACT = ("negativations", "adopt", "--file", "{file}", "--dry-run", "--json")
_RECONCILE = ("reconcile", "--file", "{file}", "--as-of", "24/11/2026 14:30", "--json")
_PORTAL = ("reconcile", "--portal", "{file}", "--json")
_IMPORT = ("invoices", "import", "{file}", "--yes", "--json")
_OVERDUE = ("invoices", "overdue", "--json")
_LIST = ("integration", "list", "--json")
_HEAD = b'{"hoje": "2026-11-24", "empresa": {"id_empresa": 1, "nome": "X", "cnpj": "99.009.000/0001-10"}, '
_ROW = "900.009.001-68;{};REF;01/01/2026;10,00;INCLUSAO;INCLUSAO"


def _customers(**changes: object) -> bytes:
    customer: dict[str, Any] = {"id_cliente": 1, "nome_razaosocial": "N", "cpf_cnpj": CPF, **changes}
    return _HEAD + b'"clientes": ' + json.dumps([customer]).encode() + b', "faturas": []}'


def _invoices(**changes: object) -> bytes:
    invoice: dict[str, Any] = {
        "id_fatura": 1,
        "id_cliente": 1,
        "valor": 10.0,
        "data_vencimento": "2026-01-01",
        **changes,
    }
    return _HEAD + b'"clientes": [], "faturas": ' + json.dumps([invoice]).encode() + b"}"


OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000)
ODD: dict[str, Make] = {
    "no file": _missing,
    "a folder": _folder,
    "a link to itself": _circle,
    "an endless device": _device("/dev/zero"),
    "an endless device of noise": _device("/dev/urandom"),
    "an empty device": _device("/dev/null"),
    "the process's memory": _device("/proc/self/mem"),
    "a PDF": content(lambda: pdf(CPF)),
    "an old workbook": content(lambda: OLD_WORKBOOK),
    "an encrypted workbook": content(lambda: OLD_WORKBOOK + "EncryptedPackage".encode("utf-16-le")),
    "a page": content(lambda: b"<!DOCTYPE html><html><body>Entre</body></html>"),
    "an archive of an archive": content(lambda: workbook(further={"xl/inner.zip": workbook()})[:-30]),
    "gzip": content(lambda: zlib.compress(csv(_ROW.format("N")))),
}
READABLE: dict[str, Make] = {
    "escapes in a name": content(lambda: csv(_ROW.format("\x1b[2J\u202eN\x07"))),
    "a formula in a name": content(lambda: csv(_ROW.format('=HYPERLINK("http://x")'))),
    "a name of 100 kB": content(lambda: csv(_ROW.format("N" * 100_000))),
    "a document of 10,000 digits": content(lambda: csv(f"{'9' * 10_000};N;REF;01/01/2026;10,00;INCLUSAO;INCLUSAO")),
    "an amount of 10,000 digits": content(lambda: csv(f"{CPF};N;REF;01/01/2026;{'9' * 10_000},00;INCLUSAO;INCLUSAO")),
    "an amount with an exponent": content(lambda: csv(f"{CPF};N;REF;01/01/2026;1e999999;INCLUSAO;INCLUSAO")),
    "a day of no calendar": content(lambda: csv(f"{CPF};N;REF;99/99/9999;1,00;INCLUSAO;INCLUSAO")),
    "a serial day beyond time": content(lambda: csv(f"{CPF};N;REF;{'9' * 300};1,00;INCLUSAO;INCLUSAO")),
    "other digits": content(lambda: csv("９００００９００１６８;N;REF;０１/０１/２０２６;１０,００;INCLUSAO;INCLUSAO")),
    "zero bytes in cells": content(lambda: csv(_ROW.format("N\0N"))),
    "10,000 equal rows": content(lambda: csv(*[_ROW.format("N")] * 10_000)),
}
ERP_RECORDS: dict[str, Callable[[], bytes]] = {
    "a name with escapes": lambda: _customers(nome_razaosocial="\x1b]0;x\x07\u202eN"),
    "a name of 1 MB": lambda: _customers(nome_razaosocial="N" * (1 << 20)),
    "a name that is a list": lambda: _customers(nome_razaosocial=["N"] * 1000),
    "a customer's id that is an object": lambda: _customers(id_cliente={"a": 1}),
    "a customer's id that is a path": lambda: _customers(id_cliente="../../1\0"),
    "a document that is a float": lambda: _customers(cpf_cnpj=9.0000900168e10),
    "a birthday of no calendar": lambda: _customers(data_nascimento="0000-00-00"),
    "an amount of 400 digits": lambda: _invoices(valor=int("9" * 400)),
    "an infinite amount": lambda: _invoices(valor=float("inf")),
    "an amount that is none": lambda: _invoices(valor=float("nan")),
    "a tiny amount": lambda: _invoices(valor=1e-300),
    "a due date beyond time": lambda: _invoices(data_vencimento="99999-01-01"),
    "a due date as a number": lambda: _invoices(data_vencimento=10**30),
    "agreements that are a number": lambda: _HEAD + b'"clientes": [], "faturas": [], "acordos": 7}',
    "holds that are a text": lambda: _HEAD + b'"clientes": [], "faturas": [], "nao_negativar": "x"}',
    "today beyond time": lambda: (
        b'{"hoje": "9999-12-31", ' + _HEAD.partition(b", ")[2] + b'"clientes": [], "faturas": []}'
    ),
    "100,000 empty customers": lambda: _HEAD + b'"clientes": [' + b"{}," * 99_999 + b'{}], "faturas": []}',
}
DATABASES: dict[str, Make] = {
    "noise": content(lambda: bytes(range(256)) * 400),
    "a text": content(lambda: b"isto nao e um banco\n" * 100),
    "a header only": content(lambda: b"SQLite format 3\0" + bytes(84)),
    "a damaged page": content(lambda: b"SQLite format 3\0\x10\0\x02\x02\0\x40\x20\x20" + b"\xff" * 40_000),
    "other tables": _database(
        "CREATE TABLE cp_integration (x)", "CREATE TABLE invoice (x)", "CREATE TABLE customer (x)"
    ),
    "a trigger that deletes": _database(
        "CREATE TABLE customer (id)", "CREATE TRIGGER t AFTER INSERT ON customer BEGIN DELETE FROM customer; END"
    ),
    "a view for a table": _database("CREATE VIEW cp_integration AS SELECT 1", "CREATE VIEW invoice AS SELECT 1"),
    "a view without an end": _database(
        "CREATE VIEW invoice AS WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x FROM a) SELECT x FROM a"
    ),
    "a folder": _folder,
}

_WITHOUT_OURS = ("a trigger that deletes", "a view without an end")
"""None of its tables has the name of one of ours."""
CASES: dict[str, HostileFile] = {
    **{f"adopt: {name}": HostileFile(_EXTRACT, content(make)) for name, make in FILES.items()},
    **{f"adopt: {name}": HostileFile(_EXTRACT, make) for name, make in ODD.items()},
    **{f"adopt: {name}": HostileFile(_EXTRACT, make, may_succeed=True) for name, make in READABLE.items()},
    **{f"reconcile: {name}": HostileFile(_RECONCILE, make) for name, make in ODD.items()},
    **{f"reconcile: {name}": HostileFile(_RECONCILE, make, may_succeed=True) for name, make in READABLE.items()},
    **{f"portal: {name}": HostileFile(_PORTAL, make) for name, make in ODD.items()},
    **{f"import: {name}": HostileFile(_IMPORT, bytes_of(made)) for name, made in PROVIDERS.items()},
    **{f"import: {name}": HostileFile(_IMPORT, make) for name, make in ODD.items()},
    **{f"import: {name}": HostileFile(_IMPORT, content(make), may_succeed=True) for name, make in ERP_RECORDS.items()},
    **{f"ERP: {name}": HostileFile(_OVERDUE, make, "erp.sqlite", may_succeed=True) for name, make in DATABASES.items()},
    **{
        f"database: {name}": HostileFile(_LIST, make, "credit_protection.sqlite", may_succeed=name in _WITHOUT_OURS)
        for name, make in DATABASES.items()
    },
    **{
        f"configuration: {name}": HostileFile(_LIST, bytes_of(made), "credit_protection.toml")
        for name, (made, _) in WRONG.items()
    },
}


@contextmanager
def prepared() -> Iterator[Path]:
    """A folder with an installation `home`, which nobody has asked a bureau from."""
    with TemporaryDirectory(prefix="cp-files-") as folder:
        home = Path(folder) / "home"
        home.mkdir(mode=0o700)
        LocalErp(home / "erp.sqlite").import_example(today=datetime.now(UTC).astimezone().date())
        protection = CreditProtection("files", Configuration(home, f"sqlite:///{home / 'credit_protection.sqlite'}"))
        try:
            protection.users.add_first(*process_user())
            (creditor,) = protection.integrations.creditors(ADMINISTRATOR)
            protection.integrations.register(
                ADMINISTRATOR,
                gateway="credito_na_medida",
                description="Birô",
                creditor_id=creditor.id,
                parameters={"client_id": "demo", "client_secret": SECRET, "base_url": "http://127.0.0.1:9"},
            )
        finally:
            protection.close()
        yield Path(folder)


def attack(name: str, installation: Path) -> Verdict:
    """Run one command on a copy of the installation."""
    case = CASES[name]
    with TemporaryDirectory(prefix="cp-file-") as folder:
        home = Path(folder) / "home"
        _copy(installation / "home", home)
        path = home / case.at if case.at else Path(folder) / "given.bin"
        case.make(path)
        code, output, error, peak, was_killed = run([part.format(file=path) for part in case.arguments], home)
    faults = []
    if was_killed:
        faults.append(f"it did not end in {MOST_SECONDS} seconds")
    elif code not in ({0, 1, 2, 3} if case.may_succeed else {2}):
        faults.append(f"exit code {code}: {error[-300:]}")
    if peak > MOST_BYTES:
        faults.append(f"{peak >> 20} MB")
    shown = output + error
    if "Traceback" in shown:
        faults.append(f"a traceback: {error[-300:]}")
    if found := _CONTROL.search(shown):
        faults.append(f"shows a control character {found[0]!r}")
    if SECRET in shown or "SEGREDO-CANARIO" in shown:
        faults.append("shows the secret")
    if code in {2, 3} and not was_killed:
        faults += _not_one_sentence(output)
    return Verdict(tuple(faults))


def _not_one_sentence(output: str) -> list[str]:
    try:
        message = json.loads(output)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return [f"no error document: {output[:200]!r}"]
    return [] if "\n" not in message and message.strip().endswith((".", ")")) else [f"no sentence: {message[:200]!r}"]


def _copy(source: Path, target: Path) -> None:
    target.mkdir(mode=0o700)
    for each in source.iterdir():
        (target / each.name).write_bytes(each.read_bytes())
        (target / each.name).chmod(0o600)


def run(
    arguments: list[str], home: Path, environment: Mapping[str, str] | None = None
) -> tuple[int, str, str, int, bool]:
    """Exit code, output, errors, the memory that it took in bytes, and whether it had to be killed."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with (home.parent / "out").open("w+b") as out, (home.parent / "err").open("w+b") as err:
        child = os.fork()
        if child == 0:
            _be_the_command(arguments, home, out.fileno(), err.fileno(), environment or {})
        killed = threading.Event()

        def kill() -> None:
            killed.set()
            os.kill(child, signal.SIGKILL)

        timer = threading.Timer(MOST_SECONDS, kill)
        timer.start()
        _, status, usage = os.wait4(child, 0)
        timer.cancel()
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read(4 << 20).decode("utf-8", "replace"))
    taken = max(0, usage.ru_maxrss - before) * 1024
    return os.waitstatus_to_exitcode(status), texts[0], texts[1], taken, killed.is_set()


def _be_the_command(arguments: list[str], home: Path, out: int, err: int, environment: Mapping[str, str]) -> NoReturn:
    """In a child: the command line with these arguments. A process started anew would take seconds."""
    code = _CRASHED
    try:
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdin = open(os.devnull)  # noqa: SIM115, PTH123 - for the rest of the process
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - likewise
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115 - likewise
        for name in [name for name in os.environ if name.startswith("CREDIT_PROTECTION_")]:
            del os.environ[name]
        os.environ |= {"CREDIT_PROTECTION_HOME": str(home), **environment}
        sys.argv = ["credit-protection", *arguments]
        try:
            app()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - the child ends here, whatever happened
        traceback.print_exc()
    finally:
        os._exit(code)
