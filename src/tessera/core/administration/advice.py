"""How to put a refusal right: what failed, in words, and what to do, by the name of the check.

A check that is not in the table is explained by the code that the caller was told.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Advice(NamedTuple):
    """What it means that a check failed, and what to do about it; both are sentences for an operator.

    There is no advice here where it names what an operator has to call: that is worded by each surface.
    """

    failed: str
    advice: str | None = None


CHECKS: Mapping[str, Advice] = {
    "address.api_key": Advice("The API key in the address is not one of the caller's organization."),
    "address.disabled": Advice("The property with the API key in the address is disabled."),
    "address.method": Advice(
        "The address answers other methods only.", "The `Allow` header of the answer names them; see docs/api.md."
    ),
    "address.unknown": Advice(
        "Nothing answers at this address.", "Compare it with docs/api.md: an address has one spelling."
    ),
    "answer.refused": Advice(
        "The answer itself has a status of an error.", "The body of the answer says what was wrong."
    ),
    "assertion.form": Advice(
        "The client's assertion is not a JWT that can be read, or says another type.",
        "Have it send client_assertion with the type of RFC 7523; the reason above says what is wrong with it.",
    ),
    "assertion.replay": Advice("The client's assertion was used before."),
    "assertion.symmetric": Advice(
        "The client's assertion is made with its secret, which is not taken.",
        "Have it sign with a private key, or send the secret itself.",
    ),
    "binding.certificate": Advice(
        "The client certificate is absent, or is not the one that the token is bound to.",
        "Look whether the proxy in front hands the certificate over, and `client_certificate_proxies` names it.",
    ),
    "binding.two": Advice("The request asks for a token that is bound to a key and to a certificate."),
    "client.credentials": Advice(
        "The request names no client, or proves nothing.",
        "Have the client send client_id and client_secret: by HTTP Basic, or in a form body with its content type. If"
        " it has a certificate, look whether `client_certificate_proxies` names the proxy that hands it over.",
    ),
    "client.flood": Advice(
        "Too many wrong secrets came from this address, for this client or property, or for all clients that were"
        " imported.",
        "Look where it came from: an old server of the partner, or somebody trying. Elsewhere the secret works.",
    ),
    "client.method": Advice("The way in which the client proved itself is switched off for it."),
    "client.proof": Advice("What the client proved itself with is none of its live credentials."),
    "dpop.binding": Advice(
        "The token is bound to a key, and came without its proof or with that of another key.",
        "Have the client send `Authorization: DPoP` and a proof by the key with which it asked for the token.",
    ),
    "dpop.nonce": Advice(
        "The DPoP proof lacks a nonce that is valid now.",
        "This is how it begins: the client takes the nonce of the answer and tries again. Look whether it does.",
    ),
    "dpop.proof": Advice(
        "The DPoP proof does not hold.",
        "The reason above says why: often the address in it, or a clock. Compare `htu` with the issuer.",
    ),
    "dpop.replay": Advice("The DPoP proof was used before."),
    "limits.networks": Advice("The request came from a network that the application or property may not use."),
    "limits.tokens-day": Advice("The application had all the tokens that it may have in a day."),
    "limits.tokens-hour": Advice("The application had all the tokens that it may have in an hour."),
    "limits.requests": Advice("The application or property sent more requests in a second than it may."),
    "target.form": Advice("The parameter resource is no identifier of a resource."),
    "target.granted": Advice("The application was granted nothing at the resource that it asked for."),
    "target.known": Advice("No resource has the identifier that was asked for."),
    "target.missing": Advice("It is not clear for which resource the token is to be."),
    "token.audience": Advice(
        "The token is for another resource.", "Have the client ask for one without the parameter resource."
    ),
    "token.subject": Advice(
        "The token is about a person, and what was asked for is for servers.",
        "Have the client ask for a token of its own, with grant_type=client_credentials.",
    ),
    "caller.absent": Advice(
        "The request came without an `Authorization` header.",
        "Have the caller send `Authorization: Bearer` with a token. Some proxies take the header out: look there too.",
    ),
    "caller.api_key": Advice("No property has the API key that was sent by Basic."),
    "caller.disabled": Advice("The property whose API key was sent is disabled."),
    "caller.ended": Advice("The secret is one that the property had, and has ended."),
    "caller.property": Advice("The property exists, and this is none of its secrets."),
    "caller.scheme": Advice(
        "The `Authorization` header is neither a Bearer token nor well-formed Basic.",
        "Have the caller send `Bearer`, a space and the token, or Basic of user, colon and password in base64.",
    ),
    "client.basic": Advice(
        "The `Authorization` header cannot be read as HTTP Basic.",
        "User and password are joined by a colon, form-encoded or as they are, and put into base64 with its padding.",
    ),
    "client.busy": Advice(
        "Too many secrets that people made up were to be checked at once.",
        "Somebody may be guessing. Give the client an id and a secret made here: they need no slow check.",
    ),
    "client.characters": Advice(
        "The client id or secret has characters that none of them has, or is too long.",
        "Look for a line end or a quotation mark that came along when it was copied.",
    ),
    "client.disabled": Advice("The application or its organization is disabled."),
    "client.query": Advice("The application may not present its secret in the address."),
    "client.secret": Advice("The client exists, and this is none of its live secrets."),
    "client.two_ids": Advice(
        "The parameter client_id names another client than the `Authorization` header.", "Have it send one of them."
    ),
    "client.two_ways": Advice(
        "The credentials were presented in more than one way.",
        "Have it send them by HTTP Basic, or in the body, or in the query: not in two of these.",
    ),
    "client.unknown": Advice("No application has this client id."),
    "feed.stale": Advice(
        "The process has not heard for too long what others changed, and vouches for no token.",
        "`/readyz` tells more; look at the disk, and at the event `feed_unavailable` in the log.",
    ),
    "grant.absent": Advice("The parameter grant_type is missing.", "Have it send grant_type=client_credentials."),
    "grant.unknown": Advice(
        "The grant type is not one of this service.", "Have it send grant_type=client_credentials."
    ),
    "http.connections": Advice(
        "The process had as many connections as it may have.",
        "Raise `connections_max`, add workers, or look for a client that opens a connection for every request.",
    ),
    "http.head": Advice(
        "The request line and headers were over a limit.",
        "Look for what makes them so long (often cookies); `request_head_bytes_max` is the limit.",
    ),
    "http.malformed": Advice(
        "What arrived is not well-formed HTTP, or could be read as two requests.",
        "Look at the client or the proxy in front: a client that speaks TLS to a plain port ends here too.",
    ),
    "http.version": Advice(
        "The request is of another version of HTTP than 1.0 and 1.1.",
        "Have the client, or the proxy in front, speak HTTP/1.1.",
    ),
    "http.host": Advice(
        "The header Host is missing, was sent twice, or holds what is no name or address of a host.",
        "Have the client send it once, as `id.example.com` or `id.example.com:8443`; look at what a proxy in front"
        " makes of it.",
    ),
    "http.expectation": Advice(
        "The client expects something that HTTP does not define (the header `Expect`).",
        "Have it send `100-continue` there, or no such header.",
    ),
    "http.upgrade": Advice(
        "A request with a body offered to go on in another protocol (`Upgrade`), which has been used for smuggling.",
        "Have the client speak HTTP/1.1 from the start: Java's HttpClient, for instance, by `.version(HTTP_1_1)`.",
    ),
    "http.cut_off": Advice(
        "The client sent no more before the request was whole.",
        "Look whether the body is as long as its Content-Length says.",
    ),
    "http.slow": Advice(
        "The request did not arrive whole in time.",
        "Look at the client's network, and whether the body is as long as it says; `request_timeout_seconds` is the"
        " limit.",
    ),
    "request.body_length": Advice("The body is over the limit.", "Have it send less at once."),
    "request.characters": Advice(
        "A parameter has a control character.", "Look for a line end that came along when a value was copied."
    ),
    "request.content_encoding": Advice(
        "The body is compressed, which is not accepted.", "Have the client, or a proxy in between, send it as it is."
    ),
    "request.content_type": Advice(
        "The body is of a type that is not read here.", "Have it send Content-Type: application/x-www-form-urlencoded."
    ),
    "request.encoding": Advice(
        "A parameter is not form-encoded as it must be.",
        "Have the values percent-encoded as UTF-8; a percent sign itself is %25, a plus sign %2B.",
    ),
    "request.header_twice": Advice("A header stands twice.", "Look whether the client and a proxy both add it."),
    "request.json": Advice(
        "The body is not a JSON object of strings.", "Have it send one, or a form body with its content type."
    ),
    "request.json_denied": Advice("The application may not send JSON to the OAuth endpoints."),
    "request.parameters": Advice("There are too many parameters.", "Have it send those that are defined."),
    "request.query_length": Advice("The query string is too long.", "Have it send the parameters in the body."),
    "request.twice": Advice(
        "A parameter was sent twice, or in two places.", "Have it send each once: in the body or in the query."
    ),
    "request.value_length": Advice("A parameter is too long.", "Have it send what docs/api.md says."),
    "revoke.absent": Advice("The parameter token is missing.", "Have it send the token in the body."),
    "revoke.query": Advice(
        "The token stood in the address, which ends in logs.", "Have it send the token in the body."
    ),
    "scope.granted": Advice("The application asked for a scope that it was not given."),
    "scope.malformed": Advice(
        "The parameter scope cannot be read.", "Names with one space between them, percent-encoded: openid%20x."
    ),
    "server.defect": Advice(
        "This is a mistake of the service.", "The log has it whole, under this request id: please report it."
    ),
    "store.unavailable": Advice("The database could not be read or written."),
    "token.application": Advice(
        "The application that the token was issued to is deleted, or it or its organization is disabled."
    ),
    "token.ended": Advice(
        "All tokens of the application were ended after this one was issued, or none of its secrets is live."
    ),
    "token.expired": Advice("The token has expired.", "Have the client request a new one before the end, or at a 401."),
    "token.itself": Advice(
        "The token that authorized the question is the one that was asked about.",
        "Have the client send another of its tokens, or its credentials.",
    ),
    "token.query": Advice(
        "A token stood in the address, which ends in logs.", "Have it stand in the Authorization header only."
    ),
    "token.revoked": Advice("The token was revoked."),
    "token.scope": Advice(
        "The token lacks the scope that the address needs.",
        "The answer names it. Give it to the application, and have it request a new token.",
    ),
    "token.unknown": Advice(
        "This is no token of this service.",
        "Look whether it was cut short, or belongs to another installation (test and live).",
    ),
}

CODES: Mapping[str, Advice] = {
    "access_denied": Advice("The caller may not do this."),
    "argument_error": Advice("A value has the wrong type or form.", "The answer names it; see docs/api.md."),
    "internal_server_error": Advice("This is a mistake of the service.", "The log has it whole: please report it."),
    "invalid_api_key": Advice("The API key is not one of the caller's."),
    "invalid_auth_token": Advice("The token or the secret does not open the door.", "Have it request a new token."),
    "invalid_client": Advice("The client did not prove who it is."),
    "invalid_request": Advice(
        "The request is malformed.", "The answer says what is wrong with it; see docs/errors.md."
    ),
    "invalid_dpop_proof": Advice(
        "The DPoP proof does not hold.", "Have the client make a new proof for every request."
    ),
    "invalid_target": Advice("The resource that was asked for is unknown, or nothing was granted there."),
    "invalid_token": Advice("The token does not open the door.", "Have the client request a new one."),
    "use_dpop_nonce": Advice("The DPoP proof needs a nonce.", "The client takes it from the answer and tries again."),
    "invalid_scope": Advice("The scope is malformed, or more than was given."),
    "missing_data": Advice("A field that is required is absent.", "The answer names it; see docs/api.md."),
    "not_available": Advice("Nothing was done.", "Have it sent again after a while."),
    "not_found": Advice("There is no such thing in the caller's organization.", "See the answer for which."),
    "temporarily_unavailable": Advice("Nothing was done.", "Have it sent again after a while."),
    "unsupported_grant_type": Advice("The grant type is not known here.", "Have it send client_credentials."),
    "user_not_found": Advice("The organization has no such customer."),
    "validation": Advice("A rule forbids what was asked for.", "The answer says which; see docs/errors.md."),
}

NOTHING_KNOWN = Advice("The request was refused.", "The answer and the log say more.")


def advice_for(check: str, code: str) -> Advice:
    """What to tell about a check, by the code where there is nothing of its own."""
    return CHECKS.get(check) or CODES.get(code) or NOTHING_KNOWN
