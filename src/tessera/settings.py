"""Every setting, declared once: name with its unit, default, one sentence.

A value comes from, strongest first: a flag of the command, the environment (`TESSERA_PORT`), the TOML file named by
`TESSERA_CONFIG` (or `tessera.toml` in the working folder), the default.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from tessera import renamed_settings
from tessera.core import networks
from tessera.core.clients import signing_methods
from tessera.core.clients.signing_methods import SigningAlgorithms
from tessera.core.nearest import hint
from tessera.core.oauth import issuers


def _lower(value: object) -> object:
    """A word in lower case: words are known in any case."""
    return value.lower() if isinstance(value, str) else value


_ANY_CASE = BeforeValidator(_lower)

LogFormat = Annotated[Literal["auto", "pretty", "json"], _ANY_CASE]
DPoPNonces = Annotated[Literal["required", "off"], _ANY_CASE]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], _ANY_CASE]
LogRequests = Annotated[Literal["all", "refused", "none"], _ANY_CASE]
FeedStalePolicy = Annotated[Literal["continue", "refuse"], _ANY_CASE]

PREFIX = "TESSERA_"

_HOST_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")

NOT_SETTINGS = ("CONFIG", "OPERATOR")
"""Names of the environment, without the prefix, that are ours and no settings."""


class SettingsError(Exception):
    """A setting that cannot be used; the text is a sentence that says what to do."""


def _networks(value: object) -> object:
    """Addresses and networks as a list, or as a text with spaces or commas between. Raises NotANetwork."""
    listed = value.replace(",", " ").split() if isinstance(value, str) else value
    if isinstance(listed, (list, tuple)):
        networks.Networks(each for each in listed if isinstance(each, str))
    return listed


def _certificate_networks(value: object) -> object:
    """As `_networks`, but not everybody: who may hand certificates over can be every client."""
    listed = _networks(value)
    if isinstance(listed, (list, tuple)):
        everybody = [each for each in listed if isinstance(each, str) and not networks.network(each).prefixlen]
        if everybody:
            raise ValueError(f"with {everybody[0]} everybody could hand over whichever certificate they like")
    return listed


def _host_names(value: object) -> object:
    """Names of hosts as a list, or as a text with spaces or commas between, in lower case."""
    listed = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(listed, (list, tuple)):
        return listed
    names = [each.lower().removesuffix(".") for each in listed if isinstance(each, str)]
    wrong = next((each for each in names if not _HOST_NAME.fullmatch(each)), None)
    if wrong is not None:
        raise ValueError(f"{wrong} is not the name of a host, without port, as tessera.internal")
    return tuple(names)


NetworkList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_networks)]


class Settings(BaseSettings):
    """The settings of one process. Unknown names in the TOML file are refused; an empty variable is not set."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    data_dir: Path = Field(Path("var"), description="Folder of the database, the master key and the demo file.")
    database: str | None = Field(
        None,
        repr=False,
        description="URL of the PostgreSQL database, as `postgresql://USER@HOST/NAME`; if not set, a SQLite file in the"
        " data folder.",
    )
    database_file: Path | None = Field(
        None, description="File that contains the URL of the database, for a URL with a password."
    )
    database_direct: str | None = Field(
        None,
        repr=False,
        description="URL of the same database that bypasses PgBouncer, so that changes of other nodes arrive at once.",
    )
    database_timeout_seconds: float = Field(
        1.5,
        ge=0.1,
        le=60,
        description="Deadline of a database read or write on PostgreSQL; after it callers get a 503.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    workers: int = Field(
        1, ge=1, le=64, description="Number of server processes, which share the port and the data folder."
    )
    demo: bool = Field(
        False, description="Create a demonstration organization on the first start, and show its credentials."
    )
    behind_tls_proxy: bool = Field(
        False, description="A proxy in front terminates TLS: allows listening beyond loopback without TLS."
    )
    tls_certificate_file: Path | None = Field(
        None, description="PEM file of the server's certificate and the chain above it; read again when it changes."
    )
    tls_key_file: Path | None = Field(None, description="PEM file of the certificate's private key, not encrypted.")
    hsts_max_age_seconds: int = Field(
        31_536_000,
        ge=0,
        description="How long browsers must use https after an answer over the server's own TLS"
        " (`Strict-Transport-Security`); 0 omits the header.",
    )
    issuer: str | None = Field(
        None,
        description="Address by which callers reach the service, as `https://id.example.com`; required if it listens"
        " beyond loopback.",
    )
    dpop_nonces: DPoPNonces = Field(
        "required",
        description="Whether a DPoP proof must contain a nonce of this server that is a few minutes old at most:"
        " `required` or `off`.",
    )
    trusted_proxies: NetworkList = Field(
        (), description="Addresses and networks of the proxies that are trusted for the client's address."
    )
    client_certificate_proxies: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_certificate_networks)] = Field(
        (),
        description="Addresses and networks of the proxies that are trusted for the client's certificate (the header"
        " `Client-Cert`, RFC 9440).",
    )
    outbound_networks_allowed: NetworkList = Field(
        (),
        description="Addresses and networks, in addition to the public ones, to which webhooks and key sets may lead,"
        " as `10.0.0.0/8`.",
    )
    signing_algorithms: str = Field(
        "any",
        description="Algorithms with which clients may sign assertions and DPoP proofs: `any`, `fapi2` (PS256, ES256"
        " and EdDSA), or some of EdDSA, ES256, PS256 and RS256, separated by commas.",
    )
    mtls_address: str | None = Field(
        None,
        description="Address, as `https://mtls.id.example.com`, at which clients with certificates reach the service,"
        " if it is not the issuer; the metadata names it in `mtls_endpoint_aliases` (RFC 8705 section 5). Needs"
        " `client_certificate_proxies`.",
    )
    mtls_ca_file: Path | None = Field(
        None,
        description="PEM file of the authorities whose certificates authenticate a client by its subject (RFC 8705).",
    )
    failed_attempts_max: int = Field(
        10,
        ge=1,
        le=1_000_000,
        description="Wrong secrets that may arrive at once for one client from one address; then one every six seconds."
        " For slow checks that fail, three times as many.",
    )
    master_key: str | None = Field(
        None, repr=False, description="The master key itself, 64 hex characters, instead of the file."
    )
    master_key_file: Path | None = Field(
        None, description="File that contains the master key; `master.key` in the data folder if not set."
    )
    management_host: str = Field("127.0.0.1", description="Address of the management port.")
    management_port: Annotated[Annotated[int, Field(ge=0, le=65535)] | Literal["off"], _ANY_CASE] = Field(
        9090,
        description="Port of `/livez`, `/readyz` and `/metrics`; 0 takes a free port, `off` opens none. If the default"
        " port is taken, a free one is used.",
    )
    management_names: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_host_names)] = Field(
        (),
        description="Host names, in addition to localhost, that requests to the management port may use, as"
        " `tessera.internal`. Other names get a 421 if the port listens on this machine only, or if a name is set here;"
        " IP addresses are always accepted.",
    )
    log_level: LogLevel = Field("info", description="Lowest level of events that are logged.")
    log_format: LogFormat = Field("auto", description="`pretty`, `json`, or `auto`: pretty on a terminal.")
    log_requests: LogRequests = Field(
        "all", description="Which requests are logged: `all`, those `refused` or failed, or `none`."
    )
    log_paths: bool = Field(
        False,
        description="Whether the log contains paths as they were sent, including ids of customers, besides routes.",
    )
    otlp_endpoint: str | None = Field(
        None,
        description="Address to which traces are sent, as `http://127.0.0.1:4318/v1/traces` (OTLP over HTTP); needs the"
        " extra `otel`.",
    )
    applications_cached_max: int = Field(
        200_000,
        ge=1,
        description="Number of applications that a process keeps in memory; each further one costs a read.",
    )
    feed_poll_interval_milliseconds: int = Field(
        100, ge=10, le=10_000, description="How often a process polls for changes of other processes."
    )
    feed_stale_after_seconds: float = Field(
        10.0,
        gt=0,
        le=3600,
        description="Age of the change feed beyond which a process is not ready: how long ago it last read it.",
    )
    feed_stale_policy: FeedStalePolicy = Field(
        "continue",
        description="What a process does that has received no changes for `feed_stale_after_seconds`: `continue` to"
        " issue and accept tokens, or `refuse` with a 503.",
    )
    usage_flush_interval_seconds: float = Field(
        2.0, gt=0, le=3600, description="How often usage counts and last uses are written to the database."
    )
    settlement_interval_seconds: float = Field(
        2.0, gt=0, le=3600, description="How often expired points are removed and tier levels re-evaluated."
    )
    webhook_timeout_seconds: float = Field(
        15.0, gt=0, le=120, description="Time a receiver has to answer a webhook message."
    )
    events_retention_days: int = Field(
        30, ge=1, le=3650, description="Retention of events; longer only for a webhook that is behind."
    )
    refusals_retention_days: int = Field(
        7, ge=1, le=3650, description="Retention of refusal records, which `tessera explain` shows."
    )
    audit_refusals_retention_days: int = Field(
        30,
        ge=1,
        le=3650,
        description="Retention of the audit log's entries of refused clients; all other entries stay forever.",
    )
    key_rotation_days: int = Field(
        90, ge=0, le=3650, description="Age at which a key that seals or signs tokens is rotated; 0 means never."
    )
    key_publish_seconds: int = Field(
        3600, ge=600, le=30 * 86_400, description="How long a new key is published before it is used."
    )
    usage_retention_days: int = Field(
        90, ge=1, le=3650, description="Retention of the hourly usage of each application."
    )
    connections_max: int = Field(
        10_000, ge=1, description="Open connections that a process accepts; further ones get a 503."
    )
    request_head_bytes_max: int = Field(
        32 * 1024, ge=1024, description="Largest size of request line and headers in bytes; larger ones get a 431."
    )
    request_timeout_seconds: float = Field(
        10.0,
        gt=0,
        description="Time a client has to send a complete request; then it gets a 408 and the connection is closed.",
    )
    keep_alive_timeout_seconds: float = Field(
        75.0,
        gt=0,
        description="How long an idle connection is kept open for the client's next request. Set it longer than the"
        " proxy in front does (commonly 60 seconds).",
    )
    shutdown_timeout_seconds: float = Field(
        8.0, gt=0, description="Time that requests in flight have to finish after SIGTERM."
    )

    @field_validator("issuer")
    @classmethod
    def _is_an_issuer(cls, issuer: str | None) -> str | None:
        return None if issuer is None else issuers.check(issuer)

    @field_validator("mtls_address")
    @classmethod
    def _is_an_address(cls, address: str | None) -> str | None:
        return None if address is None else issuers.check(address, "address")

    @field_validator("signing_algorithms")
    @classmethod
    def _is_a_set_of_algorithms(cls, text: str) -> str:
        signing_methods.algorithms_named(text)
        return text

    @field_validator("database", "database_direct")
    @classmethod
    def _is_postgresql(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("it is written as postgresql://USER@HOST:PORT/NAME; SQLite needs none, only --data-dir")
        return url

    @property
    def database_in_force(self) -> str | None:
        """The URL of the database, from the setting or the file it names; None for SQLite. Raises SettingsError."""
        if self.database is not None or self.database_file is None:
            return self.database
        try:
            url = self.database_file.read_text().strip()
            return self._is_postgresql(url)
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"The file {self.database_file} of the setting database_file cannot be used: {error}."
            ) from None

    @property
    def signing_algorithms_in_force(self) -> SigningAlgorithms:
        """The algorithms with which clients may sign, as flags; none for any."""
        return signing_methods.algorithms_named(self.signing_algorithms)

    @property
    def issuer_in_force(self) -> str:
        """The issuer: the one that was set, or the address on this machine."""
        return self.issuer or issuers.local(self.host, self.port, "https" if self.tls_certificate_file else "http")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, environment, file; nothing else is looked at."""
        file = Path(os.environ.get("TESSERA_CONFIG") or "tessera.toml")
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)


def unknown_names(environment: Iterable[str]) -> list[str]:
    """A sentence for each name in the environment that begins like a setting and is none."""
    known = [PREFIX + name for name in (*map(str.upper, Settings.model_fields), *NOT_SETTINGS)]
    names = sorted(name for name in environment if name.upper().startswith(PREFIX) and name.upper() not in known)
    return [f"{name} is no setting and was ignored.{hint(name.upper(), known)}" for name in names]


def load(**flags: Any) -> Settings:
    """The settings in force, given the flags that were used (None counts as not used).

    Raises SettingsError with one sentence for the first value that cannot be used.
    """
    config = os.environ.get("TESSERA_CONFIG")
    if config and not Path(config).is_file():
        raise SettingsError(f"TESSERA_CONFIG names {config}, which is not a file.")
    if (
        old := renamed_settings.in_environment((name for name, value in os.environ.items() if value), PREFIX)
    ) is not None:
        raise SettingsError(old)
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise SettingsError(
                renamed_settings.in_file(name)
                or f"The configuration file has {name}, which is no setting.{hint(name, Settings.model_fields)}"
            ) from None
        raise SettingsError(
            f"The setting {name} cannot be used: {first['msg'].removeprefix('Value error, ')}."
        ) from None
    except ValueError as error:
        raise SettingsError(f"The configuration file cannot be read: {error}.") from None
