"""One of something for each engine, made when it is first asked for and kept until the tests end."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Generic, TypeVar

import pytest

from tests.support import engines

T = TypeVar("T")


class OnEach(Generic[T]):
    """`opened` makes one over a data folder that is not there yet."""

    def __init__(
        self, opened: Callable[[Path], AbstractContextManager[T]], folders: pytest.TempPathFactory, stack: ExitStack
    ) -> None:
        self._opened = opened
        self._folders = folders
        self._stack = stack
        self._there: dict[str, T] = {}

    def get(self) -> T:
        """The one on the engine of the moment."""
        engine = engines.chosen()
        if engine not in self._there:
            with engines.keeping():
                folder = self._folders.mktemp("shared") / "data"
                self._there[engine] = self._stack.enter_context(self._opened(folder))
        return self._there[engine]


@contextmanager
def on_each(
    opened: Callable[[Path], AbstractContextManager[T]], folders: pytest.TempPathFactory
) -> Iterator[OnEach[T]]:
    """As above, for the length of a block."""
    with ExitStack() as stack:
        yield OnEach(opened, folders, stack)
