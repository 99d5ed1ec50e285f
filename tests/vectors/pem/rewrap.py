"""Wraps the base64 of a PEM anew: WIDTH (0 for one line) [GROUP: a space behind each so many letters]."""

import re
import sys
import textwrap

width, group = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0


def rewrap(match: re.Match) -> str:
    letters = "".join(match[2].split())
    lines = textwrap.wrap(letters, width) if width else [letters]
    if group:
        lines = [" ".join(textwrap.wrap(line, group)) for line in lines]
    return match[1] + "\n" + "\n".join(lines) + "\n" + match[3]


section = re.compile(r"(-----BEGIN [^-]+-----)\n(.*?)(-----END [^-]+-----)", re.S)
sys.stdout.write(section.sub(rewrap, sys.stdin.read()))
