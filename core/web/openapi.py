"""The OpenAPI 3.1 document, made from the routes and their types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from aiohttp import web

from core.web.routes import Ask, Route

PATH = "/api/v1/openapi.json"

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "details"],
            "properties": {
                "code": {"type": "string", "description": "Stable, for programs."},
                "message": {"type": "string", "description": "A sentence for people."},
                "details": {"type": "object"},
            },
        }
    },
}
_REFUSALS = {
    "400": "The request cannot be read.",
    "401": "Nobody is signed in.",
    "403": "The role does not allow it.",
    "404": "There is no such thing.",
    "409": "It does not fit the present state.",
    "422": "The content is not what this takes.",
    "429": "Too many requests; Retry-After says when to come back.",
    "503": "The database or the PBX is away; Retry-After says when to come back.",
}


def openapi_route(routes: Sequence[Route], version: str) -> Route:
    """`GET /api/v1/openapi.json` for these routes and itself; public, since it says nothing of anybody."""
    made: list[bytes] = []

    async def handler(_ask: Ask[None, None]) -> web.Response:
        if not made:
            made.append(msgspec.json.encode(document((*routes, route), version)))
        return web.Response(body=made[0], content_type="application/json")

    route = Route("GET", PATH, handler, None, "This document", media=("application/json",))
    return route


def document(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """The document of all routes under /api; pages are not in it."""
    listed = [route for route in routes if route.path.startswith("/api/") and not route.page]
    types = [kind for route in listed for kind in (route.body, route.query, route.reply) if kind is not None]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    by_type = dict(zip(map(repr, types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in listed:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, by_type, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Ringdesk", "version": version},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {**components, "Error": _ERROR},
            "responses": {code: _error_response(text) for code, text in _REFUSALS.items()},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "ringdesk_session"},
            },
        },
    }


def _operation(route: Route, schemas: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": route.summary}
    if route.reply is not None:
        answer["content"] = {"application/json": {"schema": schemas[repr(route.reply)]}}
    elif route.media:
        answer["content"] = {kind: {} for kind in route.media}
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "tags": [route.path.split("/")[3]],
        "parameters": [
            *_path_parameters(route),
            *_query_parameters(route, schemas, components),
            *_header_parameters(route),
        ],
        "responses": {
            str(route.status): answer,
            **{code: {"$ref": f"#/components/responses/{code}"} for code in _REFUSALS},
        },
        "security": [] if route.permission is None else [{"token": []}, {"session": []}],
    }
    if route.permission is not None:
        operation["x-permission"] = route.permission.value
    if route.body is not None:
        content = {"application/json": {"schema": schemas[repr(route.body)]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _operation_id(route: Route) -> str:
    words = re.findall(r"[A-Za-z0-9_]+", route.path.removeprefix("/api/v1"))
    return "_".join([route.method.lower(), *words])


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    names = re.findall(r"\{(\w+)", route.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(
    route: Route, schemas: dict[str, Any], components: dict[str, Any]
) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = components[schemas[repr(route.query)]["$ref"].rpartition("/")[2]]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": field}
        for name, field in schema["properties"].items()
    ]


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    if route.method != "POST" or route.permission is None:
        return []
    text = "The same key gives the same answer for 24 hours."
    schema = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"}
    return [{"name": "Idempotency-Key", "in": "header", "description": text, "schema": schema}]


def _error_response(text: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": text, "content": {"application/json": {"schema": schema}}}
