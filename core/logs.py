"""Logs: one line an event, for people on a terminal or as JSON for a collector."""

from __future__ import annotations

import logging
import sys

import structlog

from config.settings import LogSettings


def set_up_logs(settings: LogSettings) -> None:
    """Send structlog and the standard library's logging to stderr, at the settings' level."""
    level = logging.getLevelNamesMapping().get(settings.level.upper(), logging.INFO)
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    last: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if settings.json
        # Plain: the formatter that structlog takes by itself prints local variables, and so passwords and numbers.
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_to_stderr,
    )
    logging.basicConfig(
        level=max(level, logging.WARNING), stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )


def _to_stderr(*_: object) -> structlog.PrintLogger:
    """Whatever stderr is now: it may have been redirected since the logs were set up."""
    return structlog.PrintLogger(sys.stderr)
