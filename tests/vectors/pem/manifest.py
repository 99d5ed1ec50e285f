"""Writes manifest.json from the records of make.sh: what each file holds, and what OpenSSL and Python cryptography make of it.

What a file holds is known from how it was made (`keys` and `certs` of the record), not from reading it: many of these files
no ordinary tool reads. Where a tool does read one, it must find that key and no other certificate; an encrypted key must be
opened by one of them at least. Entries of makers that were not run stay as they were.
"""

import json
import os
import re
import subprocess
import sys
import warnings

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

sys.path.insert(0, "../pfx")
import facts  # noqa: E402

NAMES = {
    "leaf": ("../bundles/leaf.pkcs1.key", "../bundles/leaf.pem"),
    "second": ("../pfx/identity/second.key", "../pfx/identity/second.pem"),
    "intermediate": (None, "../bundles/intermediate.pem"),
    "root": (None, "../bundles/root.pem"),
}
BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.S)


def load(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def blocks(data: bytes, ending: bytes) -> list[bytes]:
    return [m[0] for m in BLOCK.finditer(data) if m[1].endswith(ending)]


def key_of(pem: bytes):
    return load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)


def held(record: dict) -> tuple[list, list[x509.Certificate]]:
    """The keys and certificates that were put into the file."""
    own = load(record["file"])
    if record["keys"] == "file":
        keys = [key_of(b) for b in blocks(own, b"PRIVATE KEY")]
    else:
        keys = [key_of(load(NAMES[n][0])) for n in record["keys"].split()]
    if record["certs"] == "file":
        certificates = [x509.load_pem_x509_certificate(b) for b in blocks(own, b"CERTIFICATE")]
    else:
        certificates = [x509.load_pem_x509_certificate(load(NAMES[n][1])) for n in record["certs"].split()]
    return keys, certificates


def openssl(file: str, password: str | None):
    """The first key and the first certificate, or None for each."""
    providers = ("-provider", "default", "-provider", "legacy")
    secret = ("-passin", f"pass:{password or ''}")

    def pem(*command: str) -> bytes | None:
        try:
            done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
        except subprocess.TimeoutExpired:
            return None
        return done.stdout if done.returncode == 0 and b"-----BEGIN" in done.stdout else None

    key = pem("openssl", "pkey", "-in", file, *secret, *providers)
    certificate = pem("openssl", "x509", "-in", file, *secret, *providers)
    try:
        key = key_of(key) if key else None
    except ValueError:
        key = None
    return key, (x509.load_pem_x509_certificate(certificate) if certificate else None)


def cryptography(file: str, password: str | None):
    data = load(file)
    key = certificate = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for secret in (password.encode() if password else None, None):
            try:
                key = key or load_pem_private_key(data, secret, unsafe_skip_rsa_key_validation=True)
            except Exception:  # noqa: BLE001, PERF203 - a refusal, whatever its type
                continue
        try:
            certificate = x509.load_pem_x509_certificate(data)
        except Exception:  # noqa: BLE001
            certificate = None
    return key, certificate


READERS = {"OpenSSL": openssl, "Python cryptography": cryptography}


def verdict(record: dict, found, held_keys: list, held_certificates: list) -> str:
    key, certificate = found
    names = [n for n, what in (("key", key), ("certificate", certificate)) if what is not None]
    publics = {facts.public_bytes(k.public_key()) for k in held_keys}
    hidden = record["result"].startswith("password") or record["result"] in ("damaged", "OpenSSH key")
    if key is not None and not hidden and facts.public_bytes(key.public_key()) not in publics:
        print(f"WRONG   {record['file']}: another key", file=sys.stderr)
    if certificate is not None and not hidden and held_certificates and certificate not in held_certificates:
        print(f"WRONG   {record['file']}: another certificate", file=sys.stderr)
    if key is not None and record["result"].startswith("password"):
        print(f"WRONG   {record['file']}: opens with {record['password']!r}", file=sys.stderr)
    return " and ".join(names) or "nothing"


def entry(record: dict) -> dict:
    readers = {} if record["result"] == "too much memory" else READERS
    found = {name: reader(record["file"], record["password"]) for name, reader in readers.items()}
    keys, certificates = held(record)
    read_by = {name: verdict(record, what, keys, certificates) for name, what in found.items()}
    if record["password"] and record["result"] == "opened" and not any(v.startswith("key") for v in read_by.values()):
        print(f"WRONG   {record['file']}: no reader opens the key", file=sys.stderr)
    result = record.pop("result")
    if not record["exotic"]:
        del record["exotic"]
    if result.startswith("password"):
        keys, certificates = [], []
    del record["keys"], record["certs"]
    return record | {"opensslReads": read_by.get("OpenSSL"), "expect": facts.facts(result, keys, certificates)}


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    commands = {r["file"]: r["command"] for r in records if r["command"] != "as above"}
    records = [r for r in records if r["file"] in commands]
    for record in records:
        record["command"] = commands[record["file"]]
    made = {(r["file"], r["password"]) for r in records}
    previous = []
    if os.path.exists("manifest.json"):
        with open("manifest.json", encoding="utf-8") as file:
            previous = [e for e in json.load(file) if (e["file"], e["password"]) not in made and os.path.exists(e["file"])]
    entries = [entry(r) for r in records] + previous
    entries.sort(key=lambda e: (e["file"], e["expect"]["result"] != "opened", e["password"] or ""))
    with open("manifest.json", "w", encoding="utf-8") as file:
        file.write(facts.one_line_each(entries))
    print(f"manifest.json: {len(entries)} entries, {len({e['file'] for e in entries})} files")


main()
