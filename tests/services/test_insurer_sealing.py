"""Both suites against the standards' own examples; a sealed file opens for its receiver alone and shows every change."""

from __future__ import annotations

import dataclasses
import json
from functools import cache

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.errors import ConfigError
from services.insurer.sealing import Party, digest_of, seal, unseal
from services.insurer.suites import SUITES, Broken, suite_of

CONTENT = "样例案卷".encode() * 1000


@cache
def party(suite: str, name: str) -> Party:
    private, public = SUITES[suite].make_pair()
    return Party(name, public, private)


def sealed(suite: str) -> bytes:
    return seal(CONTENT, suite=SUITES[suite], sender=party(suite, "office"), receiver=party(suite, "insurer"))


def opened(container: bytes, suite: str, **other: Party) -> bytes:
    sides = {"sender": party(suite, "office"), "receiver": party(suite, "insurer"), **other}
    return unseal(container, suite=suite, **sides)


def test_sm3_of_gm_t_0004_example_1() -> None:
    assert SUITES["gm"].digest(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_sm4_gcm_of_rfc_8998_appendix_a_1() -> None:
    key, nonce = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), bytes.fromhex("00001234567800000000ABCD")
    bound = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    plain = bytes.fromhex("AA" * 8 + "BB" * 8 + "CC" * 8 + "DD" * 8 + "EE" * 8 + "FF" * 8 + "EE" * 8 + "AA" * 8)
    cipher = bytes.fromhex("17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735D82710CA5C22F0CCFA7CBF93D496AC15"
                           "A56834CBCF98C397B4024A2691233B8D" "83DE3541E4C2B58177E065A9BF7B62EC")
    assert SUITES["gm"].seal(key, nonce, plain, bound) == cipher
    assert SUITES["gm"].open(key, nonce, cipher, bound) == plain


def test_sm2_signature_of_gm_t_0003_5_annex_a() -> None:
    public = json.dumps({"public": "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
                                   "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"}).encode()
    signature = encode_dss_signature(0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3,
                                     0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA)
    SUITES["gm"].verify(public, b"message digest", signature)
    with pytest.raises(Broken):
        SUITES["gm"].verify(public, b"message digesT", signature)


@pytest.mark.parametrize("suite", SUITES)
def test_the_receiver_reads_what_the_sender_sealed(suite: str) -> None:
    first, again = sealed(suite), sealed(suite)
    assert opened(first, suite) == opened(again, suite) == CONTENT
    assert first != again
    assert digest_of(first) == digest_of(again) == SUITES[suite].digest(CONTENT)
    assert CONTENT[:40] not in first


@pytest.mark.parametrize("suite", SUITES)
def test_nobody_else_reads_it_and_nobody_else_wrote_it(suite: str) -> None:
    container = sealed(suite)
    private, public = SUITES[suite].make_pair()
    with pytest.raises(Broken, match="数字信封"):
        opened(container, suite, receiver=dataclasses.replace(party(suite, "insurer"), private=private))
    with pytest.raises(Broken, match="签名"):
        opened(container, suite, sender=Party("office", public))
    with pytest.raises(Broken, match="receiver"):
        opened(container, suite, receiver=party(suite, "another"))
    with pytest.raises(Broken, match="suite"):
        opened(container, "intl" if suite == "gm" else "gm", sender=party(suite, "office"))


one_sealed = cache(sealed)


@pytest.mark.parametrize("suite", SUITES)
@settings(max_examples=40, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_changed_bit_anywhere_is_seen(suite: str, place: float, bit: int) -> None:
    container = bytearray(one_sealed(suite))
    container[int(place * len(container))] ^= 1 << bit
    with pytest.raises(Broken):
        opened(bytes(container), suite)


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("cut", [0, 1, 100, -17, -1])
def test_a_cut_file_is_seen(suite: str, cut: int) -> None:
    with pytest.raises(Broken):
        opened(sealed(suite)[:cut], suite)


@pytest.mark.parametrize("suite", SUITES)
def test_the_head_and_the_body_of_two_containers_do_not_mix(suite: str) -> None:
    head, _, body = sealed(suite).partition(b"\n")
    other_head, _, other_body = sealed(suite).partition(b"\n")
    for mixed in (head + b"\n" + other_body, other_head + b"\n" + body):
        with pytest.raises(Broken, match="密文"):
            opened(mixed, suite)


def test_unknown_suites_and_unreadable_keys_are_refused() -> None:
    with pytest.raises(ConfigError, match="insurer_suite"):
        suite_of("des")
    for suite in SUITES.values():
        with pytest.raises(ConfigError, match="insurer_key"):
            suite.sign(b"no key", CONTENT)


@pytest.mark.parametrize("head", [b"[" * 8000, b'{"huzhu":NaN}', b'{"key":"\\ud800"}', b"\xff\xfe{}", b"{}"])
def test_a_head_of_nonsense_is_no_container(head: bytes) -> None:
    if head.startswith(b'{"'):          # with every name a head has, so that only the odd value is wrong
        odd = json.loads(head)
        names = ("huzhu", "suite", "sender", "receiver", "digest", "size", "key", "nonce", "signature")
        head = json.dumps({name: odd.get(name, 1) for name in names}).encode()
    party = Party("office", b"", b"")
    with pytest.raises(Broken):
        unseal(head + b"\nsealed", suite="gm", sender=party, receiver=party)
    with pytest.raises(Broken):
        digest_of(head + b"\nsealed")


def test_a_short_key_is_refused() -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    pem = short.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ConfigError, match="insurer_key"):
        SUITES["intl"].wrap(pem, b"k" * 32)
