"""The state of a process as a whole."""

from typing import NamedTuple

from tessera.app.state.client_keys import ClientKeys
from tessera.app.state.customer_locks import CustomerLocks
from tessera.app.state.key_sets import KeySets
from tessera.app.state.log_sampling import Reports
from tessera.app.state.refusals import Refusals
from tessera.app.state.token_reuse import TokenReuse
from tessera.app.state.usage import Usage
from tessera.app.state.verified_secrets import VerifiedSecrets
from tessera.directory import Directory
from tessera.ports import Clock, Fetcher

REPORT_SECONDS = 60
"""Between two reports of the same: of a limit that would refuse, of failed attempts."""


class State(NamedTuple):
    """What a process keeps between requests, each in a file of its own here.

    `usage` counts, `token_reuse` has the tokens that may be handed out again, `refusals` what was refused until it is
    written. `limit_reports` and `failure_reports` say how often the log tells the same.
    """

    usage: Usage
    token_reuse: TokenReuse
    key_sets: KeySets
    client_keys: ClientKeys
    verified_secrets: VerifiedSecrets
    customer_locks: CustomerLocks
    refusals: Refusals
    limit_reports: Reports
    failure_reports: Reports


def fresh(directory: Directory, clock: Clock, fetcher: Fetcher) -> State:
    """The state of a process that begins."""
    return State(
        usage=Usage(),
        token_reuse=TokenReuse(directory),
        key_sets=KeySets(fetcher, clock),
        client_keys=ClientKeys(),
        verified_secrets=VerifiedSecrets(),
        customer_locks=CustomerLocks(),
        refusals=Refusals(directory.knows, clock),
        limit_reports=Reports(REPORT_SECONDS),
        failure_reports=Reports(REPORT_SECONDS),
    )
