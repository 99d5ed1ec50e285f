"""Writes manifest.json from the records of make.sh: what each PFX holds.

Every file is opened with its password by every reader that is installed. What OpenSSL gets out of it (keys, certificates)
is the expectation, computed by Python cryptography; the others must get the same key or the same leaf, and at least one of
them must not be the maker. A reader that refuses or finds something else is named in the description. Entries of makers that
were not run stay as they were.
"""

import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

import facts

PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.S)
WORK = os.environ.get("WORK") or tempfile.mkdtemp()


def run(*command: str, stdin: str | None = None, timeout: int = 60) -> str | None:
    """Standard output, or None if the tool failed."""
    try:
        given = stdin.encode() if stdin else b""
        done = subprocess.run(command, capture_output=True, input=given, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def decrypted(pem: str, password: str) -> str | None:
    """A PEM key without its encryption."""
    providers = ("-provider", "default", "-provider", "legacy")
    return run("openssl", "pkey", *providers, "-passin", f"pass:{password}", stdin=pem)


def pem_parts(text: str | None, password: str | None = None):
    """Keys and certificates in PEM text, keys decrypted if a password is given; None if there is no text."""
    if text is None:
        return None
    keys, certificates = [], []
    for match in PEM.finditer(text):
        if match[1].endswith("PRIVATE KEY"):
            plain = match[0] if password is None else decrypted(match[0], password)
            if plain is not None:
                keys.append(load_pem_private_key(plain.encode(), None, unsafe_skip_rsa_key_validation=True))
        elif match[1].endswith("CERTIFICATE"):
            certificates.append(x509.load_pem_x509_certificate(match[0].encode()))
    return keys, certificates


def openssl(file: str, password: str | None, tool: str = "openssl"):
    return pem_parts(run(tool, "pkcs12", "-in", file, "-legacy", "-nodes", "-passin", f"pass:{password or ''}"))


def openssl34(file: str, password: str | None):
    return openssl(file, password, os.environ.get("OPENSSL34", "openssl"))


def cryptography(file: str, password: str | None):
    with open(file, "rb") as opened, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = opened.read()
        try:
            read = pkcs12.load_pkcs12(data, password.encode() if password is not None else None)
        except Exception:  # noqa: BLE001 - a refusal, whatever its type
            return None
    certificates = [c.certificate for c in (read.cert, *read.additional_certs) if c]
    return ([read.key] if read.key else []), certificates


def certtool(file: str, password: str | None):
    base = ("certtool", "--inder", "--p12-info", "--infile", file)
    if password:
        return pem_parts(run(*base, "--password", password), password)
    return pem_parts(run(*base, "--empty-password"), "") or pem_parts(run(*base, "--null-password"), "")


def nss(file: str, password: str | None):
    directory = f"{WORK}/nss-reader"
    if not os.path.isdir(directory):
        os.mkdir(directory)
        run("certutil", "-N", "-d", f"sql:{directory}", "--empty-password")
    text = run("pk12util", "-l", file, "-d", f"sql:{directory}", "-W", password or "")
    if text is None:
        return None
    # It prints no PEM: a count of keys and the leaf's subject are what there is to compare.
    return "key" if re.search(r"^Key\(shrouded\)|^Key:", text, re.M) else "no key"


def batch(command: tuple[str, ...], records: list[dict]) -> dict | None:
    """What a reader that takes many files at once found: moduli and certificates by file and password."""
    lines = {(r["file"], r["password"] or "") for r in records if r["result"] != "too many iterations"}
    out = run(*command, stdin="".join(f"{file}\t{password}\n" for file, password in sorted(lines)), timeout=900)
    if out is None:
        print(f"FAILED  {command}: its readings are missing", file=sys.stderr)
        return None
    found = {}
    for line in out.splitlines():
        file, password, *parts = line.split("\t")
        split = [(kind, base64.b64decode(value)) for kind, _, value in (p.partition(" ") for p in parts)]
        moduli = [int.from_bytes(value, "big") for kind, value in split if kind == "key"]
        certificates = [x509.load_der_x509_certificate(value) for kind, value in split if kind == "certificate"]
        found[file, password] = None if parts == ["refused"] else (moduli, certificates)
    return found


BATCHES = {
    "Java key store": ("java", "makers/ReadKeyStore.java"),
    "node-forge": ("node", "makers/read_forge.mjs"),
}
READERS = {
    "OpenSSL": openssl, "OpenSSL 3.4+": openssl34, "Python cryptography": cryptography, "GnuTLS certtool": certtool,
    "NSS pk12util": nss,
}


def modulus(key) -> int | None:
    return getattr(key.public_key().public_numbers(), "n", None)


def verdict(found, truth) -> str:
    """What a reader made of a file: opened, refused, not tried, or how it disagrees."""
    if found is None or isinstance(found, str):
        return {None: "refused", "key": "opened" if truth[0] else "finds a key", "no key": "opened"}.get(found, found)
    ours = {modulus(k) for k in truth[0]}
    theirs = {k if isinstance(k, int) else modulus(k) for k in found[0]}
    if not theirs <= ours:
        return "another key"
    if not {facts.sha("sha256", c) for c in found[1]} <= {facts.sha("sha256", c) for c in truth[1]}:
        return "another certificate"
    if ours and not theirs:
        return "certificates without the key" if found[1] else "finds nothing"
    return "opened" if len(theirs) == len(ours) else "one key of several"


def entry(record: dict, batches: dict) -> dict:
    # A file that asks for years of work is given to no reader.
    tried = record["result"] != "too many iterations"
    found = {name: reader(record["file"], record["password"]) for name, reader in READERS.items()} if tried else {}
    for name, results in batches.items():
        if tried and results is not None:
            found[name] = results.get((record["file"], record["password"] or ""))
    truth = next((found[n] for n in ("OpenSSL", "OpenSSL 3.4+", "Python cryptography") if found.get(n)), None)
    read_by = {name: verdict(what, truth or ([], [])) for name, what in found.items()}
    result = record.pop("result")
    opens = truth is not None and result not in ("password wrong", "password missing", "damaged")
    if result == "opened" and not (truth and len(truth[0]) == 1):
        print(f"WRONG   {record['file']}: no reader finds the one key", file=sys.stderr)
    if result.startswith("password"):
        for name, what in read_by.items():
            if what not in ("refused", "finds nothing", "not tried"):
                print(f"WRONG   {record['file']}: {name} with {record['password']!r}: {what}", file=sys.stderr)
    keys, certificates = truth if opens and truth else ([], [])
    if opens:
        differ = [f"{n} ({v})" for n, v in read_by.items() if v not in ("opened", "not tried")]
        if differ:
            record["description"] += "; differ: " + ", ".join(differ)
        if not [n for n, v in read_by.items() if v == "opened" and n.split()[0] != record["maker"].split()[0]]:
            record["description"] += "; no other tool than the maker opens it"
            print(f"LONELY  {record['file']}", file=sys.stderr)
    del record["keys"], record["certs"]
    if not record["exotic"]:
        del record["exotic"]
    return record | {"expect": facts.facts(result, keys, certificates)}


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
    nss("/dev/null", "")
    batches = {name: batch(command, records) for name, command in BATCHES.items()}
    with ThreadPoolExecutor(2) as pool:
        entries = list(pool.map(lambda record: entry(record, batches), records)) + previous
    entries.sort(key=lambda e: (e["file"], e["expect"]["result"] != "opened", e["password"] or ""))
    with open("manifest.json", "w", encoding="utf-8") as file:
        file.write(facts.one_line_each(entries))
    print(f"manifest.json: {len(entries)} entries, {len({e['file'] for e in entries})} files")


main()
