"""Crafts the PFX files that no maker here writes, after RFC 7292: VARIANT [IN] OUT, in the folder of the manifest.

Content is encrypted by PBES2 (AES-256-CBC, PBKDF2-HMAC-SHA-256) and the MAC is HMAC-SHA-256 over the key derivation of
RFC 7292 appendix B, both by Python cryptography and hashlib; the structure is put together here, byte by byte, so that it
may be unusual or wrong. The password is "certgrant".
"""

import hashlib
import hmac
import os
import sys
import textwrap

from cryptography import x509
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

PASSWORD = "certgrant"
DATA, SIGNED, ENVELOPED, ENCRYPTED = (f"1.2.840.113549.1.7.{n}" for n in (1, 2, 3, 6))
BAG = "1.2.840.113549.1.12.10.1."
LOCAL_KEY_ID, FRIENDLY_NAME = "1.2.840.113549.1.9.21", "1.2.840.113549.1.9.20"

# Writes constructed values with indefinite lengths and cuts strings into pieces of this many bytes; 0 for DER.
ber_piece = 0


def length(n: int) -> bytes:
    if n < 0x80:
        return bytes([n])
    size = (n.bit_length() + 7) // 8
    return bytes([0x80 | size]) + n.to_bytes(size, "big")


def tlv(tag: int, content: bytes) -> bytes:
    if ber_piece and tag & 0x20:
        return bytes([tag, 0x80]) + content + b"\0\0"
    return bytes([tag]) + length(len(content)) + content


def seq(*parts: bytes) -> bytes:
    return tlv(0x30, b"".join(parts))


def set_of(*parts: bytes) -> bytes:
    return tlv(0x31, b"".join(parts))


def explicit(number: int, content: bytes) -> bytes:
    return tlv(0xA0 | number, content)


