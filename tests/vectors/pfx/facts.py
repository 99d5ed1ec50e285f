"""What a certificate file holds, by Python cryptography: the `expect` of a manifest entry."""

import hashlib
import json

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def modulus_sha256(key) -> str | None:
    """SHA-256 over the modulus, big endian, without leading zeros."""
    if not isinstance(key, rsa.RSAPrivateKey):
        return None
    modulus = key.public_key().public_numbers().n
    return hashlib.sha256(modulus.to_bytes((modulus.bit_length() + 7) // 8, "big")).hexdigest()


def public_bytes(key) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def chain_of(key, certificates: list[x509.Certificate]) -> list[x509.Certificate]:
    """The key's certificate, then each issuer as far as the file has them."""
    public = public_bytes(key.public_key())
    chain = [c for c in certificates if public_bytes(c.public_key()) == public][:1]
    while chain and chain[-1].issuer != chain[-1].subject:
        issuer = next((c for c in certificates if c.subject == chain[-1].issuer and issued(chain[-1], c)), None)
        if issuer is None:
            break
        chain.append(issuer)
    return chain


def issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is not the issuer
        return False
    return True


def sha(algorithm: str, certificate: x509.Certificate) -> str:
    return hashlib.new(algorithm, certificate.public_bytes(Encoding.DER)).hexdigest()


def facts(result: str, keys: list, certificates: list[x509.Certificate]) -> dict:
    chain = chain_of(keys[0], certificates) if len(keys) == 1 else []
    return {
        "result": result,
        "leafSha1": sha("sha1", chain[0]) if chain else None,
        "leafSha256": sha("sha256", chain[0]) if chain else None,
        "keyModulusSha256": modulus_sha256(keys[0]) if len(keys) == 1 else None,
        "chainLength": len(chain),
        "keys": len(keys),
        "certificates": len(certificates),
    }


def one_line_each(entries: list[dict]) -> str:
    """A JSON array with one entry per line."""
    lines = (json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in entries)
    return "[\n" + ",\n".join(lines) + "\n]\n"
