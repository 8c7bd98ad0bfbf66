"""Data folders that are prepared once and then copied, which takes a hundredth of the time."""

import atexit
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from tests.support import engines
from tests.support.databases import Contents

T = TypeVar("T")


class _Prepared(NamedTuple):
    """A data folder, what its database holds where that is on a server, and what its preparation answered."""

    folder: Path
    contents: Contents | None
    answer: Any


@cache
def _prepared(engine: str, prepare: Callable[[Path], Any]) -> _Prepared:
    place = Path(tempfile.mkdtemp(prefix="tessera-prepared-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    folder = place / "data"
    with engines.on(engine):
        database = engines.lend(folder)
        answer = prepare(folder)
        return _Prepared(folder, database.contents() if database else None, answer)


def copied(folder: Path, prepare: Callable[[Path], T]) -> T:
    """Make a data folder that is as `prepare` leaves one, on the engine of the moment; the answer of `prepare`.

    All copies have the same keys and secrets.
    """
    original = _prepared(engines.chosen(), prepare)
    shutil.copytree(original.folder, folder)
    database = engines.lend(folder)
    if database is not None and original.contents is not None:
        database.fill(original.contents)
    answer: T = original.answer
    return answer
