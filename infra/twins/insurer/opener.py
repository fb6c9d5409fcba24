"""Sealed containers, opened and made by the insurer's own code: nothing of the office's is imported here.

GmSSL does SM2, `cryptography` everything else, also SM3 and SM4, which the office does with GmSSL: two hands, one standard.
"""

from __future__ import annotations

import base64
import json
import os
from functools import cached_property, lru_cache
from pathlib import Path

import gmssl_pyx
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from infra.twins.insurer.wire import Fault, canonical, write_once

HEAD = ("digest", "huzhu", "key", "nonce", "receiver", "sender", "signature", "size", "suite")
SUITES = ("gm", "intl")
PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
MOST_HEAD = 8192


def refuse(code: str, message: str) -> Fault:
    """A container that is not taken, by the name of what is wrong."""
    return Fault(400, code, message)


def digest(suite: str, content: bytes) -> str:
    """SM3 or SHA-256, hex."""
    state = hashes.Hash(hashes.SM3() if suite == "gm" else hashes.SHA256())
    state.update(content)
    return state.finalize().hex()


class Opener:
    """The insurer's pair of one suite and the office's public key; a stranger's pair for the fault `wrong_signature`."""

    def __init__(self, folder: Path, suite: str) -> None:
        if suite not in SUITES:
            raise SystemExit(f"no suite {suite}, only {', '.join(SUITES)}")
        self.suite = suite
        private = folder / f"insurer.{suite}.key"
        if not private.exists():
            made = _pair(suite)
            write_once(folder / f"insurer.{suite}.pub", made[1], 0o644)
            write_once(private, made[0], 0o600)
        self._own = private.read_bytes()
        self._office = (folder / f"office.{suite}.pub").read_bytes()

    def open(self, container: bytes) -> bytes:
        """The content, when the office sealed it for us with our suite; Fault by name otherwise."""
        text, cut, sealed = container.partition(b"\n")
        head = _head(text) if cut and len(text) <= MOST_HEAD else None
        if head is None:
            raise refuse("not_a_container", "不是规范的案卷包")
        if head["huzhu"] != 1 or head["suite"] != self.suite:
            raise refuse("wrong_suite", f"只接受算法套件 {self.suite}")
        if head["sender"] != "office" or head["receiver"] != "insurer":
            raise refuse("other_recipient", "案卷包不是办事处发给本公司的")
        unsigned = {key: value for key, value in head.items() if key != "signature"}
        if not self._holds(canonical(unsigned), _raw(head["signature"])):
            raise refuse("bad_seal", "案卷包的签名不符")
        key = self._unwrap(_raw(head["key"]))
        content = _decrypt(self.suite, key, _raw(head["nonce"]), sealed, text)
        if len(content) != head["size"] or digest(self.suite, content) != head["digest"]:
            raise refuse("wrong_content_digest", "内容与包头所述摘要不符")
        return content

    def close(self, content: bytes, *, stranger: bool = False) -> bytes:
        """A container for the office."""
        key, nonce = os.urandom(16 if self.suite == "gm" else 32), os.urandom(12)
        head: dict[str, object] = {
            "huzhu": 1, "suite": self.suite, "sender": "insurer", "receiver": "office", "size": len(content),
            "digest": digest(self.suite, content), "nonce": base64.b64encode(nonce).decode(),
            "key": base64.b64encode(self._wrap(key)).decode()}
        signature = self._sign(self._stranger if stranger else self._own, canonical(head))
        text = canonical({**head, "signature": base64.b64encode(signature).decode()})
        engine = Cipher(_cipher(self.suite, key), modes.GCM(nonce)).encryptor()
        engine.authenticate_additional_data(text)
        sealed = engine.update(content) + engine.finalize()
        return text + b"\n" + sealed + engine.tag

    @cached_property
    def _stranger(self) -> bytes:
        return _pair(self.suite)[0]

    def _holds(self, text: bytes, signature: bytes) -> bool:
        try:
            if self.suite == "gm":
                return bool(gmssl_pyx.sm2_verify(_hex(self._office, "public"), text, signature))
            _rsa_public(self._office).verify(signature, text, PSS, hashes.SHA256())
        except (InvalidSignature, gmssl_pyx.GmsslInnerError, gmssl_pyx.InvalidValueError):
            return False
        return True

    def _unwrap(self, wrapped: bytes) -> bytes:
        try:
            if self.suite == "gm":
                return bytes(gmssl_pyx.sm2_decrypt(_hex(self._own, "private"), wrapped))
            return _rsa_private(self._own).decrypt(wrapped, OAEP)
        except (ValueError, gmssl_pyx.GmsslInnerError, gmssl_pyx.InvalidValueError):
            raise refuse("wrong_key", "数字信封不是用本公司的公钥封的") from None

    def _wrap(self, key: bytes) -> bytes:
        if self.suite == "gm":
            return bytes(gmssl_pyx.sm2_encrypt(_hex(self._office, "public"), key))
        return _rsa_public(self._office).encrypt(key, OAEP)

    def _sign(self, private: bytes, text: bytes) -> bytes:
        if self.suite == "gm":
            return bytes(gmssl_pyx.sm2_sign(_hex(private, "private"), _hex(private, "public"), text))
        return _rsa_private(private).sign(text, PSS, hashes.SHA256())


def _head(text: bytes) -> dict[str, object] | None:
    try:
        head = json.loads(text)
        return head if isinstance(head, dict) and tuple(sorted(head)) == HEAD and canonical(head) == text else None
    except (ValueError, RecursionError):
        return None


def _raw(value: object) -> bytes:
    try:
        return base64.b64decode(str(value), validate=True)
    except ValueError:
        raise refuse("not_a_container", "包头不是 base64") from None


def _decrypt(suite: str, key: bytes, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
    try:
        engine = Cipher(_cipher(suite, key), modes.GCM(nonce, sealed[-16:])).decryptor()
        engine.authenticate_additional_data(bound)
        return engine.update(sealed[:-16]) + engine.finalize()
    except (InvalidTag, ValueError):
        raise refuse("tampered", "密文被改动或不完整") from None


def _cipher(suite: str, key: bytes) -> algorithms.SM4 | algorithms.AES:
    return algorithms.SM4(key) if suite == "gm" else algorithms.AES(key)


def _pair(suite: str) -> tuple[bytes, bytes]:
    if suite == "gm":
        public, private = gmssl_pyx.sm2_key_generate()
        said = {"curve": "sm2p256v1", "public": public.hex()}
        return json.dumps({**said, "private": private.hex()}).encode(), json.dumps(said).encode()
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    return (key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
            key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))


def _hex(file: bytes, half: str) -> bytes:
    return bytes.fromhex(json.loads(file)[half])


@lru_cache(maxsize=4)                                             # reading one proves its primes
def _rsa_private(pem: bytes) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def _rsa_public(pem: bytes) -> rsa.RSAPublicKey:
    key = serialization.load_pem_public_key(pem)
    assert isinstance(key, rsa.RSAPublicKey)
    return key
