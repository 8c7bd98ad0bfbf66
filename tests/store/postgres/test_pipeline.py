"""One connection in pipeline mode: errors, many exchanges at once, what is prepared, and the end of the server."""

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import pytest

from tessera.store.postgres import failures
from tessera.store.postgres.address import address
from tessera.store.postgres.pipeline import ConnectionLostError, PipelinedConnection
from tessera.store.postgres.statements import decode_rows, encode, prepared
from tests.support import databases, postgres

BEGIN, ROLLBACK = prepared("begin"), prepared("rollback")
WRONG = prepared("select 1 / 0")
DOUBLE = prepared("select cast(:n as bigint) * 2")
WHO = prepared("select pg_backend_pid()")
SLEEP = prepared("select pg_sleep(60)")


def linked(
    scenario: Callable[[PipelinedConnection, list[object]], Awaitable[None]], timeout_seconds: float = 60
) -> None:
    """Play a scenario with a connection, and the list of what it said when it was lost."""

    async def whole(url: str) -> None:
        opened = await psycopg.AsyncConnection.connect(address(url).conninfo, autocommit=True)
        lost: list[object] = []
        connection = PipelinedConnection(opened, timeout_seconds, lambda *said: lost.append(said))
        try:
            await scenario(connection, lost)
        finally:
            connection.close("the test is over")

    with databases.borrowed() as database:
        asyncio.run(whole(database.url))


def test_an_error_in_the_middle_of_an_exchange() -> None:
    """What was before it is answered, what follows is not done, and the next exchange is as if nothing had been."""

    async def scenario(connection: PipelinedConnection, lost: list[object]) -> None:
        for _ in range(2):
            first, wrong, after = await connection.exchange([(DOUBLE, [encode(1)]), (WRONG, []), (DOUBLE, [encode(2)])])
            assert decode_rows(first) == [(2,)]
            assert failures.sqlstate(wrong) == "22012"
            assert failures.failed(after)
            assert failures.first_failure([first, wrong, after]) is wrong
        (good,) = await connection.exchange([(DOUBLE, [encode(3)])])
        assert decode_rows(good) == [(6,)]
        assert lost == []

    linked(scenario)


def test_what_could_not_be_prepared_is_prepared_again() -> None:
    """After an error before it, in a transaction that failed, and while its table was not there yet."""

    async def scenario(connection: PipelinedConnection, _lost: list[object]) -> None:
        late = prepared("select count(*) from made_late where n = :n")
        skipped = prepared("select cast(:n as bigint) + 1")
        *_, after = await connection.exchange([(BEGIN, []), (WRONG, []), (skipped, [encode(1)])])
        assert failures.failed(after)
        (failed,) = await connection.exchange([(skipped, [encode(1)])])
        assert failures.sqlstate(failed) == "25P02", "the transaction is not usable any more"
        await connection.exchange([(ROLLBACK, [])])
        (good,) = await connection.exchange([(skipped, [encode(1)])])
        assert decode_rows(good) == [(2,)]

        (missing,) = await connection.exchange([(late, [encode(1)])])
        assert failures.is_defect(missing)
        await connection.exchange([(prepared("create temporary table made_late (n bigint)"), [])])
        (good,) = await connection.exchange([(late, [encode(1)])])
        assert decode_rows(good) == [(0,)]

    linked(scenario)


def test_many_exchanges_are_under_way_at_once() -> None:
    """Each gets its own answer, also those that were given up meanwhile, and those behind an error."""

    async def scenario(connection: PipelinedConnection, _lost: list[object]) -> None:
        answers = [
            connection.exchange([(DOUBLE, [encode(n)]), *([(WRONG, [])] if n % 7 == 0 else []), (DOUBLE, [encode(-n)])])
            for n in range(2000)
        ]
        for n in range(0, 2000, 11):
            answers[n].cancel()
        for n, answer in enumerate(answers):
            if n % 11:
                results = await answer
                assert decode_rows(results[0]) == [(2 * n,)]
                assert failures.failed(results[-1]) is (n % 7 == 0)
        assert connection.idle

    linked(scenario)


def test_much_more_than_a_socket_holds() -> None:
    """Long texts go and come whole, many at once."""

    async def scenario(connection: PipelinedConnection, _lost: list[object]) -> None:
        echo = prepared("select cast(:text as text)")
        texts = [str(n) * 200_000 for n in range(1, 10)]
        answers = await asyncio.gather(*(connection.exchange([(echo, [encode(text)])]) for text in texts))
        assert [decode_rows(result) for (result,) in answers] == [[(text,)] for text in texts]

    linked(scenario)


def test_the_server_ends_the_connection() -> None:
    """Whoever waits is told, once; nothing is taken any more; the end is told once."""

    async def scenario(connection: PipelinedConnection, lost: list[object]) -> None:
        ((own,),) = decode_rows((await connection.exchange([(WHO, [])]))[0])
        waiting = [connection.exchange([(SLEEP, [])]), connection.exchange([(DOUBLE, [encode(1)])])]
        await asyncio.to_thread(postgres.cluster().execute, f"select pg_terminate_backend({own})")
        for each in waiting:
            with pytest.raises(ConnectionLostError) as ended:
                await each
            assert not ended.value.timed_out
        assert len(lost) == 1
        with pytest.raises(ConnectionLostError):
            await connection.exchange([(DOUBLE, [encode(1)])])

    linked(scenario)


def test_a_server_that_does_not_answer_is_not_waited_for() -> None:
    """After its time an exchange ends the connection, and so those behind it; that it was the time is told."""

    async def scenario(connection: PipelinedConnection, lost: list[object]) -> None:
        waiting = [connection.exchange([(SLEEP, [])]), connection.exchange([(DOUBLE, [encode(1)])])]
        for each in waiting:
            with pytest.raises(ConnectionLostError) as ended:
                await each
            assert ended.value.timed_out
        assert len(lost) == 1

    linked(scenario, timeout_seconds=0.2)
