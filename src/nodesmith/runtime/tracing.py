"""Whether spans are made, and where they go: by OpenTelemetry's own settings, and only where its SDK is installed.

Nothing of OpenTelemetry is imported where nobody asked for it; trace context is carried on all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from typing import TYPE_CHECKING

from nodesmith.runtime.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import TracerProvider

    from nodesmith.runtime.spans import Tracing

logger = logging.getLogger("nodesmith.runtime.tracing")

_CLOSE_SECONDS = 3.0
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_OTLP = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
_EXPORTERS = "opentelemetry_traces_exporter"


def start_tracing(
    resource: Mapping[str, str], *, group: str = "", console: TextIO | None = None
) -> Tracing | None:
    """Return what makes spans, or None where nobody wants any; never raises.

    They are wanted where the program has set a tracer provider, or where OTEL_TRACES_EXPORTER or the endpoint of an
    OTLP exporter is set. `resource` says who we are, in OpenTelemetry's names; what the environment says of it wins. The console exporter writes to `console`.
    """
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    provider, names = _provider_set(), _exporter_names(os.environ)
    if provider is None and not names:
        return None
    try:
        from nodesmith.runtime.spans import Tracing

        if provider is not None:
            return Tracing(provider, group=group)
        ours = _new_provider(names, resource, console or sys.stdout)
    except ImportError as error:
        logger.warning(
            "no spans are made: %s; pip install 'nodesmith[tracing]' and the exporter you want, or unset OTEL_TRACES_EXPORTER",
            error,
        )
        return None
    except Exception as error:  # noqa: BLE001 - whatever is wrong with its settings, the node does its work
        logger.warning("no spans are made: OpenTelemetry refuses its settings: %s", error)
        return None

    async def close() -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await in_thread(ours.shutdown)

    return Tracing(ours, group=group, close=close)


def _provider_set() -> TracerProvider | None:
    """Return the provider that the program has set, None where it has set none."""
    api = sys.modules.get("opentelemetry.trace")
    if api is None:
        return None
    provider: TracerProvider = api.get_tracer_provider()
    return provider if type(provider) is not api.ProxyTracerProvider else None


def _exporter_names(environment: Mapping[str, str]) -> list[str]:
    """Return which exporters are asked for, by the names they are registered under."""
    asked = environment.get("OTEL_TRACES_EXPORTER")
    if not asked:
        asked = "otlp" if any(environment.get(name) for name in _ENDPOINTS) else "none"
    names = [name.strip() for name in asked.split(",")]
    return [name for name in names if name not in {"", "none"}]


def _new_provider(names: list[str], resource: Mapping[str, str], console: TextIO) -> SdkTracerProvider:
    """Return a provider with these exporters, set as the program's; raise ImportError where one is not installed."""
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor

    exporters = [_exporter(name, console) for name in names]
    # Not at exit: what an exporter cannot deliver would hold the process there.
    provider = TracerProvider(resource=_described(resource), shutdown_on_exit=False)
    for exporter in exporters:
        simple = isinstance(exporter, ConsoleSpanExporter)
        provider.add_span_processor(SimpleSpanProcessor(exporter) if simple else BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    logger.info("spans go to %s", ", ".join(names))
    return provider


def _exporter(name: str, console: TextIO) -> SpanExporter:
    if name == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter(out=console, formatter=_one_line)
    # Not at the top: it takes a while, and most nodes never need it.
    from importlib.metadata import entry_points

    for candidate in _candidates(name):
        for found in entry_points(group=_EXPORTERS, name=candidate):
            exporter: SpanExporter = found.load()()
            return exporter
    raise ImportError(f"no exporter '{name}' is installed")


def _candidates(name: str) -> list[str]:
    """Return what an exporter may be registered as: OTLP by its protocol, or whatever of it is there."""
    if name != "otlp":
        return [name]
    protocol = next((value for each in _PROTOCOLS if (value := os.environ.get(each))), "")
    return [_OTLP.get(protocol.strip(), protocol)] if protocol else list(_OTLP.values())


def _described(ours: Mapping[str, str]) -> Resource:
    """Return who we are: what the environment says wins over ours, and that over what the SDK would guess."""
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource

    said = OTELResourceDetector().detect().attributes
    missing = {name: value for name, value in ours.items() if value and name not in said}
    return Resource.create().merge(Resource(missing))


def _one_line(span: ReadableSpan) -> str:
    return str(span.to_json(indent=None)) + os.linesep
