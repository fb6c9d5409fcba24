"""A small OpenID provider of our own: a process with an RSA key, real HTTP, code with PKCE, client secret by HTTP Basic.

    python tests/support/oidc_provider.py CLIENT_ID CLIENT_SECRET REDIRECT_URI

Prints its issuer and serves until its input ends. The person at the provider is the query parameter `as`; `lie` makes the
token wrong in one way (aud, iss, nonce, exp, key, alg, at_hash).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey


def _plain(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


class Provider(ThreadingHTTPServer):
    """What one provider knows."""

    def __init__(self, client_id: str, client_secret: str, redirect_uri: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.client_id, self.client_secret, self.redirect_uri = client_id, client_secret, redirect_uri
        self.issuer = f"http://127.0.0.1:{self.server_address[1]}"
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.codes: dict[str, dict[str, str]] = {}

    def id_token(self, asked: dict[str, str], access_token: str) -> str:
        lie = asked.get("lie", "")
        now = int(time.time())
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        claims = {"iss": "https://elsewhere.example" if lie == "iss" else self.issuer, "sub": asked["as"],
                  "aud": "another-client" if lie == "aud" else self.client_id, "nonce": "old" if lie == "nonce" else asked["nonce"],
                  "iat": now - 7200 if lie == "exp" else now, "exp": now - 3600 if lie == "exp" else now + 300,
                  "at_hash": "x" if lie == "at_hash" else _plain(half)}
        if lie == "alg":      # the old trick: the public key as an HMAC secret
            signed = ".".join(_plain(json.dumps(part).encode()) for part in ({"alg": "HS256", "kid": "one"}, claims))
            return f"{signed}.{_plain(hmac.new(self.key.as_pem(private=False), signed.encode(), 'sha256').digest())}"
        key = RSAKey.generate_key(2048, {"kid": "one"}) if lie == "key" else self.key
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)


class Handler(BaseHTTPRequestHandler):
    """Four addresses."""

    server: Provider

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(place.query).items()}
        if place.path == "/.well-known/openid-configuration":
            base = self.server.issuer
            self._json({"issuer": base, "authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/token",
                        "jwks_uri": f"{base}/jwks", "response_types_supported": ["code"], "subject_types_supported": ["public"],
                        "id_token_signing_alg_values_supported": ["RS256"], "code_challenge_methods_supported": ["S256"]})
        elif place.path == "/jwks":
            self._json({"keys": [self.server.key.as_dict(private=False)]})
        elif place.path == "/authorize":
            self._authorize(asked)
        else:
            self._json({"error": "not_found"}, 404)

    def _authorize(self, asked: dict[str, str]) -> None:
        right = (asked.get("response_type") == "code" and asked.get("client_id") == self.server.client_id
                 and asked.get("redirect_uri") == self.server.redirect_uri and asked.get("code_challenge_method") == "S256"
                 and "openid" in asked.get("scope", "").split() and asked.get("nonce") and asked.get("as"))
        if not right:
            self._json({"error": "invalid_request"}, 400)
            return
        code = secrets.token_urlsafe(16)
        self.server.codes[code] = asked
        self.send_response(302)
        self.send_header("Location", f"{self.server.redirect_uri}?{urlencode({'code': code, 'state': asked['state']})}")
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        given = {name: values[0] for name, values in parse_qs(body).items()}
        basic = base64.b64encode(f"{self.server.client_id}:{self.server.client_secret}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {basic}":
            self._json({"error": "invalid_client"}, 401)
            return
        asked = self.server.codes.pop(given.get("code", ""), None)
        challenge = _plain(hashlib.sha256(given.get("code_verifier", "").encode()).digest())
        if asked is None or asked["code_challenge"] != challenge or given.get("redirect_uri") != asked["redirect_uri"]:
            self._json({"error": "invalid_grant"}, 400)
            return
        token = secrets.token_urlsafe(16)
        self._json({"access_token": token, "token_type": "Bearer", "expires_in": 300, "id_token": self.server.id_token(asked, token)})

    def _json(self, words: object, status: int = 200) -> None:
        content = json.dumps(words).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def main() -> int:
    """Serve until the starter goes away."""
    provider = Provider(*sys.argv[1:4])
    threading.Thread(target=provider.serve_forever, daemon=True).start()
    sys.stdout.write(f"{provider.issuer}\n")
    sys.stdout.flush()
    sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
