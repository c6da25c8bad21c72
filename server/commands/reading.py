"""Whether another user of this machine comes to a folder's files, by the modes of the folders above it."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Person:
    """A user of the machine, by numbers."""

    uid: int
    groups: frozenset[int]


def person(name: str) -> Person | None:
    """The user of that name with all groups; None where the machine has none."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    more = (group.gr_gid for group in grp.getgrall() if name in group.gr_mem)
    return Person(entry.pw_uid, frozenset((entry.pw_gid, *more)))


def closed_to(one: Person, folder: Path) -> Path | None:
    """The first folder on the way to its files that this person may not pass."""
    for above in (*reversed(folder.absolute().parents), folder.absolute()):
        try:
            found = above.stat()
        except OSError:
            return None
        if not _may_pass(one, found):
            return above
    return None


def _may_pass(one: Person, found: os.stat_result) -> bool:
    """As the kernel decides it: root, else who owns it, else who is of its group, else everybody."""
    if one.uid == 0:
        return True
    if one.uid == found.st_uid:
        return bool(found.st_mode & stat.S_IXUSR)
    return bool(found.st_mode & (stat.S_IXGRP if found.st_gid in one.groups else stat.S_IXOTH))
