"""The exporter: one process that serves the estate's metrics and targets over HTTP."""

from monitors.exporter.server import (
    DEFAULT_LISTEN,
    ListenError,
    ListenRefusedError,
    Options,
    serve,
)

__all__ = ["DEFAULT_LISTEN", "ListenError", "ListenRefusedError", "Options", "serve"]
