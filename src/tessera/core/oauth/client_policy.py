"""How an application lets itself be authenticated: by which methods, in which place, and in which kind of body."""

from tessera.core import wire
from tessera.core.clients.applications import Application, AuthenticationMethod, JSONRequests, QueryCredentials
from tessera.core.clients.credentials import UNKNOWN_CLIENT, Assertion, Certificate, Credentials, Place, Presented
from tessera.core.errors import InvalidClient, InvalidRequest


def check_place(presented: Credentials, application: Application) -> None:
    """Refuse credentials in the URL where the application's policy denies them.

    Raises InvalidClient. To be called only for a caller that has proved itself, so the detail helps nobody else.
    """
    if presented.place is Place.QUERY and application.query_credentials is QueryCredentials.DENY:
        raise InvalidClient(
            UNKNOWN_CLIENT,
            detail="this application may not present credentials in the query string",
            check="client.query",
        )


def check_json(params: wire.Params, application: Application) -> None:
    """Refuse a JSON body where the application's policy denies it.

    Raises InvalidRequest. To be called only for a caller that has proved itself.
    """
    if params.is_json and application.options.json_requests is JSONRequests.DENY:
        raise InvalidRequest(
            "This application may not send JSON. Send the body as application/x-www-form-urlencoded.",
            check="request.json_denied",
        )


_METHODS: dict[type[Credentials], AuthenticationMethod] = {
    Presented: AuthenticationMethod.CLIENT_SECRET,
    Assertion: AuthenticationMethod.PRIVATE_KEY_JWT,
    Certificate: AuthenticationMethod.TLS,
}


def check_method(presented: Credentials, application: Application) -> None:
    """Refuse a way of authentication that is switched off for the application.

    Raises InvalidClient. To be called only for a caller that has proved itself, so the detail helps nobody else.
    """
    allowed = application.options.authentication_methods
    if allowed and not allowed & _METHODS[type(presented)]:
        raise InvalidClient(UNKNOWN_CLIENT, detail="this way of authentication is switched off", check="client.method")
