"""Raises the cost N of an scrypt-encrypted PKCS#8 key in DER from 16384 to 2^30 and prints it as PEM."""

import base64
import sys
import textwrap

der = sys.stdin.buffer.read()
# INTEGER 16384, r 8, p 1 become INTEGER 2^30, r 8, p 1: two bytes more in each of the enclosing lengths.
at = der.index(bytes.fromhex("02024000020108020101"))
der = bytearray(der[:at] + bytes.fromhex("020440000000") + der[at + 4 :])


def grow(start: int, end: int) -> None:
    """Adds two to the length of every value that encloses `at`."""
    while start < end:
        size = der[start + 1]
        head = 2 if size < 0x80 else 2 + (size & 0x7F)
        length = size if size < 0x80 else int.from_bytes(der[start + 2 : start + head], "big")
        if start + head <= at < start + head + length:
            if size < 0x80:
                if size + 2 >= 0x80:
                    raise SystemExit("the length would need another byte")
                der[start + 1] = size + 2
            else:
                der[start + 2 : start + head] = (length + 2).to_bytes(head - 2, "big")
            if der[start] & 0x20:
                grow(start + head, start + head + length + 2)
            return
        start += head + length


grow(0, len(der))
print("-----BEGIN ENCRYPTED PRIVATE KEY-----")
print("\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64)))
print("-----END ENCRYPTED PRIVATE KEY-----")
