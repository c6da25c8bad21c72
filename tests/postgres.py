"""A PostgreSQL cluster of the tests' own: fresh, on a unix socket only, gone when the session ends."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

SECONDS = 60


class Cluster:
    """Makes a database per test."""

    def __init__(self, sockets: Path, owner: str, programs: Path, sync: bool) -> None:
        self._sockets = sockets
        self._owner = owner
        self._programs = programs
        self._fsync = "on" if sync else "off"
        self._made = 0

    @property
    def _data(self) -> Path:
        return self._sockets / "data"

    def start(self) -> None:
        """Start it; after a kill it recovers by itself."""
        options = f"-k {self._sockets} -c listen_addresses='' -c fsync={self._fsync} -c max_connections=60"
        start = (self._programs / "pg_ctl", "start", "-w", "-D", self._data, "-l", self._sockets / "log")
        _run(self._owner, *start, "-o", options)

    def stop(self) -> None:
        """Stop it without waiting for whoever is connected."""
        _run(self._owner, self._programs / "pg_ctl", "stop", "-w", "-m", "immediate", "-D", self._data)

    def kill(self) -> None:
        """SIGKILL for all of its processes, in the middle of whatever they do."""
        main = int((self._data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        os.kill(main, signal.SIGKILL)
        for child in map(int, children):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        deadline = time.monotonic() + SECONDS
        while any(Path(f"/proc/{pid}").exists() for pid in (main, *children)):
            assert time.monotonic() < deadline, "killed processes are still there"
            time.sleep(0.01)  # the kernel tells nobody but their parent

    def url(self, database: str) -> str:
        """The address in the form of the settings."""
        return f"postgresql://{self._owner}@/{database}?host={self._sockets}"

    def create(self, template: str = "template0") -> str:
        """A new database, a copy of `template`; returns its name."""
        self._made += 1
        name = f"test_{self._made}"
        self._admin(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop(self, name: str) -> None:
        """Delete it, whoever is still connected."""
        self._admin(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


def _owner() -> str:
    """PostgreSQL refuses root: there its package's own account runs the cluster."""
    return "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


@contextmanager
def cluster(programs: Path, sync: bool = False) -> Iterator[Cluster]:
    """Start a cluster with the programs of this folder, and stop and delete it afterwards.

    `sync`: commits wait for the disk, as they do in earnest; tests kill processes, not the machine, and need not.
    """
    owner = _owner()
    folder = Path(tempfile.mkdtemp(prefix="rd-pg-", dir="/tmp"))  # a socket's path has at most 107 bytes
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, owner)
        data = folder / "data"
        _run(owner, programs / "initdb", "-D", data, "-U", owner, "-A", "trust", "-E", "UTF8", "--no-sync")
        running = Cluster(folder, owner, programs, sync)
        running.start()
        try:
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(owner: str, *command: object) -> None:
    subprocess.run(
        [str(part) for part in command],
        check=True,
        timeout=SECONDS,
        cwd="/",
        stdout=subprocess.DEVNULL,
        user=owner if os.geteuid() == 0 else None,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )
