"""The few calls to Consul's agent that the projection needs, over py-consul, with errors of our own."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from nodesmith.errors import ConsulRefusedError, ConsulUnavailableError
from nodesmith.registry.consul.memory import registered_meta
from nodesmith.registry.consul.plan import MAINTENANCE, Registered
from nodesmith.registry.consul.projection import MANAGED_BY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Mapping

    from nodesmith.registry.consul.projection import Service
    from nodesmith.registry.consul.settings import ConsulSettings

# More at once only wait for each other in the agent.
CONNECTIONS = 8
REQUEST_SECONDS = 5.0
READ_AGAIN_TIMES = 5
# Consul's own least; it looks every half a minute.
CRITICAL_SECONDS = 60
HTTP_CHECK_SECONDS, HTTP_CHECK_TIMEOUT_SECONDS = 10, 3
_MAINTENANCE_CHECK = "_service_maintenance:"
_MOST_WORDS = 300


class NotThereError(Exception):
    """Consul does not know the service or the check: it has forgotten it, or somebody took it away."""


class RejectedError(Exception):
    """Consul does not take this service as it is; the text says why."""


class ConsulClient:
    """One agent. Every call raises ConsulUnavailableError, or ConsulRefusedError, its kind."""

    def __init__(self, consul: Any, settings: ConsulSettings, request_seconds: float) -> None:
        self._consul = consul
        self._settings = settings
        self._request_seconds = request_seconds
        self._read_seconds = 0.0
        self._answered_at = monotonic()

    async def registered(self) -> dict[str, Registered]:
        """Return the agent's services that could be ours, by their ids."""
        self._consul.token = await asyncio.to_thread(_token, self._settings)
        began = monotonic()
        # Thousands of services take an agent longer than one.
        seconds = max(self._request_seconds, READ_AGAIN_TIMES * self._read_seconds)
        services = await self._call(
            self._consul.agent.services(filter_expr=f'ID matches "^{MANAGED_BY}-"'), seconds=seconds
        )
        self._read_seconds = monotonic() - began
        checks = await self._call(
            self._consul.agent.checks(filter_expr=f'CheckID matches "^{_MAINTENANCE_CHECK}{MANAGED_BY}-"')
        )
        reasons = {str(check["ServiceID"]): str(check["Notes"]) for check in checks.values()}
        return {each: _registered(each, found, reasons.get(each)) for each, found in services.items()}

    async def register(self, service: Service, *, replaces: Registered | None = None) -> None:
        """Register a service with its checks; raises RejectedError."""
        http = bool(service.health_url)
        await self._call(
            self._consul.agent.service.register(
                service.name,
                service_id=service.id,
                address=service.address,
                port=service.port,
                tags=list(service.tags),
                meta=registered_meta(service),
                check=ttl_check(service),
                extra_checks=[http_check(service)] if http else [],
            )
        )
        # Consul can drop the checks that are not named any more by itself, but what somebody has put into maintenance with them.
        if replaces is not None and replaces.meta.get("checks") == "ttl http" and not http:
            await self._call(self._consul.agent.check.deregister(_http_id(service.id)))

    async def deregister(self, service_id: str) -> None:
        """Take a service away; that it is not there is as good."""
        await self._call(self._consul.agent.service.deregister(service_id))

    async def maintain(self, service_id: str, *, enter: bool) -> None:
        """Put a service into maintenance, or out of it; raises NotThereError."""
        await self._call(
            self._consul.agent.service.maintenance(service_id, str(enter).lower(), MAINTENANCE),
            must_be_there=True,
        )

    async def feed(self, service: Service) -> None:
        """Say how a service is, for the next time to live; raises NotThereError."""
        check = self._consul.agent.check
        say = {"passing": check.ttl_pass, "warning": check.ttl_warn, "critical": check.ttl_fail}
        await self._call(say[service.health](_ttl_id(service.id), notes=service.note), must_be_there=True)

    async def _call(
        self, request: Awaitable[Any], *, must_be_there: bool = False, seconds: float | None = None
    ) -> Any:
        began = monotonic()
        from aiohttp import ClientError
        from consul import ConsulException  # type: ignore[import-untyped]  # it has no types

        try:
            async with asyncio.timeout(seconds or self._request_seconds):
                answer = await request
        except ConsulException as error:
            raise _translated(error) from error
        except TimeoutError:
            if self._answered_at > began:  # others were answered meanwhile
                raise RejectedError(f"no answer within {monotonic() - began:.1f} s") from None
            raise ConsulUnavailableError(f"{self._settings.address} does not answer") from None
        except (ClientError, OSError) as error:
            reason = str(error) or type(error).__name__
            raise ConsulUnavailableError(f"{self._settings.address}: {reason[:_MOST_WORDS]}") from error
        self._answered_at = monotonic()
        if must_be_there and answer is False:
            raise NotThereError
        return answer


