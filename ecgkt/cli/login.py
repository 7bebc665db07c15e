"""The file of secrets that a log-in by OpenID Connect needs, looked at before the server starts."""

from __future__ import annotations

import tomllib
from importlib.util import find_spec
from pathlib import Path

from ecgkt.errors import InvalidValue

NEEDED = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
LEAST_SECRET = 32
"""Characters of `cookie_secret`, which signs the cookie of who has logged in."""


def check_login(secrets: Path) -> None:
    """Raise where the libraries for a log-in or something in the file's [auth] are missing; no secret is told."""
    if find_spec("authlib") is None or find_spec("httpx") is None:
        raise InvalidValue(
            "Authlib and httpx for --login", "an installation without them", 'install "ecgkt[login]" or these two'
        )
    try:
        section = tomllib.loads(secrets.read_text(encoding="utf-8")).get("auth")
    except OSError:
        raise InvalidValue(
            "a file of secrets for --login", "none at that path", "write it as docs/deploy.md says"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise InvalidValue(
            "a file of secrets in TOML", "another kind of text", "write it as docs/deploy.md says"
        ) from None
    found = section if isinstance(section, dict) else {}
    if missing := [key for key in NEEDED if not isinstance(found.get(key), str) or not found[key].strip()]:
        raise InvalidValue(f"{', '.join(NEEDED)} under [auth]", f"no {', no '.join(missing)}", "add them to the file")
    if len(found["cookie_secret"]) < LEAST_SECRET:
        raise InvalidValue(
            f"a cookie_secret of at least {LEAST_SECRET} characters",
            f"{len(found['cookie_secret'])}",
            "make one: python -c 'import secrets; print(secrets.token_hex(32))'",
        )
    if not found["redirect_uri"].endswith("/oauth2callback"):
        raise InvalidValue(
            "a redirect_uri that ends in /oauth2callback", "another one", "give the app's own address with that path"
        )
