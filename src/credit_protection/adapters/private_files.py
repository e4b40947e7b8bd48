"""Folders and files that only their owner reads, whatever the umask."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

_FOLDER = 0o700
_FILE = 0o600
_OTHERS = 0o077
_OURS = frozenset({".sqlite", ".sqlite-wal", ".sqlite-shm", ".sqlite-journal", ".toml"})


def private_folder(path: Path) -> None:
    """Create a folder, with its parents, that only its owner enters; one that holds only our files is closed to others.

    A folder that holds other things (a user's home, a shared one) stays as it is: our files in it are private.

    Raises:
        OSError: it can't be created.
    """
    try:
        path.mkdir(parents=True)
    except FileExistsError:
        if path.stat().st_uid != os.geteuid() or not all(map(_is_ours, path.iterdir())):
            return
    _restrict(path, _FOLDER, stat.S_ISDIR)


def private_file(path: Path) -> None:
    """Create an empty file that only its owner reads and writes; take the others' rights where it exists.

    SQLite gives its write-ahead log and its other files the mode of the database.

    Raises:
        OSError: it can't be created.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE)
    except FileExistsError:
        for each in (path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", "-journal"))):
            _restrict(each, _FILE, stat.S_ISREG)
        return
    os.fchmod(descriptor, _FILE)
    os.close(descriptor)


def is_open_to_others(descriptor: int) -> bool:
    """Whether an open file may be read or written by other users than its owner."""
    return bool(os.fstat(descriptor).st_mode & _OTHERS)


def write_new_file(path: Path, content: bytes) -> None:
    """Write a private file: beside its place and renamed when it is whole on the disk; never over another, nor a link.

    Raises:
        FileExistsError: something has that name.
        OSError: it can't be written; then nothing is left behind.
    """
    draft = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), _FILE)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _place(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _place(draft: Path, path: Path) -> None:
    """Give a file its name, where no other has it."""
    try:
        os.link(draft, path, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        draft.rename(path)


def _restrict(path: Path, mode: int, is_of_kind: Callable[[int], bool]) -> None:
    """Take the rights of others from what is ours; a link is followed, since SQLite follows it.

    A folder that is named where a file is wanted stays as it is: `_FILE` would close it to all who pass through it.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return
    if is_of_kind(found.st_mode) and found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) & _OTHERS:
        path.chmod(mode)


def _is_ours(path: Path) -> bool:
    return path.name == "key" or path.suffix in _OURS
