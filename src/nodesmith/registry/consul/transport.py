"""py-consul's asynchronous client on a session of our own. Imported where Consul is wanted: its library is an extra.

Its own session is made with options that aiohttp has given up, its address is read from the environment where none is
given, and CONSUL_HTTP_TOKEN wins over the token that it is given; it has no types.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import aiohttp
from consul.aio import Consul, HTTPClient  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from nodesmith.registry.consul.settings import ConsulSettings


def agent_client(settings: ConsulSettings, *, connections: int) -> Any:
    """Return a client of the agent, whose calls take as long as the caller lets them; nothing is sent yet.

    Raises OSError, and its kind SSLError, for files that are unusable.
    """
    return _Client(settings, connections=connections)


class _Client(Consul):  # type: ignore[misc]
    def __init__(self, settings: ConsulSettings, *, connections: int) -> None:
        self._connector = aiohttp.TCPConnector(limit=connections, ssl=_trust(settings))
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        scheme = "https" if settings.tls else "http"
        super().__init__(host=host, port=settings.port, scheme=scheme, verify=settings.verify)
        self.token = ""

    def http_connect(self, host: str, port: int, scheme: str, *_tls: object) -> HTTPClient:
        """Return what sends requests; py-consul calls this when it is made."""
        return _Transport(host, port, scheme, connector=self._connector)


class _Transport(HTTPClient):  # type: ignore[misc]
    def __init__(self, host: str, port: int, scheme: str, *, connector: aiohttp.TCPConnector) -> None:
        # Not its own: that makes the session.
        super(HTTPClient, self).__init__(host, port, scheme)
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None),
            skip_auto_headers=["Accept-Encoding"],  # the agent is near: compressing would cost it more
        )


def _trust(settings: ConsulSettings) -> ssl.SSLContext | bool:
    if not settings.tls:
        return True
    context = ssl.create_default_context(cafile=settings.ca_file or None)
    if not settings.verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if settings.client_cert:
        context.load_cert_chain(settings.client_cert, settings.client_key)
    return context