def integer(n: int) -> bytes:
    return tlv(0x02, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def octets(content: bytes, tag: int = 0x04) -> bytes:
    if not ber_piece:
        return tlv(tag, content)
    pieces = [content[i : i + ber_piece] for i in range(0, len(content), ber_piece)]
    return tlv(tag | 0x20, b"".join(bytes([0x04]) + length(len(piece)) + piece for piece in pieces))


def oid(text: str) -> bytes:
    first, second, *rest = (int(arc) for arc in text.split("."))
    out = b""
    for arc in (first * 40 + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | arc & 0x7F)
        out += bytes(reversed(groups))
    return tlv(0x06, out)


def pbes2(plain: bytes, password: bytes, iterations: int = 2048, key_length: bool = False) -> tuple[bytes, bytes]:
    """The AlgorithmIdentifier and the ciphertext. Huge iteration counts are written, not worked off."""
    salt, vector = os.urandom(16), os.urandom(16)
    key = PBKDF2HMAC(hashes.SHA256(), 32, salt, min(iterations, 2048)).derive(password)
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    cipher = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    prf = seq(oid("1.2.840.113549.2.9"), tlv(0x05, b""))
    # Salt and vector stay in one piece: they are OCTET STRINGs of parameters, which no writer cuts.
    parameters = seq(
        tlv(0x04, salt), integer(iterations), *([integer(32)] if key_length else []), prf
    )
    algorithm = seq(
        oid("1.2.840.113549.1.5.13"),
        seq(
            seq(oid("1.2.840.113549.1.5.12"), parameters),
            seq(oid("2.16.840.1.101.3.4.1.42"), tlv(0x04, vector)),
        ),
    )
    return algorithm, cipher


def derive(password: bytes, salt: bytes, purpose: int, iterations: int, size: int) -> bytes:
    """RFC 7292 appendix B with SHA-256; one block is enough for a MAC key."""
    block = 64
    fill = lambda s: (s * (block // len(s) + 1))[: -(-len(s) // block) * block] if s else b""  # noqa: E731
    digest = bytes([purpose]) * block + fill(salt) + fill(password)
    for _ in range(iterations):
        digest = hashlib.sha256(digest).digest()
    return digest[:size]


def pfx(safe: bytes, mac_iterations: int = 2048, password: str = PASSWORD, version: int = 3) -> bytes:
    """The outer structure with its MAC over the authenticated safe."""
    salt = os.urandom(16)
    key = derive((password + "\0").encode("utf-16-be"), salt, 3, min(mac_iterations, 2048), 32)
    digest = hmac.digest(key, safe, "sha256")
    algorithm = seq(oid("2.16.840.1.101.3.4.2.1"), tlv(0x05, b""))
    mac = seq(seq(algorithm, tlv(0x04, digest)), tlv(0x04, salt), integer(mac_iterations))
    return seq(integer(version), content_info(DATA, octets(safe)), mac)


def content_info(kind: str, content: bytes) -> bytes:
    return seq(oid(kind), explicit(0, content))


def attribute(kind: str, value: bytes) -> bytes:
    return seq(oid(kind), set_of(value))


def bag(number: int, value: bytes, *attributes: bytes) -> bytes:
    return seq(oid(BAG + str(number)), explicit(0, value), *([set_of(*attributes)] if attributes else []))


def key_bag(der: bytes, identifier: bytes | None = None, **options) -> bytes:
    algorithm, cipher = pbes2(der, PASSWORD.encode(), **options)
    attributes = [attribute(LOCAL_KEY_ID, octets(identifier))] if identifier else []
    return bag(2, seq(algorithm, octets(cipher)), *attributes)


def certificate_bag(der: bytes, identifier: bytes | None = None) -> bytes:
    attributes = [attribute(LOCAL_KEY_ID, octets(identifier))] if identifier else []
    return bag(3, seq(oid("1.2.840.113549.1.9.22.1"), explicit(0, octets(der))), *attributes)


def plain(*bags: bytes) -> bytes:
    return content_info(DATA, octets(seq(*bags)))


def encrypted(*bags: bytes, password: bytes = PASSWORD.encode(), **options) -> bytes:
    algorithm, cipher = pbes2(seq(*bags), password, **options)
    return content_info(ENCRYPTED, seq(integer(0), seq(oid(DATA), algorithm, octets(cipher, 0x80))))


def key(path: str) -> bytes:
    with open(path, "rb") as file:
        loaded = load_pem_private_key(file.read(), None)
    return loaded.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def certificate(path: str) -> bytes:
    with open(path, "rb") as file:
        return x509.load_pem_x509_certificate(file.read()).public_bytes(Encoding.DER)


LEAF_KEY, SECOND_KEY = (key(p) for p in ("../bundles/leaf.pkcs1.key", "identity/second.key"))
LEAF, INTERMEDIATE, ROOT = (certificate(f"../bundles/{n}.pem") for n in ("leaf", "intermediate", "root"))
SECOND = certificate("identity/second.pem")


def two_keys() -> bytes:
    safe = seq(
        encrypted(certificate_bag(SECOND, b"2"), certificate_bag(LEAF, b"1"), certificate_bag(INTERMEDIATE)),
        plain(key_bag(LEAF_KEY, b"1"), key_bag(SECOND_KEY, b"2")),
    )
    return pfx(safe)


def two_keys_one_certificate() -> bytes:
    return pfx(seq(plain(key_bag(SECOND_KEY), key_bag(LEAF_KEY)), encrypted(certificate_bag(LEAF))))


def leaf_last() -> bytes:
    certificates = [certificate_bag(der) for der in (ROOT, SECOND, INTERMEDIATE, LEAF)]
    return pfx(seq(encrypted(*certificates), plain(key_bag(LEAF_KEY))))


def misleading_id() -> bytes:
    certificates = [certificate_bag(INTERMEDIATE, b"1"), certificate_bag(LEAF, b"2")]
    return pfx(seq(encrypted(*certificates), plain(key_bag(LEAF_KEY, b"1"))))


def all_in_one_safe() -> bytes:
    return pfx(seq(encrypted(certificate_bag(LEAF), key_bag(LEAF_KEY), certificate_bag(INTERMEDIATE))))


def one_safe_per_bag() -> bytes:
    bags = [certificate_bag(INTERMEDIATE), certificate_bag(LEAF)]
    return pfx(seq(*(encrypted(b) for b in bags), plain(key_bag(LEAF_KEY)), plain(certificate_bag(ROOT))))


def nested() -> bytes:
    inner = bag(6, seq(bag(6, seq(key_bag(LEAF_KEY))), certificate_bag(LEAF)))
    return pfx(seq(encrypted(inner, certificate_bag(INTERMEDIATE))))


def strange_bags() -> bytes:
    crl = bag(4, seq(oid("1.2.840.113549.1.9.23.1"), explicit(0, octets(seq()))))
    secret = bag(5, seq(oid("1.2.840.113549.1.9.25.1"), explicit(0, octets(b"secret"))))
    unknown = bag(99, seq(integer(7)), attribute("1.3.6.1.4.1.99999.1", integer(1)))
    sdsi = bag(3, seq(oid("1.2.840.113549.1.9.22.2"), explicit(0, tlv(0x16, b"KHNkc2kp"))))
    return pfx(seq(encrypted(crl, sdsi, certificate_bag(LEAF), secret), plain(unknown, key_bag(LEAF_KEY))))


def twice() -> bytes:
    certificates = [certificate_bag(der) for der in (LEAF, LEAF)]
    return pfx(seq(encrypted(*certificates), plain(key_bag(LEAF_KEY))))


def ber() -> bytes:
    global ber_piece
    ber_piece = 200
    try:
        certificates = [certificate_bag(LEAF, b"1"), certificate_bag(INTERMEDIATE)]
        return pfx(seq(encrypted(*certificates), plain(key_bag(LEAF_KEY, b"1"))))
    finally:
        ber_piece = 0


def domain_protected() -> bytes:
    """As Windows protects to a SID: a random password opens the rest, and envelopedData holds it for a domain's key."""
    group_key = seq(oid("1.3.6.1.4.1.311.74.1"), seq(
        oid("1.3.6.1.4.1.311.74.1.1"),
        seq(seq(seq(tlv(0x0C, b"SID"), tlv(0x0C, b"S-1-5-21-1004336348-1177238915-682003330-512")))),
    ))
    kek = seq(octets(b"\1\0\0\0KDSK" + os.urandom(40)), group_key)
    wrap = seq(oid("2.16.840.1.101.3.4.1.45"))
    recipient = tlv(0xA2, integer(4) + kek + wrap + tlv(0x04, os.urandom(40)))
    gcm = seq(oid("2.16.840.1.101.3.4.1.46"), seq(tlv(0x04, os.urandom(12)), integer(16)))
    envelope = seq(integer(2), set_of(recipient), seq(oid(DATA), gcm, octets(os.urandom(96), 0x80)))
    nobody = os.urandom(24).hex()
    algorithm, cipher = pbes2(LEAF_KEY, nobody.encode())
    shrouded = bag(2, seq(algorithm, octets(cipher)))
    certificates = encrypted(certificate_bag(LEAF), password=nobody.encode())
    return pfx(seq(plain(shrouded), certificates, content_info(ENVELOPED, envelope)), password=nobody)


def ordinary(**options) -> bytes:
    return seq(encrypted(certificate_bag(LEAF)), plain(key_bag(LEAF_KEY, **options)))


def flipped(path: str) -> bytes:
    """The file with one bit changed, in the middle of an encrypted part."""
    with open(path, "rb") as file:
        content = bytearray(file.read())
    content[len(content) // 2] ^= 1
    return bytes(content)


def content(data: bytes, at: int) -> tuple[int, int]:
    """Where the content of the DER value at `at` starts and ends."""
    size = data[at + 1]
    if size < 0x80:
        return at + 2, at + 2 + size
    start = at + 2 + (size & 0x7F)
    return start, start + int.from_bytes(data[at + 2 : start], "big")


def children(data: bytes, at: int) -> list[int]:
    start, end = content(data, at)
    found = []
    while start < end:
        found.append(start)
        start = content(data, start)[1]
    return found


def authenticated_safe(path: str) -> bytes:
    """The content octets of a DER file's authSafe: an AuthenticatedSafe."""
    with open(path, "rb") as file:
        data = file.read()
    info = children(data, children(data, 0)[1])[1]
    start, end = content(data, content(data, info)[0])
    return data[start:end]


def safe_contents(path: str) -> bytes:
    """The bags of all plain contents of a DER file, in one SafeContents."""
    safe = authenticated_safe(path)
    bags = b""
    for info in children(safe, 0):
        start, _ = content(safe, content(safe, children(safe, info)[1])[0])
        first, end = content(safe, start)
        bags += safe[first:end]
    return seq(bags)


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


VARIANTS = {
    "two-keys": two_keys,
    "two-keys-one-certificate": two_keys_one_certificate,
    "leaf-last": leaf_last,
    "misleading-id": misleading_id,
    "all-in-one-safe": all_in_one_safe,
    "one-safe-per-bag": one_safe_per_bag,
    "nested": nested,
    "strange-bags": strange_bags,
    "twice": twice,
    "ber": ber,
    "domain-protected": domain_protected,
    "key-length": lambda: pfx(ordinary(key_length=True)),
    "mismatch": lambda: pfx(seq(encrypted(certificate_bag(SECOND)), plain(key_bag(LEAF_KEY)))),
    "mac-iterations": lambda: pfx(ordinary(), mac_iterations=2**31 - 1),
    "key-iterations": lambda: pfx(ordinary(iterations=2**31 - 1)),
    "zero-iterations": lambda: pfx(ordinary(), mac_iterations=0),
    "version": lambda: pfx(ordinary(), version=4),
    "nothing": lambda: pfx(seq()),
    "depth": lambda: b"\x30\x80" * 1000,
    "length-lie": lambda: b"\x30\x84\xff\xff\xff\xff\x02\x01\x03",
    "truncated": lambda path: read(path)[:1500],
    "trailing": lambda path: read(path) + b"\r\n",
    "flipped": flipped,
    "authenticated-safe": authenticated_safe,
    "safe-contents": safe_contents,
    "wrap-signed": lambda path: seq(integer(3), read(path)),
    "wrap-enveloped": lambda path: pfx(seq(read(path))),
}


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(textwrap.dedent(__doc__ or "") + " ".join(VARIANTS))
    variant, *inputs, out = sys.argv[1:]
    with open(out, "wb") as file:
        file.write(VARIANTS[variant](*inputs))


main()
