"""Pages of a list: every row once, in order, while rows come and go."""

from tessera.core import changes
from tessera.store.conformance import material
from tessera.store.conformance.case import Stores, Topic, expect

TOPIC = Topic("paging")

ROWS = 300


async def _fill(stores: Stores) -> list[str]:
    store = await stores()
    await store.commit(material.organization("Org"))
    owner = (await store.organizations())[0].number
    names = [f"client-{index * 7 % ROWS}" for index in range(ROWS)]
    await store.commit(*(material.application(owner, name) for name in names))
    return names


@TOPIC
async def pages_hold_every_row_once(stores: Stores) -> None:
    """Pages of any size hold all rows once, in the order of their making."""
    names = await _fill(stores)
    store = await stores()
    for limit in (1, 7, 100, ROWS, ROWS + 1):
        seen: list[str] = []
        after = 0
        while page := await store.applications(after, limit):
            expect(len(page) <= limit, True, "that a page keeps its limit")
            numbers = [after, *(row.number for row in page)]
            expect(numbers, sorted(set(numbers)), "the page after the last one, in order")
            seen += [row.client_id for row in page]
            after = page[-1].number
        expect(seen, names, f"all rows in pages of {limit}")


@TOPIC
async def pages_are_stable_while_rows_come_and_go(stores: Stores) -> None:
    """Rows deleted and added between pages make no other row appear twice or be missed."""
    names = await _fill(stores)
    store = await stores()
    owner = (await store.organizations())[0].number
    seen: list[str] = []
    after = turn = 0
    deleted: set[str] = set()
    while page := await store.applications(after, 50):
        expect(page[0].number > after, True, "that a page begins after the last one")
        seen += [row.client_id for row in page]
        after = page[-1].number
        turn += 1
        if turn > 4:
            continue
        gone = {seen[-2], *(name for name in names if name not in seen and name not in deleted)}
        gone = set(sorted(gone)[:3])
        deleted |= gone
        await store.commit(
            *(changes.DeleteApplication(name) for name in sorted(gone)),
            material.application(owner, f"added-{turn}"),
        )
    expect(len(seen), len(set(seen)), "the number of different rows seen")
    expect({name for name in names if name not in deleted} <= set(seen), True, "that no lasting row was missed")
    expect([name for name in seen if name.startswith("added")], [f"added-{n}" for n in range(1, 5)], "rows added")


@TOPIC
async def a_page_beyond_the_end_is_empty(stores: Stores) -> None:
    """Beyond the last row, and with a limit of 0, a page is empty."""
    await _fill(stores)
    store = await stores()
    expect(await store.applications(2**62, 10), [], "the page after the end")
    expect(await store.applications(0, 0), [], "the page of no rows")
