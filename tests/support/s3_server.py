"""A small server that speaks S3 as the store needs it, in a process of its own: `python s3_server.py BUCKET ID SECRET`.

It proves each request's AWS Signature Version 4 by the secret, the body by the hash that was signed, and keeps objects in memory:
PUT (also If-None-Match: *, and in parts), GET, HEAD, DELETE, DeleteObjects and ListObjectsV2 page by page,
also by folders. Prints its port when it listens.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

PAGE = 3        # objects of one answer, few, so that lists have pages


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def signature(secret: str, method: str, address: str, headers: dict[str, str], signed: list[str], scope: str) -> str:
    """What the request's signature must be, by the rules of AWS Signature Version 4."""
    parts = urlsplit(address)
    query = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in sorted(parse_qsl(parts.query, True)))
    told = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in signed)
    request = "\n".join((method, quote(unquote(parts.path), safe="/-_.~"), query, told, ";".join(signed), headers["x-amz-content-sha256"]))
    text = "\n".join(("AWS4-HMAC-SHA256", headers["x-amz-date"], scope, digest(request.encode())))
    key = f"AWS4{secret}".encode()
    for word in scope.split("/"):
        key = hmac.new(key, word.encode(), "sha256").digest()
    return hmac.new(key, text.encode(), "sha256").hexdigest()


class Handler(BaseHTTPRequestHandler):
    """One request about one bucket."""

    protocol_version = "HTTP/1.1"
    bucket, key_id, secret = "", "", ""
    objects: dict[str, bytes] = {}
    parts: dict[str, dict[int, bytes]] = {}     # of uploads that are not complete yet

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        sent = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(.+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})",
                            headers.get("authorization", ""))
        if sent is None or sent[1] != self.key_id:
            return self._say(403, self._error("InvalidAccessKeyId"))
        if sent[4] != signature(self.secret, self.command, self.path, headers, sent[3].split(";"), sent[2]):
            return self._say(403, self._error("SignatureDoesNotMatch"))
        if headers["x-amz-content-sha256"] != digest(body):
            return self._say(400, self._error("XAmzContentSHA256Mismatch"))
        parts = urlsplit(self.path)
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        if bucket != self.bucket:
            return self._say(404, self._error("NoSuchBucket"))
        return self._answer(key, dict(parse_qsl(parts.query, True)), headers, body)

    def _answer(self, key: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> None:
        if self.command == "POST" and "delete" in query:
            return self._delete_many(body)
        if self.command == "POST" or "uploadId" in query:
            return self._in_parts(key, query, body)
        if not key:
            return self._list(query)
        if self.command == "PUT":
            if headers.get("if-none-match") == "*" and key in self.objects:
                return self._say(412, self._error("PreconditionFailed"))
            self.objects[key] = body
            return self._say(200, b"", etag=digest(body)[:32])
        if self.command == "DELETE":
            self.objects.pop(key, None)
            return self._say(204, b"")
        if key not in self.objects:
            return self._say(404, self._error("NoSuchKey"))
        return self._say(200, self.objects[key], etag=digest(self.objects[key])[:32])

    do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = _serve    # noqa: N815

    def _delete_many(self, body: bytes) -> None:
        keys = re.findall(r"<Key>([^<]+)</Key>", body.decode())
        for key in keys:
            self.objects.pop(key, None)
        gone = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        self._say(200, f"<DeleteResult>{gone}</DeleteResult>".encode())

    def _in_parts(self, key: str, query: dict[str, str], body: bytes) -> None:
        if "uploads" in query:
            upload = digest(f"{key}{len(self.parts)}".encode())
            self.parts[upload] = {}
            return self._say(200, f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>".encode())
        if self.command == "PUT":
            self.parts[query["uploadId"]][int(query["partNumber"])] = body
            return self._say(200, b"", etag=digest(body)[:32])
        whole = self.parts.pop(query["uploadId"])
        self.objects[key] = b"".join(whole[number] for number in map(int, re.findall(r"<PartNumber>(\d+)</PartNumber>", body.decode())))
        return self._say(200, b"<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>")

    def _list(self, query: dict[str, str]) -> None:
        after = base64.b64decode(query.get("continuation-token", "")).decode()
        under, mark = query.get("prefix", ""), query.get("delimiter", "")
        found = [key for key in sorted(self.objects) if key.startswith(under) and key > after]
        folders = sorted({under + key.removeprefix(under).partition(mark)[0] + mark for key in found
                          if mark and mark in key.removeprefix(under)})
        if mark:
            found = [key for key in found if mark not in key.removeprefix(under)]
        page, more = found[:PAGE], len(found) > PAGE
        rows = "".join(f"<Contents><Key>{escape(key)}</Key><Size>{len(self.objects[key])}</Size><ETag>x</ETag>"
                       "<LastModified>2026-03-20T02:00:00.000Z</LastModified></Contents>" for key in page)
        token = f"<NextContinuationToken>{base64.b64encode(page[-1].encode()).decode()}</NextContinuationToken>" if more else ""
        common = "".join(f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>" for folder in folders)
        self._say(200, f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{rows}{common}</ListBucketResult>".encode())

    def _error(self, code: str) -> bytes:
        return f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()

    def _say(self, status: int, body: bytes, *, etag: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", "Fri, 20 Mar 2026 02:00:00 GMT")
        if etag:
            self.send_header("ETag", f'"{etag}"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def main() -> None:
    """Serve until stopped."""
    Handler.bucket, Handler.key_id, Handler.secret = sys.argv[1:4]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
