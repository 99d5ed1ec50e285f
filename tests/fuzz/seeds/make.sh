#!/usr/bin/env bash
# Makes the seeds that tests/vectors lacks: every scheme with one round of key derivation, so that a fuzzer does not spend
# its time on hashing, and PFX files without a MAC, which would refuse every mutation. The identity is that of
# tests/vectors/bundles, the password is certgrant. Made with OpenSSL 3.0; nothing pins the content.
set -euo pipefail
cd "$(dirname "$0")"
bundles=../../vectors/bundles
legacy="-provider legacy -provider default"
protect() {
    # shellcheck disable=SC2086 # several words
    openssl pkcs8 $legacy -topk8 -in $bundles/leaf.pkcs1.key -outform DER -passout pass:certgrant "$@"
}
for cipher in aes-128-cbc aes-192-cbc aes-256-cbc des-ede3-cbc des-cbc rc2-cbc rc2-40-cbc; do
    protect -iter 1 -v2 $cipher -out pbes2-$cipher.key.der
done
for prf in hmacWithSHA1 hmacWithSHA224 hmacWithSHA384 hmacWithSHA512 hmacWithSHA512-256; do
    protect -iter 1 -v2 aes-256-cbc -v2prf $prf -out "pbes2-${prf,,}.key.der"
done
for scheme in PBE-MD5-DES PBE-MD5-RC2-64 PBE-SHA1-DES PBE-SHA1-3DES PBE-SHA1-2DES PBE-SHA1-RC4-128 PBE-SHA1-RC2-40; do
    protect -iter 1 -v1 $scheme -out "pbes1-${scheme,,}.key.der"
done
protect -scrypt -scrypt_N 2 -scrypt_r 1 -scrypt_p 1 -out scrypt.key.der

pfx() {
    # shellcheck disable=SC2086 # several words
    openssl pkcs12 $legacy -export -in $bundles/leaf.pem -inkey $bundles/leaf.pkcs1.key -certfile $bundles/intermediate.pem \
        -iter 1 -passout pass:certgrant "$@"
}
pfx -nomac -keypbe NONE -certpbe NONE -out plain.pfx
pfx -nomac -keypbe NONE -certpbe PBE-SHA1-RC2-40 -out rc2-40.pfx
pfx -nomac -keypbe PBE-SHA1-3DES -certpbe NONE -out 3des-key.pfx
pfx -nomac -keypbe AES-256-CBC -certpbe AES-256-CBC -out aes-256.pfx
pfx -keypbe NONE -certpbe NONE -out plain-with-mac.pfx
