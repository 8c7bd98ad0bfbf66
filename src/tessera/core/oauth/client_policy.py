"""How an application lets itself be authenticated: by which methods, in which place, and in which kind of body."""

from tessera.core.clients.applications import Application, AuthenticationMethod, JSONRequests, QueryCredentials
from tessera.core.clients.credentials import UNKNOWN_CLIENT, Place
from tessera.core.errors import InvalidClient, InvalidRequest


def check(application: Application, method: AuthenticationMethod, place: Place, *, is_json: bool) -> None:
    """Refuse credentials in the URL, a method that is switched off, and a JSON body where the policy denies it.

    Raises InvalidClient and InvalidRequest. Call it only for a client that has proved itself: then the detail helps
    nobody else.
    """
    if place is Place.QUERY and application.query_credentials is QueryCredentials.DENY:
        raise InvalidClient(
            UNKNOWN_CLIENT,
            detail="this application may not present credentials in the query string",
            check="client.query",
        )
    allowed = application.options.authentication_methods
    if allowed and not allowed & method:
        raise InvalidClient(UNKNOWN_CLIENT, detail="this way of authentication is switched off", check="client.method")
    if is_json:
        check_json(application)


def check_json(application: Application) -> None:
    """Refuse a JSON body where the application's policy denies it.

    Raises InvalidRequest. Call it only for a client that has proved itself.
    """
    if application.options.json_requests is JSONRequests.DENY:
        raise InvalidRequest(
            "This application may not send JSON. Send the body as application/x-www-form-urlencoded.",
            check="request.json_denied",
        )
