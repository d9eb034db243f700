"""Keeps an error in an override of a Qt method from crashing the process.

PySide6 (seen from 6.8 to 6.12) reads the arguments of an exception that leaves an override, such as ``paintEvent``.
Python 3.11 makes the exception object of an error of its own, such as an IndexError, only when code catches it. Until
then there is only the message; PySide takes it for the object, and the process crashes. If the override catches the
exception and raises it again, the object exists, and PySide passes it to ``sys.excepthook``. Python 3.12 always makes
the object.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any

from shiboken6 import Shiboken

_IS_NEEDED = sys.version_info < (3, 12)


def guard_overrides() -> None:
    """Guard the overrides of all classes that are defined from now on; call it before importing them."""
    if _IS_NEEDED:
        setattr(Shiboken.Object, "__init_subclass__", classmethod(_guard))  # noqa: B010 - typed as a method


def _guard(cls: type[Shiboken.Object], /, **named: Any) -> None:
    super(Shiboken.Object, cls).__init_subclass__(**named)
    qt_classes = [base for base in cls.__mro__ if base.__module__.startswith("PySide6.")]
    for name, method in list(vars(cls).items()):
        is_method = isinstance(method, FunctionType) and not name.startswith("__")
        if is_method and any(hasattr(base, name) for base in qt_classes):
            setattr(cls, name, _raising_again(method))


def _raising_again(method: FunctionType) -> Callable[..., Any]:
    """The method, with a handler for all exceptions.

    Qt's signals count the parameters of their slots, so the usual numbers of parameters have functions of their own.
    """
    parameters = inspect.signature(method).parameters.values()
    is_plain = all(each.kind is each.POSITIONAL_OR_KEYWORD and each.default is each.empty for each in parameters)
    guarded: Callable[..., Any]
    match len(parameters) if is_plain else 0:
        case 1:

            def guarded(self: Any) -> Any:
                try:
                    return method(self)
                except BaseException:  # noqa: TRY203 - makes the object
                    raise

        case 2:

            def guarded(self: Any, argument: Any) -> Any:
                try:
                    return method(self, argument)
                except BaseException:  # noqa: TRY203
                    raise

        case _:

            def guarded(*arguments: Any, **named: Any) -> Any:
                try:
                    return method(*arguments, **named)
                except BaseException:  # noqa: TRY203
                    raise

    return wraps(method)(guarded)
