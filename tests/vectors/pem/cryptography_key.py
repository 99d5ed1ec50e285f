"""Prints the leaf's key encrypted by Python cryptography: pkcs8|traditional PASSWORD."""

import sys

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

kind, password = sys.argv[1:]
with open("../bundles/leaf.pkcs1.key", "rb") as file:
    key = load_pem_private_key(file.read(), None)
form = PrivateFormat.PKCS8 if kind == "pkcs8" else PrivateFormat.TraditionalOpenSSL
sys.stdout.write(key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(password.encode())).decode())