@contextlib.asynccontextmanager
async def connected(
    settings: ConsulSettings, *, request_seconds: float = REQUEST_SECONDS
) -> AsyncIterator[ConsulClient]:
    """Give a client of the agent; nothing is sent yet. Raises ConsulUnavailableError where its files cannot be used."""
    try:
        from nodesmith.registry.consul.transport import agent_client
    except ImportError as error:
        raise ConsulUnavailableError(
            f"Consul's client is not installed ({error}): pip install 'nodesmith[consul]'"
        ) from error
    try:
        consul = agent_client(settings, connections=CONNECTIONS)
    except OSError as error:  # with it all of TLS's own
        raise ConsulUnavailableError(f"the certificates for Consul cannot be used: {error}") from error
    try:
        yield ConsulClient(consul, settings, request_seconds)
    finally:
        await consul.close()


def _token(settings: ConsulSettings) -> str:
    if not settings.token_file:
        return settings.token
    try:
        return Path(settings.token_file).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConsulRefusedError(
            f"the file that CONSUL_HTTP_TOKEN_FILE names cannot be read: {error}"
        ) from error


def _registered(service_id: str, found: Mapping[str, Any], maintenance: str | None) -> Registered:
    return Registered(
        id=service_id,
        name=found.get("Service") or "",
        address=found.get("Address") or "",
        port=found.get("Port") or 0,
        meta=found.get("Meta") or {},
        maintenance=maintenance,
    )


def ttl_check(service: Service) -> dict[str, object]:
    """Return the check that heartbeats feed; only it takes the service away in the end: what else fails may still live."""
    return {
        "checkid": _ttl_id(service.id),
        "name": "heartbeats on the bus",
        "ttl": f"{service.ttl_seconds:g}s",
        "status": service.health,
        "deregistercriticalserviceafter": f"{CRITICAL_SECONDS}s",
    }


def http_check(service: Service) -> dict[str, object]:
    """Return the check by which Consul looks at the node itself."""
    return {
        "checkid": _http_id(service.id),
        "name": "health endpoint",
        "http": service.health_url,
        "interval": f"{HTTP_CHECK_SECONDS}s",
        "timeout": f"{HTTP_CHECK_TIMEOUT_SECONDS}s",
        "status": "passing",  # until Consul has looked: the heartbeat says that it lives
    }


def _ttl_id(service_id: str) -> str:
    return f"{service_id}:heartbeat"


def _http_id(service_id: str) -> str:
    return f"{service_id}:http"


def _translated(error: Exception) -> Exception:
    from consul import ACLDisabled, ACLPermissionDenied
    from consul.exceptions import BadRequest  # type: ignore[import-untyped]

    text = " ".join(str(error).split())[:_MOST_WORDS]
    if isinstance(error, (ACLPermissionDenied, ACLDisabled)) or "Permission denied" in text:
        return ConsulRefusedError(f"Consul refuses: {text}")
    if "does not have associated TTL" in text or "Unknown check" in text or "No service registered" in text:
        return NotThereError(text)
    if isinstance(error, BadRequest) and "HTTPS server" not in text:
        return RejectedError(text)
    return ConsulUnavailableError(f"Consul fails: {text or type(error).__name__}")
