"""HTTP Basic authentication against one of the two realms."""

from __future__ import annotations

import base64
import binascii

from aiohttp import web

from ..accounts import Realm
from ..node import Node

UNAUTHORIZED_PAGE = (
    "<!doctype html><html lang='en'><head><title>HTTP Status 401 - Unauthorized</title></head>"
    "<body><h1>HTTP Status 401 - Unauthorized</h1></body></html>"
)


def authenticated(request: web.Request, node: Node, realm: Realm, via: str) -> bool:
    """Whether the request carries good Basic credentials; a request without any is refused without being counted."""
    credentials = basic_credentials(request)
    return credentials is not None and realm.check(node.name, *credentials, via)


def basic_credentials(request: web.Request) -> tuple[str, str] | None:
    """User name and password of the Authorization header, or None."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        username, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return username, password


def unauthorized(realm_name: str) -> web.Response:
    """The 401 with its realm and an HTML page."""
    return web.Response(
        status=401,
        text=UNAUTHORIZED_PAGE,
        content_type="text/html",
        headers={"WWW-Authenticate": f'Basic realm="{realm_name}"'},
    )
