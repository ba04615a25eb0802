"""A module's code exchanged in a running process, wherever the rest already holds on to its parts."""

import inspect
import sys
from types import CodeType, FunctionType, ModuleType
from typing import Any


def swap(module: ModuleType, code: CodeType, ours: tuple[str, ...]) -> None:
    """Functions and methods keep their identity and get the new code; plain values are exchanged in every
    module of `ours` (names of packages) that imported them. Raises what the module raises."""
    new: dict[str, Any] = {key: value for key, value in vars(module).items() if key.startswith("__")}
    exec(code, new)
    for name, value in new.items():
        old = vars(module).get(name)
        if name.startswith("__") or isinstance(value, ModuleType):
            continue
        if isinstance(old, type) and isinstance(value, type):
            if value.__module__ == module.__name__:
                _swap_class(old, value)
        elif not _swap_function(old, value) and not callable(value):
            _rebind(name, old, value, ours)
            setattr(module, name, value)


def _swap_function(old: object, value: object) -> bool:
    old, value = inspect.unwrap(old), inspect.unwrap(value)  # type: ignore[arg-type]
    if not isinstance(old, FunctionType) or not isinstance(value, FunctionType):
        return False
    if value.__code__.co_freevars == old.__code__.co_freevars:
        old.__code__, old.__defaults__, old.__kwdefaults__ = (
            value.__code__,
            value.__defaults__,
            value.__kwdefaults__,
        )
    return True


def _swap_class(old: type, new: type) -> None:
    for name, value in vars(new).items():
        before = vars(old).get(name)
        parts = [(getattr(before, part, None), getattr(value, part, None)) for part in ("__func__", "fget")]
        if any(_swap_function(*part) for part in ((before, value), *parts) if None not in part):
            continue
        if not name.startswith("__") and not hasattr(value, "__get__"):
            setattr(old, name, value)


def _rebind(name: str, old: object, value: object, ours: tuple[str, ...]) -> None:
    """Small values are shared by strangers: those are found by their name too."""
    small = old is None or isinstance(old, bool | int | str)
    for module in [each for each in sys.modules.values() if each.__name__.split(".")[0] in ours]:
        for key in [key for key, held in vars(module).items() if held is old and (key == name or not small)]:
            setattr(module, key, value)
