"""Passwords: which are good enough, and how they are kept. Pure.

Rules after NIST SP 800-63B-4, 3.1.1.2: length counts, no mixture of kinds of signs is asked for, no regular change; what is
known from breaches, or follows from who the person is, is refused.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from services.core.errors import InputError

SHORTEST, LONGEST = 10, 128
OWN_SIGNS = 6                       # that must be left when everything guessable is taken away
_hasher = PasswordHash((Argon2Hasher(),))
# Nobody's: checked when there is no account, so that the answer takes as long. Same parameters as every other hash.
NOBODYS = ("$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA"
           "$eLNYUNCM6KKNd1ugUbDfCdYUZRIxbTdBKpCEQDMGZLk")
_BREACHED = Path(__file__).with_name("breached.txt")
_ROWS = ("01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./", "!@#$%^&*()_+",
         "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/", "qazwsxedcrfvtgbyhnujmikolp", "1q2w3e4r5t6y7u8i9o0p")
_WORDS = frozenset({
    "password", "passwd", "pass", "admin", "administrator", "welcome", "huzhu", "gonghui", "zonggonghui", "zhigong",
    "baozhang", "lipei", "woaini", "woaiwojia", "iloveyou", "mima", "zhongguo", "china", "beijing", "ningxia",
    "xinjiang", "yinchuan", "wulumuqi", "test", "5201314", "1314520", "1314", "520", "666", "888", "互助", "工会", "职工",
    "保障", "密码", "我爱你", "我爱中国", "中国", "北京", "宁夏", "新疆"})
_LEET = str.maketrans("@0$134!5", "aosieeis")


def prepared(password: str) -> str:
    """As it is hashed: full-width and half-width signs are the same, whichever input method wrote them."""
    return unicodedata.normalize("NFKC", password)


def require_good(password: str, *, login: str, name: str) -> None:
    """InputError (field `password`) naming what is wrong: too short or long, digits only, guessable, known from breaches."""
    text = prepared(password)
    if len(text) < SHORTEST:
        _refuse("password_short", f"密码至少 {SHORTEST} 个字符", "用几个不相干的词连成一句，既长又好记")
    if len(text) > LONGEST:
        _refuse("password_long", f"密码最多 {LONGEST} 个字符", "缩短一些")
    if not text.isprintable():
        _refuse("password_sign", "密码中有看不见的字符", "只用能看见的字符和空格")
    if re.fullmatch(r"[\d\s.+-]+", text):
        _refuse("password_digits", "密码不能只有数字：生日、电话、证件号都容易被猜到", "加上几个词")
    if len(set(text)) < 5 or len(_own_signs(text, login, name)) < OWN_SIGNS:
        _refuse("password_guessable", "密码容易被猜到：除去登录名、姓名、常用词、连续或重复的字符，所剩太少", "换几个不相干的词")
    if _is_breached(text):
        _refuse("password_breached", "这是外泄密码中常见的密码", "换一个别处没有用过的密码")


def _refuse(code: str, message: str, remedy: str) -> None:
    raise InputError(code, message, remedy=remedy, field="password")


def _own_signs(text: str, login: str, name: str) -> str:
    """What is left without the person's own words, common words, runs of neighbouring keys, years and repetition."""
    left = text.casefold()
    own = {login.casefold(), name.casefold(), *(part for part in re.split(r"[\W_]+", login.casefold()) if len(part) > 2)}
    for word in sorted(filter(None, own | _WORDS), key=len, reverse=True):
        left = _without_word(left, word)
    left = re.sub(r"(19|20)\d\d", "", _without_runs(left))
    left = re.sub(r"(.)\1{2,}", r"\1", left)
    return re.sub(r"(.{2,})\1+", r"\1", left)


def _without_word(text: str, word: str) -> str:
    """Without the word, also where digits and signs stand for its letters ("p@ssw0rd")."""
    while True:
        place = text.find(word)
        if place < 0:
            place = text.translate(_LEET).find(word)
        if place < 0:
            return text
        text = text[:place] + text[place + len(word):]


def _without_runs(text: str) -> str:
    """Without four and more neighbours of a keyboard row, the alphabet or the digits, forwards or backwards."""
    kept, place = "", 0
    while place < len(text):
        length = max((_run(text, place, row) for source in _ROWS for row in (source, source[::-1])), default=0)
        if length < 4:
            kept, length = kept + text[place], 1
        place += length
    return kept


def _run(text: str, place: int, row: str) -> int:
    length = 0
    while place + length < len(text) and text[place:place + length + 1] in row:
        length += 1
    return length


@lru_cache(maxsize=1)
def _breached() -> frozenset[str]:
    return frozenset(line for line in _BREACHED.read_text().splitlines() if not line.startswith("#"))


def _is_breached(text: str) -> bool:
    """The password itself, or what it is without digits and signs hung on to it."""
    plain = text.casefold()
    forms = {plain, plain.strip("0123456789!@#$%^&*()_+-=.,?~ "), re.sub(r"[\W_\d]+$", "", plain)}
    return any(hashlib.sha256(form.encode()).hexdigest()[:12] in _breached() for form in forms if len(form) > 4)


def hashed(password: str) -> str:
    """Argon2id with its salt and parameters in one text."""
    return _hasher.hash(prepared(password))


def fits(password: str, kept: str | None) -> tuple[bool, str | None]:
    """Whether the password is the one kept, and its new hash where the kept one is of weaker parameters than today's.

    Without a kept one the same work is done and the answer is no.
    """
    right, renewed = _hasher.verify_and_update(prepared(password[:4 * LONGEST]), kept or NOBODYS)
    return (right, renewed) if kept else (False, None)
