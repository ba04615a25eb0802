"""Processes by their ids: what they do, who is below them."""

import os
import signal
from pathlib import Path


def state(pid: int) -> str:
    """The state letter of a process (T stopped, Z ended but not yet collected); empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it ended by itself since it was listed


def descendants(pid: int) -> list[int]:
    """`pid` and the processes below it, parents first. Process groups do not do: PostgreSQL's backends each
    open a session of their own."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(int(after_name[1]), []).append(int(stat.parent.name))
    found = [pid]
    for parent in found:
        found.extend(children.get(parent, []))
    return found
