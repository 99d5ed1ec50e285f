#!/usr/bin/env bash
# Makes tests/vectors/bundles and tests/vectors/keys with OpenSSL: throw-away keys and certificates, never to be registered in a tenant.
# Run again only to replace them all; the tests pin nothing of their content.
set -euo pipefail
cd "$(dirname "$0")/bundles"
days=36500
openssl genrsa -traditional -out root.key 2048
openssl req -x509 -new -key root.key -sha256 -days $days -subj "/CN=certgrant test root" -out root.pem
openssl genrsa -out intermediate.key 2048
openssl req -new -key intermediate.key -subj "/CN=certgrant test intermediate" -out intermediate.csr
printf 'basicConstraints=critical,CA:TRUE\n' > ca.ext
openssl x509 -req -in intermediate.csr -CA root.pem -CAkey root.key -CAcreateserial -sha256 -days $days \
    -extfile ca.ext -out intermediate.pem
openssl genrsa -traditional -out leaf.pkcs1.key 2048
openssl req -new -key leaf.pkcs1.key -subj "/CN=certgrant test leaf" -out leaf.csr
printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=digitalSignature\n' > leaf.ext
openssl x509 -req -in leaf.csr -CA intermediate.pem -CAkey intermediate.key -CAcreateserial -sha256 -days $days \
    -extfile leaf.ext -out leaf.pem
openssl req -x509 -new -key leaf.pkcs1.key -sha1 -days $days -subj "/CN=certgrant test sha1" -out sha1.pem
openssl ecparam -name prime256v1 -genkey -noout -out ec.sec1.key
openssl pkey -in ec.sec1.key -out ec.key
openssl req -x509 -new -key ec.key -sha256 -days $days -subj "/CN=certgrant test ec" -out ec.pem
openssl pkcs8 -topk8 -in leaf.pkcs1.key -passout pass:certgrant -out encrypted.key
openssl genrsa -out weak.key 1024
openssl pkey -in leaf.pkcs1.key -pubout -out public.pem
rm -f -- *.csr *.ext *.srl root.key intermediate.key

# The leaf's key, encrypted in every way that OpenSSL has; the password is certgrant.
mkdir -p ../keys && cd ../keys
legacy="-provider legacy -provider default"
protect() { openssl pkcs8 -topk8 -in ../bundles/leaf.pkcs1.key -passout pass:certgrant "$@"; }
for cipher in aes-128-cbc aes-192-cbc aes-256-cbc des-ede3-cbc des-cbc rc2-cbc rc2-64-cbc rc2-40-cbc; do
    # shellcheck disable=SC2086 # several words
    protect $legacy -v2 $cipher -out pbes2-$cipher.pem
done
for prf in hmacWithSHA1 hmacWithSHA224 hmacWithSHA384 hmacWithSHA512 hmacWithSHA512-224 hmacWithSHA512-256; do
    protect -v2 aes-256-cbc -v2prf $prf -out "pbes2-${prf,,}.pem"
done
protect -scrypt -out scrypt.pem
protect -outform DER -out pbes2.der
for scheme in PBE-MD5-DES PBE-SHA1-DES PBE-MD5-RC2-64 PBE-SHA1-RC2-64 \
    PBE-SHA1-3DES PBE-SHA1-2DES PBE-SHA1-RC4-128 PBE-SHA1-RC4-40 PBE-SHA1-RC2-128 PBE-SHA1-RC2-40; do
    # shellcheck disable=SC2086 # several words
    protect $legacy -v1 $scheme -out "pbes1-${scheme,,}.pem"
done
for cipher in aes128 aes192 aes256 des3 des; do
    # shellcheck disable=SC2086 # several words
    openssl rsa $legacy -in ../bundles/leaf.pkcs1.key -traditional -$cipher -passout pass:certgrant -out dek-info-$cipher.pem
done
# PFX files for the tests that damage each of their bytes in turn: one round, so that they are fast.
pfx() { openssl pkcs12 -export -in ../bundles/leaf.pem -inkey ../bundles/leaf.pkcs1.key -iter 1 "$@"; }
pfx -passout pass:certgrant -out modern.pfx
pfx -passout pass:certgrant -legacy -out legacy.pfx
pfx -passout pass:certgrant -nomac -out no-mac.pfx
pfx -passout pass: -out empty-password.pfx
