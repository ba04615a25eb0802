"""Logs as JSON lines, numbers for Prometheus, traces by OpenTelemetry where an exporter is configured."""

import logging
import os
import re
import sys
from collections.abc import Generator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog
from prometheus_client import Counter, Gauge, Histogram

PUBLISHED = Counter("callboard_events_published_total", "Events handed to the bus.", ["service", "event"])
CONSUMED = Counter("callboard_events_consumed_total", "Events handled.", ["service", "event"])
BURIED = Counter("callboard_events_buried_total", "Events that could not be handled.", ["service", "event"])
PARKED = Counter("callboard_events_parked_total", "Events that the bus did not take.", ["service"])
OUTBOX = Gauge("callboard_outbox_rows", "Events that wait in the outbox, counted up to 1000.", ["service"])
OUTBOX_AGE = Gauge("callboard_outbox_age_seconds", "Since when the first of them waits.", ["service"])
PARKED_NOW = Gauge("callboard_outbox_parked", "Events that stand aside, counted up to 1000.", ["service"])
DEAD = Gauge("callboard_dead_letters", "Events set aside in the database (no broker).", ["service"])
LOOP_SILENCE = Gauge(
    "callboard_loop_silence_seconds", "Since when a loop gave no sign of life.", ["service", "loop"]
)
REQUESTS = Histogram("callboard_http_seconds", "Seconds an HTTP request took.", ["method", "status"])

_SECRET_NAMES = re.compile(r"passw|secret|token|authorization|cookie|ticket|api_?key", re.IGNORECASE)
_CARD = re.compile(r"(?<![\d-])\d(?:[ -]?\d){12,18}(?![\d-])")


def scrub(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Masks what must be in no log: values under secret names, and runs of digits that pass for a card."""
    for name, value in fields.items():
        if name != "event" and _SECRET_NAMES.search(name):
            fields[name] = "***"
        elif isinstance(value, str):
            fields[name] = _CARD.sub(_mask_card, value)
    return fields


def _mask_card(found: re.Match[str]) -> str:
    digits = [int(digit) for digit in found[0] if digit.isdigit()]
    doubled = [2 * d - 9 * (d > 4) if i % 2 else d for i, d in enumerate(reversed(digits))]
    return "[card number]" if sum(doubled) % 10 == 0 else found[0]


def configure_logging(level: str, *, pretty: bool = False) -> None:
    renderer: Any = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            scrub,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(getattr(logging, level.upper()), logging.WARNING), stream=sys.stderr)


def configure_tracing(service: str) -> None:
    """Sends spans where OTEL_EXPORTER_OTLP_ENDPOINT says; without it nothing is loaded."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": f"callboard-{service}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    global _tracer
    _tracer = trace.get_tracer("callboard")


_tracer: Any = None


@contextmanager
def span(name: str, parent: str | None = None, **attributes: str | int) -> Generator[None]:
    """A span under the W3C `traceparent` given; free where tracing is not configured."""
    if _tracer is None:
        yield
        return
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context = TraceContextTextMapPropagator().extract({"traceparent": parent}) if parent else None
    with _tracer.start_as_current_span(name, context=context, attributes=attributes):
        yield
