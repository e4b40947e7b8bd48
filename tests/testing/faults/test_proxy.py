"""The proxy with real sockets, with the gateway over HTTP, and with PostgreSQL."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

from credit_protection.adapters.bureaus.credito_na_medida.gateway import CreditoNaMedidaGateway
from credit_protection.domain.bureau_answers import Accepted
from credit_protection.domain.errors import BureauUnavailable, OutcomeUnknown
from credit_protection.testing.faults import Direction, FaultyProxy
from credit_protection.testing.simulator import BureauSimulator
from tests.postgresql import postgresql_server
from tests.testing.faults.account import gateway, inclusion, removal

__all__ = ["postgresql_server"]

INCLUDE, REMOVE = b"POST /v1/negativacoes", b"DELETE /v1/negativacoes"


class Echo:
    """A server that echoes and records all bytes, and closes when the client closes."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(65536):
                    self.got.append(data)
                    connection.sendall(data)
            except OSError:
                self.got.append(b"<reset>")


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.stop()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[FaultyProxy]:
    with FaultyProxy("127.0.0.1", echo.port) as started:
        yield started


def connect(proxy: FaultyProxy) -> socket.socket:
    return socket.create_connection((proxy.host, proxy.port), timeout=5)


def read(connection: socket.socket, size: int) -> bytes:
    """Read so many bytes, in any chunks."""
    data = b""
    while len(data) < size and (piece := connection.recv(size - len(data))):
        data += piece
    return data


def is_reset(proxy: FaultyProxy) -> bool:
    """Whether a new connection is reset, perhaps while connecting."""
    try:
        with connect(proxy) as connection:
            connection.sendall(b"x")
            return connection.recv(1) != b"x"
    except (ConnectionResetError, BrokenPipeError):
        return True


