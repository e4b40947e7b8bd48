import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from credit_protection.adapters.storage.memory import MemoryStorage
from credit_protection.testing import samples
from credit_protection.testing.contracts.storage import StorageContract


class TestMemory(StorageContract):
    @pytest.fixture
    def storage(self) -> MemoryStorage:
        return MemoryStorage()


def test_a_writing_unit_inside_another_of_the_same_thread_is_an_error_not_a_standstill() -> None:
    storage = MemoryStorage()
    with storage.unit(), pytest.raises(RuntimeError), storage.unit():
        pass
    with storage.unit() as unit:
        unit.commit()
        with storage.unit():
            pass


def test_readers_and_writers_of_many_threads_do_not_disturb_each_other() -> None:
    storage = MemoryStorage()
    done = threading.Event()

    def write() -> None:
        for number in range(500):
            with storage.unit() as unit:
                unit.marks.set(f"mark-{number}", samples.NOW)
                unit.commit()
        done.set()

    def read() -> int:
        most = 0
        while not done.is_set():
            with storage.reading() as unit:
                most = max(most, len(unit.marks.all("mark")))
        return most

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        pool.submit(write).result(20)
        assert all(reader.result(20) <= 500 for reader in readers)
