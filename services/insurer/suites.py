"""Two families of algorithms for what goes to the insurer: China's commercial cryptography, or the international ones.

`gm`: SM3 digests (GM/T 0004), SM2 signatures with the default signer id and SM2 envelopes (GM/T 0003, 0009), SM4-GCM (GM/T 0002,
RFC 8998). `intl`: SHA-256, RSA-PSS and RSA-OAEP of 3072 bits, AES-256-GCM. Which one is the office's setting and the insurer's
agreement; nothing is negotiated on the line, so nothing can be talked down.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

import gmssl_pyx
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.core.errors import ConfigError

NONCE = 12          # bytes, drawn for each sealing
_RSA_BITS = 3072


class Broken(Exception):
    """A signature, an envelope or a ciphertext does not hold. The words say which."""


class Suite(Protocol):
    """One family. Keys are bytes as `make_pair` gave them; all failures are `Broken`."""

    name: str

    def digest(self, content: bytes) -> str:
        """Hex digest."""

    def make_pair(self) -> tuple[bytes, bytes]:
        """A private and a public key, as they lie in files."""

    def sign(self, private: bytes, content: bytes) -> bytes:
        """A signature."""

    def verify(self, public: bytes, content: bytes, signature: bytes) -> None:
        """Holds or raises."""

    def draw_key(self) -> bytes:
        """A fresh data key."""

    def wrap(self, public: bytes, key: bytes) -> bytes:
        """A data key for one receiver's eyes."""

    def unwrap(self, private: bytes, wrapped: bytes) -> bytes:
        """The data key again."""

    def seal(self, key: bytes, nonce: bytes, content: bytes, bound: bytes) -> bytes:
        """Ciphertext with its tag at the end; `bound` is authenticated with it."""

    def open(self, key: bytes, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
        """The content again."""


class Gm:
    """SM2, SM3, SM4 through GmSSL. A private key file is JSON with both halves in hex, a public one with its own."""

    name = "gm"
    _TAG = 16

    def digest(self, content: bytes) -> str:
        """SM3, hex."""
        return str(gmssl_pyx.sm3_hash(content).hex())

    def make_pair(self) -> tuple[bytes, bytes]:
        """64 bytes of point, 32 of number, as JSON."""
        public, private = gmssl_pyx.sm2_key_generate()
        said = {"curve": "sm2p256v1", "public": public.hex()}
        return _json({**said, "private": private.hex()}), _json(said)

    def sign(self, private: bytes, content: bytes) -> bytes:
        """SM2 over SM3 with the signer's id 1234567812345678, DER."""
        key = self._key(private, "private", "public")
        signature: bytes = gmssl_pyx.sm2_sign(key["private"], key["public"], content)
        return signature

    def verify(self, public: bytes, content: bytes, signature: bytes) -> None:
        """Holds or raises."""
        try:
            holds = gmssl_pyx.sm2_verify(self._key(public, "public")["public"], content, signature)
        except (gmssl_pyx.GmsslInnerError, gmssl_pyx.InvalidValueError) as error:
            raise Broken("签名不符") from error
        if not holds:
            raise Broken("签名不符")

    def draw_key(self) -> bytes:
        """16 bytes."""
        return os.urandom(gmssl_pyx.SM4_KEY_SIZE)

    def wrap(self, public: bytes, key: bytes) -> bytes:
        """SM2 envelope, DER."""
        wrapped: bytes = gmssl_pyx.sm2_encrypt(self._key(public, "public")["public"], key)
        return wrapped

    def unwrap(self, private: bytes, wrapped: bytes) -> bytes:
        """The data key again."""
        try:
            key: bytes = gmssl_pyx.sm2_decrypt(self._key(private, "private")["private"], wrapped)
        except (gmssl_pyx.GmsslInnerError, gmssl_pyx.InvalidValueError) as error:
            raise Broken("数字信封打不开：不是发给本方的，或已损坏") from error
        return key

    def seal(self, key: bytes, nonce: bytes, content: bytes, bound: bytes) -> bytes:
        """SM4-GCM."""
        sealed, tag = gmssl_pyx.sm4_gcm_encrypt(key, nonce, bound, content)
        return bytes(sealed + tag)

    def open(self, key: bytes, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
        """The content again."""
        try:
            content: bytes = gmssl_pyx.sm4_gcm_decrypt(key, nonce, bound, sealed[:-self._TAG], sealed[-self._TAG:])
        except (gmssl_pyx.GmsslInnerError, gmssl_pyx.InvalidValueError) as error:
            raise Broken("密文被改动或不完整") from error
        return content

    def _key(self, content: bytes, *halves: str) -> dict[str, bytes]:
        try:
            said = json.loads(content)
            return {half: bytes.fromhex(said[half]) for half in halves}
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError("insurer_key", "SM2 密钥文件无法读取", remedy="重新生成，或向保险公司索取") from error


class Intl:
    """SHA-256, RSA-3072 (PSS, OAEP), AES-256-GCM. Keys are PEM."""

    name = "intl"
    _PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
    _OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)

    def digest(self, content: bytes) -> str:
        """SHA-256, hex."""
        return hashlib.sha256(content).hexdigest()

    def make_pair(self) -> tuple[bytes, bytes]:
        """PKCS#8 and SubjectPublicKeyInfo, PEM."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
        return (key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
                key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))

    def sign(self, private: bytes, content: bytes) -> bytes:
        """RSA-PSS over SHA-256."""
        return _rsa_private(private).sign(content, self._PSS, hashes.SHA256())

    def verify(self, public: bytes, content: bytes, signature: bytes) -> None:
        """Holds or raises."""
        try:
            _rsa_public(public).verify(signature, content, self._PSS, hashes.SHA256())
        except InvalidSignature as error:
            raise Broken("签名不符") from error

    def draw_key(self) -> bytes:
        """32 bytes."""
        return os.urandom(32)

    def wrap(self, public: bytes, key: bytes) -> bytes:
        """RSA-OAEP."""
        return _rsa_public(public).encrypt(key, self._OAEP)

    def unwrap(self, private: bytes, wrapped: bytes) -> bytes:
        """The data key again."""
        try:
            return _rsa_private(private).decrypt(wrapped, self._OAEP)
        except ValueError as error:
            raise Broken("数字信封打不开：不是发给本方的，或已损坏") from error

    def seal(self, key: bytes, nonce: bytes, content: bytes, bound: bytes) -> bytes:
        """AES-256-GCM."""
        return AESGCM(key).encrypt(nonce, content, bound)

    def open(self, key: bytes, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
        """The content again."""
        try:
            return AESGCM(key).decrypt(nonce, sealed, bound)
        except (InvalidTag, ValueError) as error:
            raise Broken("密文被改动或不完整") from error


SUITES: Mapping[str, Suite] = {suite.name: suite for suite in (Gm(), Intl())}


def suite_of(name: str) -> Suite:
    """A suite by its name. ConfigError for any other."""
    if name not in SUITES:
        raise ConfigError("insurer_suite", f"没有名为“{name}”的算法套件", remedy=f"可用：{'、'.join(SUITES)}")
    return SUITES[name]


def _json(said: Mapping[str, str]) -> bytes:
    return (json.dumps(said, indent=1) + "\n").encode()


@lru_cache(maxsize=8)       # reading a private key proves its primes, which takes longer than a signature
def _rsa_private(pem: bytes) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise ConfigError("insurer_key", "RSA 私钥文件无法读取", remedy="重新生成") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ConfigError("insurer_key", "私钥不是 RSA", remedy="重新生成")
    return key


def _rsa_public(pem: bytes) -> rsa.RSAPublicKey:
    try:
        key = serialization.load_pem_public_key(pem)
    except ValueError as error:
        raise ConfigError("insurer_key", "RSA 公钥文件无法读取", remedy="向保险公司索取") from error
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _RSA_BITS:
        raise ConfigError("insurer_key", f"公钥不是 {_RSA_BITS} 位以上的 RSA", remedy="向保险公司索取")
    return key
