#!/usr/bin/env bash
# Makes every PFX of this folder again, each with the maker that the manifest names, then writes manifest.json.
#
# A maker that is not installed is skipped with a line that says so; its files and its manifest entries stay as they are.
# Tools off PATH are named by variables: OPENSSL34 (an OpenSSL 3.4 or newer, for PBMAC1), PYTHON (with the packages
# cryptography and asn1crypto), NODE_PATH_PFX (a node_modules folder with node-forge and pkijs), BC_JARS (Bouncy Castle's
# bcprov, bcutil and bcpkix as a class path), GOPATH_PFX (with software.sslmate.com/src/go-pkcs12 and golang.org/x/crypto).
# Salts are random, so new files differ from the old ones; what comes out of them does not.
# shellcheck disable=SC2016 # commands are recorded as they stand and expanded by eval
set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "$0")"
export BC_JARS=${BC_JARS:-/usr/share/java/bcprov.jar:/usr/share/java/bcutil.jar:/usr/share/java/bcpkix.jar}
export GOPATH_PFX=${GOPATH_PFX:-/usr/share/gocode}
# shellcheck source=recording.sh
. ./recording.sh

# The second identity, for files with several keys. Not replaced: the same key stays in every file.
if [ ! -f identity/second.key ]; then
    openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 36500 -subj "/CN=certgrant test second" \
        -addext basicConstraints=critical,CA:FALSE -keyout identity/second.key -out identity/second.pem 2> /dev/null
fi
cat ../bundles/root.pem ../bundles/intermediate.pem > "$WORK/authorities.pem"
cat ../bundles/leaf.pem ../bundles/intermediate.pem ../bundles/root.pem > "$WORK/chain.pem"
openssl req -x509 -new -key ../bundles/weak.key -sha256 -days 36500 -subj "/CN=certgrant test weak" -out "$WORK/weak.pem"
# What the makers that only convert start from.
openssl pkcs12 -export -in ../bundles/leaf.pem -inkey ../bundles/leaf.pkcs1.key -certfile "$WORK/authorities.pem" \
    -name certgrant -passout pass:certgrant -out "$WORK/source.p12"
openssl pkcs12 -export -legacy -in ../bundles/leaf.pem -inkey ../bundles/leaf.pkcs1.key \
    -certfile "$WORK/authorities.pem" -name certgrant -passout pass:certgrant -out "$WORK/source-legacy.p12"
openssl pkcs12 -export -in ../bundles/leaf.pem -inkey ../bundles/leaf.pkcs1.key -name certgrant \
    -passout pass:certgrant -out "$WORK/leaf.p12"

for part in makers/*.sh; do
    # shellcheck source=/dev/null
    . "$part"
done
"$PYTHON" manifest.py "$records"
