"""Ports for the real parts, below the kernel's ephemeral range so that no passing connection takes them."""

import itertools
import os
import random
import socket
from collections.abc import Mapping, Sequence

_PORTS = range(25_000, 32_000)  # above the 20000-24000 that astconf.py gives to RTP


def share(environment: Mapping[str, str]) -> Sequence[int]:
    """The ports that are for this worker of a test run alone: one is given out long before it is bound (a phone's, when
    its PBX starts), and another worker would find it free."""
    workers = int(environment.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    worker = int(environment.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return _PORTS[worker % workers :: workers]


# None is given twice by this process. Each begins elsewhere, so that runs side by side seldom meet.
_TURN = itertools.cycle(random.sample(mine := share(os.environ), k=len(mine)))


def free_port(kind: socket.SocketKind, host: str = "127.0.0.1") -> int:
    """A port of that kind which nobody holds now, and which was not given out for long."""
    for port in itertools.islice(_TURN, 200):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise OSError("no free port between 25000 and 32000")


def free_tcp() -> int:
    """A free TCP port on 127.0.0.1."""
    return free_port(socket.SOCK_STREAM)


def free_udp(host: str = "127.0.0.1") -> int:
    """A free UDP port on that address."""
    return free_port(socket.SOCK_DGRAM, host)
