"""The desk as pages a person works with: plain HTML, no script. A token printed at the start opens them; nobody else gets in.

`/pages?token=…` lays the token down as a cookie; every other address asks for it. A form says which state of the file it was written
for, so that two people at one desk do not step over one another.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from infra.twins.insurer import check, desk, views
from infra.twins.insurer.decide import CLAUSES
from infra.twins.insurer.store import Store, newest
from infra.twins.insurer.wire import Fault, Json, write_once

COOKIE = "insurer_desk"
HTML = "text/html; charset=utf-8"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
HEADERS = {"Content-Security-Policy": POLICY,
           "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY"}
# A sandboxed PDF is not shown by Chromium; its viewer needs its own styles and the object itself, and runs nothing of the file's.
SHOWN = {"application/pdf": f"{POLICY}; img-src 'self' data:; object-src 'self'"}
_MOST_FORM = 64 * 1024


@dataclass(frozen=True)
class Reply:
    """What goes out."""

    status: int
    body: bytes
    kind: str = HTML
    headers: Mapping[str, str] = field(default_factory=lambda: HEADERS)


def token_of(folder: Path) -> str:
    """The desk's token, drawn once per data folder so that a restarted twin lets the same people in."""
    path = folder / "pages.token"
    write_once(path, secrets.token_urlsafe(24).encode(), 0o600)
    return path.read_text(encoding="ascii")


class Pages:
    """The pages over one store."""

    def __init__(self, store: Store, token: str, *, seed: int) -> None:
        self._store, self._token, self._seed = store, token, seed
        self._templates = Environment(loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True,
                                      undefined=StrictUndefined, trim_blocks=True)

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """One request. Deny by default: without the token only a page that says where it is found."""
        address = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        if method == "GET" and address.path == "/pages" and self._right(query.get("token", "")):
            cookie = f"{COOKIE}={self._token}; Path=/pages; HttpOnly; SameSite=Strict"
            return Reply(303, b"", headers={**HEADERS, "Set-Cookie": cookie, "Location": "/pages"})
        if not self._right(_cookie(headers.get("Cookie", ""))):
            return self._problem(403, "须凭口令进入", "请用启动时打印的地址（含 token）打开一次。", back="/pages")
        parts = [unquote(part) for part in address.path.split("/")[2:]]
        try:
            return self._post(parts, headers, body) if method == "POST" else self._get(parts, query)
        except Fault as fault:
            back = f"/pages/{parts[0]}" if parts and fault.status != 404 else "/pages"
            return self._problem(fault.status, "没有办成", fault.message, back=back)

    def _right(self, said: str) -> bool:
        return hmac.compare_digest(said.encode(), self._token.encode())

    def _problem(self, status: int, title: str, text: str, *, back: str) -> Reply:
        return self._page("problem.html", {"title": title, "text": text, "back": back}, status=status)

    def _page(self, name: str, values: Mapping[str, object], *, status: int = 200) -> Reply:
        return Reply(status, self._templates.get_template(name).render(**values).encode())

    def _get(self, parts: list[str], query: Mapping[str, str]) -> Reply:
        with self._store.reading() as db:
            match parts:
                case []:
                    return self._page("inbox.html", views.inbox(db, query.get("state", "")))
                case [claim_no]:
                    return self._page("dossier.html", views.dossier(db, claim_no))
                case [claim_no, "papers", number]:
                    return _shown(*views.paper(db, claim_no, number))
                case [claim_no, "replies", reply, item, number]:
                    return _shown(*views.reply_paper(db, claim_no, reply, item, number))
        raise Fault(404, "unknown_path", "没有这一页")

    def _post(self, parts: list[str], headers: Mapping[str, str], body: bytes) -> Reply:
        origin = headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != headers.get("Host"):
            raise Fault(403, "foreign_form", "表单不是从本页提交的")
        if len(body) > _MOST_FORM or len(parts) != 2 or parts[1] not in _WISHES:
            raise Fault(404, "unknown_path", "没有这一步骤")
        claim_no, name = parts
        form = {key: values[-1].strip() for key, values in parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True).items()}
        with self._store.transaction() as db:
            row = newest(db, claim_no)
            if row is not None and form.get("seen") != f"{row['round']}.{row['version']}.{row['state']}":
                raise Fault(409, "wrong_state", "案卷已有变化，请看过后再办")
            wish = {"at": _time(form.get("at", "")), **_WISHES[name](form)}
            if row is not None and "adjust" in wish:
                _lessened(views.computed(db, row), wish["adjust"])
            desk.step(db, claim_no, name, wish, seed=self._seed)
        return Reply(303, b"", headers={**HEADERS, "Location": f"/pages/{urlencode({'': claim_no})[1:]}"})


def _shown(content: bytes, mime: str) -> Reply:
    """A paper as it came: nothing in it runs."""
    policy = SHOWN.get(mime, "default-src 'none'; sandbox")
    return Reply(200, content, mime, {**HEADERS, "Content-Security-Policy": policy, "Content-Disposition": "inline"})


def _cookie(text: str) -> str:
    try:
        found = SimpleCookie(text).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _time(text: str) -> str:
    """What a browser's date and time field says, in China's time."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=views.CHINA).isoformat()
    except ValueError:
        raise Fault(422, "invalid", "办理时间：应为日期和时间", "at") from None


def _nothing(_form: Mapping[str, str]) -> Json:
    return {}


def _question(form: Mapping[str, str]) -> Json:
    items = [{"code": form.get(f"code{n}", ""), "paper": form.get(f"paper{n}") or None, "text": form.get(f"text{n}", "")}
             for n in range(1, 4) if form.get(f"text{n}")]
    if not items:
        raise Fault(422, "invalid", "至少写明一项问题的说明", "items")
    return {"items": items}


def _decide(form: Mapping[str, str]) -> Json:
    """By liability: as computed, less with a reason, or nothing with a reason."""
    adjust: Json = {}
    for name in CLAUSES:
        how = form.get(f"how.{name}", "accept")
        if how not in ("accept", "reduce", "decline"):
            raise Fault(422, "invalid", "核定：按核算、减少或不予给付", f"how.{name}")
        if how != "accept":
            amount, reason = ("0.00" if how == "decline" else form.get(f"amount.{name}", "")), form.get(f"reason.{name}", "")
            if not reason:
                raise Fault(422, "invalid", "减少或不予给付的责任须写明理由", f"reason.{name}")
            adjust[name] = {"amount": amount, "reason": reason}
    return {"adjust": adjust} if adjust else {}


def _lessened(computed: Mapping[str, Decimal], adjust: object) -> None:
    assert isinstance(adjust, dict)
    for name, change in adjust.items():
        check.MONEY(change["amount"], f"amount.{name}")
        if Decimal(change["amount"]) > computed[name]:
            raise Fault(422, "invalid", "减少后的金额不能高于本公司的核算", f"amount.{name}")


def _settle(form: Mapping[str, str]) -> Json:
    return {"serial": form["serial"]} if form.get("serial") else {}


def _reject(form: Mapping[str, str]) -> Json:
    return {name: form[name] for name in ("code", "text") if form.get(name)}


_WISHES: dict[str, Callable[[Mapping[str, str]], Json]] = {
    "ack": _nothing, "file": _nothing, "confirm_recall": _nothing, "question": _question, "decide": _decide, "settle": _settle,
    "reject": _reject}
