"""The interface page: drawn on the server from the same OpenAPI document, without scripts from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

router = APIRouter()
_HERE = Path(__file__).parent
_pages = Environment(loader=FileSystemLoader(_HERE / "templates"), undefined=StrictUndefined, autoescape=True)
_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_NEEDED = {"idempotency-key", "if-match"}
Operation = Mapping[str, Any]


def complete(app: FastAPI) -> None:
    """OpenAPI says what the code enforces: the two headers are required, refusals are problem documents."""
    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _required(get_openapi(
                title=app.title, version=app.version, description=app.description, routes=app.routes))
        return app.openapi_schema
    app.openapi = document  # type: ignore[method-assign]


def _required(document: dict[str, Any]) -> dict[str, Any]:
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "header" and parameter["name"].lower() in _NEEDED:
                    parameter["required"] = True
                    parameter["schema"] = {"type": "string"}
    return document


@router.get("/docs", include_in_schema=False)
def page(request: Request) -> HTMLResponse:
    """Every operation with its summary, parameters and an example."""
    document = request.app.openapi()
    text = _pages.get_template("docs.html").render(title=document["info"]["title"], about=document["info"]["description"],
                                                   groups=_groups(document))
    return HTMLResponse(text, headers={"Content-Security-Policy": _POLICY})


@router.get("/docs.css", include_in_schema=False)
def style() -> Response:
    """The page's style."""
    return Response((_HERE / "templates" / "docs.css").read_text(), media_type="text/css")


def _groups(document: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, method, operation in _operations(document):
        body = operation.get("requestBody", {}).get("content", {})
        groups.setdefault(operation["tags"][0], []).append({
            "id": operation["operationId"], "method": method.upper(), "path": path, "summary": operation["summary"],
            "note": operation.get("description", ""), "parameters": operation.get("parameters", []),
            "media": next(iter(body), ""), "example": _example(document, body)})
    return groups


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if operation.get("tags"):
                yield path, method, operation


def _example(document: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    first: Mapping[str, Any] = next(iter(body.values()), {})
    schema: Mapping[str, Any] = first.get("schema", {})
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    found = schema.get("example", next(iter(schema.get("examples", [])), None))
    return json.dumps(found, ensure_ascii=False, indent=1) if found is not None else ""
