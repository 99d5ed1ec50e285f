"""Writes a PFX with Python cryptography: VARIANT PASSWORD OUT, where PASSWORD "-" is none."""

import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

BUNDLES = "../bundles/"


def encryption(variant: str, password: bytes):
    if variant == "none":
        return NoEncryption()
    if variant == "best":
        return BestAvailableEncryption(password)
    cipher, mac, rounds = {
        "3des-sha1": (pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC, hashes.SHA1(), 2000),
        "aes256-sha256": (pkcs12.PBES.PBESv2SHA256AndAES256CBC, hashes.SHA256(), 2000),
        "aes256-sha512-mac": (pkcs12.PBES.PBESv2SHA256AndAES256CBC, hashes.SHA512(), 2000),
    }[variant]
    builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(rounds)
    return builder.key_cert_algorithm(cipher).hmac_hash(mac).build(password)


def certificate(name: str) -> x509.Certificate:
    with open(BUNDLES + name, "rb") as file:
        return x509.load_pem_x509_certificate(file.read())


def main() -> None:
    variant, password, out = sys.argv[1:]
    with open(BUNDLES + "leaf.pkcs1.key", "rb") as file:
        key = load_pem_private_key(file.read(), None)
    pfx = pkcs12.serialize_key_and_certificates(
        b"certgrant",
        key,
        certificate("leaf.pem"),
        [certificate("root.pem"), certificate("intermediate.pem")] if variant == "best" else None,
        encryption(variant, password.encode()),
    )
    with open(out, "wb") as file:
        file.write(pfx)


main()
