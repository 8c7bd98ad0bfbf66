"""What every store must do, as cases that run against any implementation of `tessera.ports.Store`.

Offers `CASES`; each is run with a function that opens stores on one database, empty at first. A case raises
AssertionError when the store breaks its contract. Must not know: which engine is underneath, or any test runner.
"""

from tessera.store.conformance import (
    audit,
    conditions,
    crud,
    customer_records,
    faults,
    generations,
    key_conditions,
    merging,
    nodes,
    notices,
    organizations,
    outbox,
    paging,
    programs,
    properties,
    purchases,
    purges,
    races,
    replay,
    resources,
    rotation,
    text,
    times,
)
from tessera.store.conformance.case import Case, Stores

CASES: tuple[Case, ...] = tuple(
    case
    for topic in (
        crud,
        audit,
        customer_records,
        programs,
        outbox,
        rotation,
        nodes,
        replay,
        merging,
        properties,
        purchases,
        purges,
        resources,
        organizations,
        generations,
        paging,
        times,
        text,
        conditions,
        key_conditions,
        notices,
        races,
        faults,
    )
    for case in topic.TOPIC.cases
)

__all__ = ["CASES", "Case", "Stores"]
