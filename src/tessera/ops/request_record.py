"""What is known of a request when it is over: for the log, the counts and the trace."""

import msgspec


class RequestRecord(msgspec.Struct, frozen=True, gc=False):
    """A request and its outcome.

    `route` is the address as it was declared, empty when there is none. `client` is the client id or API key of who
    authenticated, or tried to. `code` and what follows it are a refusal's. `path` is what is shown of the address as it
    was sent: nothing, unless there is no route or that is asked for.
    """

    route: str = ""
    source: str = ""
    client: str = ""
    code: str = ""
    check: str = ""
    public: str = ""
    detail: str = ""
    request_id: str = ""
    path: str = ""
