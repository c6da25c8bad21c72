"""The pages: handlers that read from the rooms' services and render; no rules, no SQL."""

from screenpop.pages.base import Pages
from screenpop.pages.routes import routes

__all__ = ["Pages", "routes"]
