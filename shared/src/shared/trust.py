"""Whom outgoing HTTPS believes."""

import ssl
from functools import cache

import httpx


@cache
def authorities() -> ssl.SSLContext:
    """One for every client of this process: to read their certificates takes 20 ms, in which nothing else
    runs. SSL_CERT_FILE and SSL_CERT_DIR name other ones."""
    return httpx.create_ssl_context()
