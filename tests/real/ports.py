"""Ports for the real parts, below the kernel's ephemeral range so that no passing connection takes them."""

import itertools
import random
import socket

_PORTS = range(25_000, 32_000)  # above the 20000-24000 that astconf.py gives to RTP
# A port is given out long before it is bound (a phone's, when its PBX starts): none is given twice by this process.
# Each process begins elsewhere, so that runs side by side seldom meet.
_TURN = itertools.cycle(random.sample(_PORTS, k=len(_PORTS)))


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
