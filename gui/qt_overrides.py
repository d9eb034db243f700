"""Keeps an error in an override of a Qt method from damaging the process.

PySide6 keeps an exception that leaves an override, such as ``paintEvent``, and raises it when Qt's code returns to
Python. Until then Qt continues, and calls other overrides. If the first call of a class's override comes just then,
PySide (6.10, 6.11) drops one reference too many to that method, and never calls it again: later the process calls freed
memory. With Python 3.11, PySide (6.8 to 6.12) also crashes on an error of the interpreter's own, such as an IndexError.
Python makes the exception object of such an error only when code catches it.

So no exception leaves an override: it is reported to ``sys.excepthook`` where it happens, and Qt gets a neutral value.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import cache, wraps
from types import FunctionType
from typing import Any

from shiboken6 import Shiboken

_STARS = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


def guard_overrides() -> None:
    """Guard the overrides of all classes that are defined from now on; call it before importing them."""
    setattr(Shiboken.Object, "__init_subclass__", classmethod(_guard))  # noqa: B010 - typed as a method


@cache
def _is_qts(cls: type) -> bool:
    return cls.__module__.startswith("PySide6.")


def _guard(cls: type[Shiboken.Object], /, **named: Any) -> None:
    super(Shiboken.Object, cls).__init_subclass__(**named)
    qt_classes: list[type] = []  # Those that inherit from others have their methods, too.
    for base in cls.__mro__:
        if _is_qts(base) and not any(issubclass(found, base) for found in qt_classes):
            qt_classes.append(base)
    for name, method in list(vars(cls).items()):
        is_method = isinstance(method, FunctionType) and not name.startswith("__")
        if is_method and any(hasattr(base, name) for base in qt_classes):
            setattr(cls, name, _guarded(method))


def _guarded(method: FunctionType) -> Callable[..., Any]:
    """The method, with a handler for all exceptions; only those that end the program are raised.

    Qt's signals count the parameters of their slots, so the usual numbers of parameters have functions of their own.
    """
    code = method.__code__  # inspect.signature takes a hundred times as long.
    is_plain = not (method.__defaults__ or code.co_kwonlyargcount or code.co_posonlyargcount or code.co_flags & _STARS)
    guarded: Callable[..., Any]
    match code.co_argcount if is_plain else 0:
        case 1:

            def guarded(self: Any) -> Any:
                try:
                    return method(self)
                except BaseException as error:  # noqa: BLE001
                    return _reported(error, method)

        case 2:

            def guarded(self: Any, argument: Any) -> Any:
                try:
                    return method(self, argument)
                except BaseException as error:  # noqa: BLE001
                    return _reported(error, method)

        case _:

            def guarded(*arguments: Any, **named: Any) -> Any:
                try:
                    return method(*arguments, **named)
                except BaseException as error:  # noqa: BLE001
                    return _reported(error, method)

    return wraps(method)(guarded)


def _reported(error: BaseException, method: FunctionType) -> Any:
    """Report an error; returns the neutral value of the method's return type, such as False or an empty QSize."""
    if not isinstance(error, Exception):
        raise error
    sys.excepthook(type(error), error, error.__traceback__)
    try:
        return eval(method.__annotations__["return"], method.__globals__)()  # noqa: S307 - our own annotation
    except Exception:  # noqa: BLE001 - without a return type, or a value of it
        return None
