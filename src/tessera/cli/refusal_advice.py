"""What to type when a request was refused: the advice of `tessera explain` that names commands.

Where nothing is to be typed, `core/administration/advice.py` has the advice for every surface.
"""

from collections.abc import Mapping

CHECKS: Mapping[str, str] = {
    "address.api_key": ("See `tessera properties list` for the key; perhaps a test key was used with a live token."),
    "address.disabled": (
        "`tessera properties enable` puts it back; or have the caller use the API key of another property."
    ),
    "assertion.replay": (
        "Have it make a new one, with another jti, for every request: look for one that is kept or sent again."
        " When it does, compare the clocks (`tessera doctor`): one that is far behind takes new ones for old."
    ),
    "binding.two": ("Have the client leave the DPoP proof out, or `tessera apps set` its token binding."),
    "client.method": ("`tessera apps show APP` tells which are on; `tessera apps set APP` changes them."),
    "client.proof": (
        "The reason above says what was wrong. `tessera apps show APP` lists its credentials and their ends."
    ),
    "dpop.replay": (
        "Have the client make a new proof, with another jti, for every request. When it does, compare the clocks"
        " (`tessera doctor`): one that is far behind takes new ones for old."
    ),
    "limits.networks": (
        "`tessera apps limit APP` or `tessera properties limit PROPERTY` shows and sets its networks. Behind a"
        " proxy, `trusted_proxies` must name that."
    ),
    "limits.tokens-day": (
        "`tessera apps usage APP` shows whether it keeps its tokens; `tessera apps limit APP` sets the limit."
    ),
    "limits.tokens-hour": (
        "`tessera apps usage APP` shows whether it keeps its tokens; `tessera apps limit APP` sets the limit."
    ),
    "limits.requests": (
        "`tessera apps limit APP` or `tessera properties limit PROPERTY` shows and sets the limit; `Retry-After`"
        " says when it may go on."
    ),
    "target.form": "Have it send the identifier of `tessera resources list`, once.",
    "target.granted": "`tessera apps access APP` shows and changes what it may do, and where.",
    "target.known": "`tessera resources list` shows them: an identifier has one spelling.",
    "target.missing": ("Have it send the parameter resource; `tessera apps access APP` shows which it may use."),
    "caller.api_key": "See `tessera properties list` for the keys.",
    "caller.disabled": "`tessera properties enable` puts it back, with the secrets that it has.",
    "caller.ended": (
        "`tessera properties secrets list PROPERTY` shows the ends. Have the caller change over to the newer secret."
    ),
    "caller.property": (
        "`tessera properties secrets list PROPERTY` shows their last four characters, `tessera properties secrets"
        " add` makes another."
    ),
    "client.disabled": (
        "`tessera apps enable APP` or `tessera orgs enable NAME` puts it back; tokens from before stay dead."
    ),
    "client.query": (
        "Have it send the secret by HTTP Basic or in the body; or `tessera apps set APP --query-credentials warn`."
    ),
    "client.secret": (
        "`tessera apps secrets list APP` shows their ends and last four characters, `tessera apps secrets add`"
        " makes another."
    ),
    "client.unknown": "`tessera apps list` shows them. A deleted one is gone for good.",
    "request.json_denied": ("Have it send a form body, or allow it: tessera apps set NAME --json-requests allow."),
    "scope.granted": ("`tessera apps show APP` shows what it has. Have it ask for less, or leave the parameter out."),
    "store.unavailable": "`tessera doctor` tells what is wrong: often the disk is full.",
    "token.application": "`tessera apps list` shows which.",
    "token.ended": ("Have the client request a new token at a 401; `tessera apps secrets list APP` shows the ends."),
    "token.revoked": ("Have the client request a new one at a 401. `tessera audit list` tells of operators."),
}

CODES: Mapping[str, str] = {
    "access_denied": "See what the application was given: `tessera apps show`.",
    "invalid_api_key": "See `tessera properties list`.",
    "invalid_client": "See `tessera apps show APP` for its secrets.",
    "invalid_target": "See `tessera apps access APP`.",
    "invalid_scope": "See `tessera apps show APP`.",
    "user_not_found": "`tessera customers show` finds one by any id.",
}


def advice_for(check: str, code: str) -> str:
    """What to type about a check, by the code where there is nothing of its own."""
    return CHECKS.get(check) or CODES[code]
