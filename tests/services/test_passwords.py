"""Which passwords are good enough, and what is kept of them."""

from __future__ import annotations

import pytest

from services.access import passwords
from services.core.errors import InputError

GOOD = ["山高水长 qing7che", "lantern-orbit-maple", "xue hua piao piao", "Tk9$vLq2!wZp", "九个瓶子立在墙上面哦"]
BAD = [
    ("Short7!", "password_short"), ("短" * 9, "password_short"), ("a1B2" * 33, "password_long"),
    ("19800510123", "password_digits"), ("138-0000-0000", "password_digits"), ("2026.05.10 2026", "password_digits"),
    ("aaaaaaaaaaaa", "password_guessable"), ("abcabcabcabc", "password_guessable"), ("qwertyuiop12", "password_guessable"),
    ("1qaz2wsx3edc", "password_guessable"), ("abcdefghijkl", "password_guessable"), ("P@ssw0rd2026", "password_guessable"),
    ("nx.head2026!", "password_guessable"), ("主任甲主任甲主任甲123", "password_guessable"), ("woaini1314520", "password_guessable"),
    ("Gonghui2026!", "password_guessable"), ("ningxiahuzhu888", "password_guessable"),
    ("manchester", "password_breached"), ("Manchester9!", "password_breached"), ("letmein-----", "password_breached"),
    ("good\u200bpassphrase here", "password_sign"),
]


@pytest.mark.parametrize("password", GOOD)
def test_long_and_unguessable_is_enough(password: str) -> None:
    passwords.require_good(password, login="nx.head", name="主任甲")


def test_the_longest_is_128_signs() -> None:
    """A sentence of so many signs is taken; with one more it is not. Nothing of it is cut off before it is hashed."""
    words = ("风过高原草木低 horses cross the shallow ford at dusk; a kettle sings, nine lamps are lit, "
             "somebody tunes an old dulcimer by the window, slow.")
    longest = (words + "qzvx~kwpjy bmh dgu")[:128]
    assert len(longest) == 128
    passwords.require_good(longest, login="nx.head", name="主任甲")
    with pytest.raises(InputError, match="password_long"):
        passwords.require_good(longest + "n", login="nx.head", name="主任甲")
    kept = passwords.hashed(longest)
    assert passwords.fits(longest, kept)[0] and not passwords.fits(longest[:-1], kept)[0]


@pytest.mark.parametrize(("password", "code"), BAD)
def test_what_is_wrong_is_named(password: str, code: str) -> None:
    with pytest.raises(InputError) as refused:
        passwords.require_good(password, login="nx.head", name="主任甲")
    assert (refused.value.code, refused.value.field) == (code, "password")


def test_only_a_salted_hash_is_kept_and_either_width_of_signs_fits() -> None:
    kept = passwords.hashed("lantern-orbit-maple")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$") and "lantern" not in kept
    assert kept != passwords.hashed("lantern-orbit-maple")
    assert passwords.fits("lantern-orbit-maple", kept) == (True, None)
    assert passwords.fits("ｌａｎｔｅｒｎ－ｏｒｂｉｔ－ｍａｐｌｅ", kept) == (True, None)
    assert passwords.fits("lantern-orbit-mapl", kept) == (False, None)


def test_nobodys_hash_costs_the_same_work_and_opens_nothing() -> None:
    assert passwords.NOBODYS.split("$")[:4] == passwords.hashed("lantern-orbit-maple").split("$")[:4]
    assert passwords.fits("anything at all", None) == (False, None)


def test_a_weaker_hash_is_renewed_when_it_fits() -> None:
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("lantern-orbit-maple")
    right, renewed = passwords.fits("lantern-orbit-maple", weak)
    assert right and renewed is not None and renewed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
