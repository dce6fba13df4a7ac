"""How the admin side is served: nothing of a request goes to a log.

It decides what the HTTP library may say. Of a malformed request it would log the line, in which a secret may stand.
"""

import logging

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

KEEPALIVE = 75.0
"""Seconds an idle connection is kept."""


def runner(app: web.Application, *, close_within: float) -> web.AppRunner:
    """Serves the application once it is set up and has a site. At its cleanup, answers under way may take
    `close_within` seconds to end."""
    return web.AppRunner(
        app, access_log=None, logger=_logger(), keepalive_timeout=KEEPALIVE, shutdown_timeout=close_within
    )


def _logger() -> logging.Logger:
    logger = logging.getLogger("gateway.admin")
    logger.addFilter(is_ours)
    return logger


def is_ours(record: logging.LogRecord) -> bool:
    """Whether a record is about us, and not about what a caller did wrong."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)
