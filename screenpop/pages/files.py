"""The browser's files: scripts, styles, icons."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from core.errors import NotFound
from core.web.routes import Ask, Route
from screenpop.assets import Assets

YEAR = 31_536_000


class Files:
    """Serves the tree of one version; an older page's address still gets the present file, but does not keep it."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets

    async def get(self, ask: Ask[Any, Any]) -> web.StreamResponse:
        """One file."""
        found = self._assets.find(ask.path["name"])
        if found is None:
            raise NotFound("There is no such file.")
        path, content_type = found
        present = ask.path["version"] == self._assets.version
        keep = f"public, max-age={YEAR}, immutable" if present else "no-cache"
        response = web.FileResponse(path, headers={"Cache-Control": keep})
        response.content_type = content_type
        if content_type.startswith("text/"):
            response.charset = "utf-8"
        return response


def routes(assets: Assets) -> list[Route]:
    """Public: the sign-in page needs them too."""
    files = Files(assets)
    return [Route("GET", "/static/{version}/{name:.+}", files.get, None, "A file of the pages", page=True)]