def read_to_end(connection: socket.socket) -> bytes:
    """Read until the other end closes."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


# ------------------------------------------------------------------------------------------------ bytes


def test_proxy_without_rules_forwards_everything(proxy: FaultyProxy) -> None:
    text = bytes(range(256)) * 4096
    with connect(proxy) as connection, ThreadPoolExecutor(1) as reader:
        answer = reader.submit(read_to_end, connection)
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        assert answer.result() == text
    counts = proxy.counts()
    assert (counts["connections"], counts["request"], counts["response"]) == (1, len(text), len(text))


def test_reset_after_some_bytes_of_the_response(proxy: FaultyProxy, echo: Echo) -> None:
    proxy.reset(Direction.RESPONSE, after=3)
    with connect(proxy) as connection:
        connection.sendall(b"hello")
        assert read(connection, 3) == b"hel"
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert echo.got[0] == b"hello"
    assert proxy.counts()["reset"] == 1


def test_reset_at_the_first_byte_forwards_nothing(proxy: FaultyProxy, echo: Echo) -> None:
    proxy.reset(Direction.REQUEST)
    with connect(proxy) as connection:
        connection.sendall(b"hello")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    proxy.wait_for("reset")
    assert b"hello" not in echo.got
    assert proxy.counts()["request"] == 0


def test_reset_after_some_bytes_of_the_request(proxy: FaultyProxy, echo: Echo) -> None:
    proxy.reset(Direction.REQUEST, after=2)
    with connect(proxy) as connection:
        connection.sendall(b"hello")
        with pytest.raises(ConnectionResetError):
            read_to_end(connection)
    _until(lambda: echo.got == [b"he", b"<reset>"])


def test_cut_closes_in_order_after_the_forwarded_bytes(proxy: FaultyProxy) -> None:
    proxy.cut(Direction.RESPONSE, after=3)
    with connect(proxy) as connection:
        connection.sendall(b"hello" * 1000)
        assert read_to_end(connection) == b"hel"
    assert proxy.counts()["cut"] == 1


def test_rule_acts_as_soon_as_its_bytes_have_passed(proxy: FaultyProxy) -> None:
    proxy.cut(Direction.RESPONSE, after=5)
    with connect(proxy) as connection:
        connection.sendall(b"hello")
        assert read_to_end(connection) == b"hello"


def test_held_bytes_pass_after_release(proxy: FaultyProxy) -> None:
    proxy.hold(Direction.RESPONSE, after=1)
    with connect(proxy) as connection:
        connection.sendall(b"hello")
        proxy.wait_for("hold")
        connection.settimeout(0.1)
        assert connection.recv(5) == b"h"
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(5)
        proxy.release()
        assert read(connection, 4) == b"ello"


def test_timed_hold_ends_by_itself(proxy: FaultyProxy) -> None:
    proxy.hold(Direction.REQUEST, seconds=0.2)
    began = time.monotonic()
    with connect(proxy) as connection:
        connection.sendall(b"hello")
        assert read(connection, 5) == b"hello"
    assert 0.2 <= time.monotonic() - began < 1


def test_held_request_reaches_the_server_after_its_client_closed(proxy: FaultyProxy, echo: Echo) -> None:
    proxy.hold(Direction.REQUEST)
    with connect(proxy) as connection:
        connection.sendall(b"hello")
        proxy.wait_for("hold")
    assert echo.got == []
    proxy.release()
    proxy.wait_for("request", 5)
    _until(lambda: echo.got[:1] == [b"hello"])


def test_trickle_and_delay_slow_the_bytes_and_lose_none(proxy: FaultyProxy) -> None:
    proxy.trickle(Direction.RESPONSE, size=2, interval=0.05)
    proxy.delay(Direction.REQUEST, seconds=0.1)
    began = time.monotonic()
    with connect(proxy) as connection:
        connection.sendall(b"hello")
        assert read(connection, 5) == b"hello"
    assert 0.25 <= time.monotonic() - began < 1


def test_refused_connection_is_reset_at_once(proxy: FaultyProxy, echo: Echo) -> None:
    proxy.refuse(times=1)
    assert is_reset(proxy)
    assert not is_reset(proxy)
    assert (proxy.counts()["refuse"], echo.got) == (1, [b"x"])


def test_proxy_refuses_until_it_listens_again(proxy: FaultyProxy) -> None:
    with connect(proxy) as connection:
        proxy.stop_listening()
        with pytest.raises(ConnectionRefusedError):
            connect(proxy)
        connection.sendall(b"still here")
        assert read(connection, 10) == b"still here"
    proxy.listen_again()
    connect(proxy).close()


def test_unreachable_server_resets_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with FaultyProxy("127.0.0.1", port) as proxy:
        assert is_reset(proxy)


def test_words_select_one_request_of_a_kept_alive_connection(proxy: FaultyProxy) -> None:
    proxy.reset(Direction.RESPONSE, when=b"COMMIT", after=2)
    with connect(proxy) as connection:
        for words in (b"BEGIN", b"INSERT"):
            connection.sendall(words)
            assert read(connection, len(words)) == words
        connection.sendall(b"..COM")
        assert read(connection, 5) == b"..COM"
        connection.sendall(b"MIT")
        assert read(connection, 2) == b"MI"
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_bytes_of_a_request_count_from_its_words(proxy: FaultyProxy, echo: Echo) -> None:
    proxy.hold(Direction.REQUEST, when=b"DELETE", after=3)
    with connect(proxy) as connection:
        connection.sendall(b"GET DELETE")
        proxy.wait_for("hold")
        _until(lambda: b"".join(echo.got) == b"GET DEL")
        proxy.release()
        _until(lambda: b"".join(echo.got) == b"GET DELETE")


def test_rule_added_later_acts_on_an_open_connection(proxy: FaultyProxy) -> None:
    with connect(proxy) as connection:
        connection.sendall(b"hello")
        assert read(connection, 5) == b"hello"
        proxy.cut(Direction.RESPONSE, after=1)
        connection.sendall(b"world")
        assert read_to_end(connection) == b"w"


def test_cleared_rules_do_not_act(proxy: FaultyProxy) -> None:
    proxy.reset(Direction.RESPONSE, after=7)
    with connect(proxy) as connection:
        connection.sendall(b"hello")
        assert read(connection, 5) == b"hello"
        proxy.clear()
        connection.sendall(b"world")
        assert read(connection, 5) == b"world"


def test_same_seed_makes_the_same_draws(echo: Echo) -> None:
    def draws(seed: int) -> list[bool]:
        with FaultyProxy("127.0.0.1", echo.port, seed=seed) as proxy:
            proxy.refuse(probability=0.5)
            return [is_reset(proxy) for _ in range(24)]

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)
    assert 4 <= sum(draws(1)) <= 20


def test_proxy_stops_with_open_or_held_connections(echo: Echo) -> None:
    before = set(threading.enumerate())
    with FaultyProxy("127.0.0.1", echo.port) as proxy:
        proxy.hold(Direction.RESPONSE)
        connections = [connect(proxy) for _ in range(5)]
        for connection in connections:
            connection.sendall(b"x")
        proxy.wait_for("hold", 5)
        began = time.monotonic()
    assert time.monotonic() - began < 1
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name == "faulty-proxy"]
    for connection in connections:
        with connection, pytest.raises(ConnectionResetError):
            connection.recv(1)
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    with pytest.raises(RuntimeError, match="not started"):
        proxy.release()


def test_stopped_proxy_can_start_again_on_its_port(echo: Echo) -> None:
    proxy = FaultyProxy("127.0.0.1", echo.port)
    ports = []
    for _ in range(2):
        with proxy:
            ports.append(proxy.port)
            with pytest.raises(RuntimeError, match="already started"):
                proxy.start()
            assert not is_reset(proxy)
    assert ports[0] == ports[1]


def test_impossible_rules_are_refused(proxy: FaultyProxy) -> None:
    with pytest.raises(ValueError, match="negative"):
        proxy.reset(after=-1)
    with pytest.raises(ValueError, match="at least one byte"):
        proxy.trickle(size=0)
    with pytest.raises(TimeoutError, match="hold: 0 of 1"):
        proxy.wait_for("hold", timeout=0.01)


# ------------------------------------------------------------------------------------------------ the gateway


@pytest.fixture
def simulator() -> Iterator[BureauSimulator]:
    with BureauSimulator(processing_seconds=60) as started:
        yield started


@pytest.fixture
def proxy_to_bureau(simulator: BureauSimulator) -> Iterator[FaultyProxy]:
    with FaultyProxy("127.0.0.1", int(simulator.url.rpartition(":")[2])) as started:
        yield started


@pytest.fixture
def account(proxy_to_bureau: FaultyProxy) -> Iterator[CreditoNaMedidaGateway]:
    with closing(gateway(proxy_to_bureau.url, seconds=2)) as opened:
        opened.check()
        yield opened


@pytest.fixture
def impatient_account(proxy_to_bureau: FaultyProxy) -> Iterator[CreditoNaMedidaGateway]:
    """An account with a deadline of half a second."""
    with closing(gateway(proxy_to_bureau.url, seconds=0.5)) as opened:
        opened.check()
        yield opened


def test_inclusion_with_a_lost_answer_is_active_and_unknown(
    simulator: BureauSimulator, proxy_to_bureau: FaultyProxy, account: CreditoNaMedidaGateway
) -> None:
    for disturb in (proxy_to_bureau.reset, proxy_to_bureau.cut):
        disturb(Direction.RESPONSE, when=INCLUDE, times=1)
        with pytest.raises(OutcomeUnknown):
            account.include(inclusion())
        assert simulator.counts()["records"] == 1
        proxy_to_bureau.clear()
        simulator.clear_ledger()


def test_truncated_answer_is_unknown(
    simulator: BureauSimulator, proxy_to_bureau: FaultyProxy, account: CreditoNaMedidaGateway
) -> None:
    proxy_to_bureau.cut(Direction.RESPONSE, when=INCLUDE, after=300, times=1)
    with pytest.raises(OutcomeUnknown):
        account.include(inclusion())
    assert simulator.counts()["records"] == 1


def test_lost_request_is_unknown_and_leaves_no_record(
    simulator: BureauSimulator, proxy_to_bureau: FaultyProxy, account: CreditoNaMedidaGateway
) -> None:
    proxy_to_bureau.reset(Direction.REQUEST, when=INCLUDE, times=1)
    with pytest.raises(OutcomeUnknown):
        account.include(inclusion())
    proxy_to_bureau.cut(Direction.REQUEST, when=INCLUDE, after=300, times=1)
    with pytest.raises(OutcomeUnknown):
        account.include(inclusion())
    assert simulator.counts()["records"] == 0
    assert isinstance(account.include(inclusion()), Accepted)


def test_trickling_answer_is_unknown_at_the_total_deadline(
    simulator: BureauSimulator, proxy_to_bureau: FaultyProxy, impatient_account: CreditoNaMedidaGateway
) -> None:
    proxy_to_bureau.trickle(Direction.RESPONSE, size=4, interval=0.05, when=INCLUDE)
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        impatient_account.include(inclusion())
    assert 0.4 < time.monotonic() - began < 1
    assert simulator.counts()["records"] == 1


def test_held_removal_takes_effect_late(
    simulator: BureauSimulator, proxy_to_bureau: FaultyProxy, impatient_account: CreditoNaMedidaGateway
) -> None:
    impatient_account.include(inclusion())
    simulator.advance(61)
    proxy_to_bureau.hold(Direction.REQUEST, when=REMOVE, times=1)
    with pytest.raises(OutcomeUnknown):
        impatient_account.remove(removal())
    assert simulator.ledger()["records"][0]["operacao"] == "INCLUSAO"
    proxy_to_bureau.release()
    _until(lambda: simulator.ledger()["records"][0]["operacao"] == "EXCLUSAO")


def test_bureau_that_does_not_listen_receives_nothing(proxy_to_bureau: FaultyProxy) -> None:
    proxy_to_bureau.stop_listening()
    with closing(gateway(proxy_to_bureau.url)) as account:
        with pytest.raises(BureauUnavailable) as caught:
            account.include(inclusion())
        assert type(caught.value) is BureauUnavailable
        proxy_to_bureau.listen_again()
        assert isinstance(account.include(inclusion()), Accepted)


def test_reports_are_true_under_many_faults(
    simulator: BureauSimulator, proxy_to_bureau: FaultyProxy, account: CreditoNaMedidaGateway
) -> None:
    proxy_to_bureau.reset(Direction.RESPONSE, when=INCLUDE, probability=0.2)
    proxy_to_bureau.reset(Direction.REQUEST, when=INCLUDE, probability=0.2)
    proxy_to_bureau.cut(Direction.RESPONSE, when=INCLUDE, after=100, probability=0.2)
    proxy_to_bureau.delay(Direction.RESPONSE, seconds=0.01, when=INCLUDE, probability=0.2)

    def include(number: int) -> tuple[str, bool | None]:
        reference = f"REF-{number}"
        try:
            return reference, isinstance(account.include(inclusion(reference)), Accepted)
        except OutcomeUnknown:
            return reference, None

    with ThreadPoolExecutor(8) as threads:
        reports = dict(threads.map(include, range(120)))
    on_record = {record["contrato"] for record in simulator.ledger()["records"]}
    assert {reference for reference, accepted in reports.items() if accepted} <= on_record
    assert {None, True} == set(reports.values())
    assert simulator.counts()["repeated"] == 0


# ------------------------------------------------------------------------------------------------ PostgreSQL


@pytest.mark.postgresql
def test_commit_whose_answer_is_lost_takes_effect(postgresql_server: str) -> None:
    own = psycopg.conninfo.conninfo_to_dict(postgresql_server)
    path = f"{own['host']}/.s.PGSQL.{own.get('port', 5432)}"
    with psycopg.connect(postgresql_server, autocommit=True) as direct, FaultyProxy(path) as proxy:
        direct.execute("DROP TABLE IF EXISTS fault_proof")
        direct.execute("CREATE TABLE fault_proof (n integer)")
        proxy.reset(Direction.RESPONSE, when=b"COMMIT", times=1)
        through = psycopg.conninfo.make_conninfo(
            postgresql_server, host=proxy.host, port=proxy.port, sslmode="disable", gssencmode="disable"
        )
        proxy_to_bureau = psycopg.connect(through)
        proxy_to_bureau.execute("INSERT INTO fault_proof VALUES (1)")
        with pytest.raises(psycopg.OperationalError):
            proxy_to_bureau.commit()
        proxy_to_bureau.close()
        _until(lambda: direct.execute("SELECT count(*) FROM fault_proof").fetchone() == (1,))
        with psycopg.connect(through) as again:
            again.execute("INSERT INTO fault_proof VALUES (2)")
        assert direct.execute("SELECT count(*) FROM fault_proof").fetchone() == (2,)
        direct.execute("DROP TABLE fault_proof")


def _until(condition: Callable[[], bool]) -> None:
    """Wait for another thread."""
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
