"""Proxies and certificates that the environment names, checked before an HTTP client is made of them."""

import os
import ssl
from importlib.util import find_spec
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

from dataset_builder.common.errors import UsageError

_SOCKS = ("socks5", "socks5h")
_SCHEMES = ("http", "https", *_SOCKS)


def check_http_environment(*, proxies: bool = True) -> None:
    """Raise `UsageError` for settings of which httpx makes no client; to be called before the first request.

    httpx reads `ALL_PROXY`, `HTTPS_PROXY`, `HTTP_PROXY` and `SSL_CERT_FILE` when a client is created, and
    raises an `ImportError`, a `ValueError` or a `FileNotFoundError` that names none of them, even where
    `NO_PROXY` covers the server.

    Args:
        proxies (`bool`, *optional*, defaults to `True`): whether the client will read the proxies.
    """
    if proxies:
        for scheme, address in getproxies_environment().items():
            if scheme in ("all", "http", "https"):
                _check_proxy(_variable(f"{scheme}_proxy"), address)
    if path := os.environ.get("SSL_CERT_FILE"):
        try:
            ssl.create_default_context(cafile=path)
        except OSError as error:
            no_pem = isinstance(error, ssl.SSLError)
            reason = "it holds no certificate" if no_pem else error.strerror
            raise UsageError(
                f"SSL_CERT_FILE={path} cannot be read ({reason}): let it name a PEM file, or unset it."
            ) from None


def _check_proxy(variable: str, address: str) -> None:
    # The address may hold a password, so no more than its scheme is shown.
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        scheme, valid = parts.scheme, bool(parts.hostname) and parts.port != 0
    except ValueError:
        scheme, valid = "", False
    if scheme in _SOCKS and find_spec("socksio") is None:
        raise UsageError(
            f"{variable} names a SOCKS proxy ({scheme}://…), which takes the package socksio: "
            f"run `pip install socksio`, name an HTTP proxy, or unset {variable}."
        )
    if not valid or scheme not in _SCHEMES:
        raise UsageError(
            f"{variable} is not the address of a proxy: write http://host:port, or unset {variable}."
        )


def _variable(name: str) -> str:
    """The variable's name as it is set: in lower case it has precedence."""
    return name if os.environ.get(name) else name.upper()
