"""Plain values to JSON and back: dataclasses of this package, enumerations, tuples, sets and mappings, to any depth.

What is read can make nothing but such values: only classes of this package are looked up, and only dataclasses and
enumerations among them are made.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import importlib
import json
from collections.abc import Callable, Mapping
from typing import Any

_PACKAGE = "jobsafety_lint."


class Undecodable(ValueError):
    """A text that is not what `encode` gives."""


def encode(value: object) -> str:
    """A plain value as JSON.

    Raises:
        TypeError: there is something in it that is no plain value.
    """
    classes: dict[str, int] = {}
    tree = _encoded(value, classes)
    return json.dumps([list(classes), tree], separators=(",", ":"), ensure_ascii=False)


def decode(text: str) -> Any:
    """The value of what `encode` has made.

    Raises:
        Undecodable: it has not.
    """
    try:
        names, tree = json.loads(text)
        return _decoded(tree, [_maker(name) for name in names])
    except (ValueError, TypeError, LookupError, AttributeError, ImportError) as error:
        raise Undecodable(str(error)) from error


def _encoded(value: object, classes: dict[str, int]) -> object:
    if value is None or (isinstance(value, str | bool | int | float) and not isinstance(value, enum.Enum)):
        return value
    kind = type(value)
    if kind is tuple:
        return ["t", *(_encoded(item, classes) for item in value)]  # type: ignore[attr-defined]  # known by its class
    if kind is list:
        return ["l", *(_encoded(item, classes) for item in value)]  # type: ignore[attr-defined]
    if isinstance(value, frozenset | set):
        items = sorted((_encoded(item, classes) for item in value), key=json.dumps)
        return ["f" if kind is frozenset else "s", *items]
    if isinstance(value, Mapping):
        return ["d", *([_encoded(k, classes), _encoded(v, classes)] for k, v in value.items())]
    if kind.__module__.startswith(_PACKAGE):
        name = f"{kind.__module__}:{kind.__qualname__}"
        number = classes.setdefault(name, len(classes))
        if isinstance(value, enum.Enum):
            return [number, value.value]
        if dataclasses.is_dataclass(value):
            return [number, *(_encoded(item, classes) for item in _without_defaults(value, kind))]
    raise TypeError(f"{kind.__name__} is no plain value")


def _without_defaults(value: object, kind: type) -> list[object]:
    """The values of the fields, without those at the end that are as the class makes them by itself."""
    fields = _fields(kind)
    found = [getattr(value, name) for name, _ in fields]
    while (
        found
        and found[-1] == fields[len(found) - 1][1]
        and type(found[-1]) is type(fields[len(found) - 1][1])
    ):
        found.pop()
    return found


@functools.cache
def _fields(kind: type) -> tuple[tuple[str, object], ...]:
    """The fields that a class is made from, each with its default."""
    return tuple(
        (
            field.name,
            field.default if field.default_factory is dataclasses.MISSING else field.default_factory(),
        )
        for field in dataclasses.fields(kind)
        if field.init
    )


@functools.cache
def _maker(name: str) -> Callable[..., object]:
    module, _, qualified = name.partition(":")
    if not module.startswith(_PACKAGE):
        raise Undecodable(name)
    found = getattr(importlib.import_module(module), qualified)
    if not isinstance(found, type) or not (dataclasses.is_dataclass(found) or issubclass(found, enum.Enum)):
        raise Undecodable(name)
    return found


def _decoded(tree: Any, makers: list[Callable[..., object]]) -> Any:
    if tree.__class__ is not list:
        return tree
    tag = tree[0]
    if tag.__class__ is int:
        return makers[tag](*[_decoded(item, makers) if item.__class__ is list else item for item in tree[1:]])
    if tag == "d":
        return {_decoded(key, makers): _decoded(value, makers) for key, value in tree[1:]}
    items = [_decoded(item, makers) if item.__class__ is list else item for item in tree[1:]]
    if tag == "t":
        return tuple(items)
    if tag == "f":
        return frozenset(items)
    if tag == "l":
        return items
    if tag == "s":
        return set(items)
    raise Undecodable(str(tag))
