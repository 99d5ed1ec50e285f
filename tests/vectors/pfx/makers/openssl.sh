# OpenSSL 3.0 (or what `openssl` is): every cipher and MAC that its pkcs12 command writes. Sourced by make.sh.
maker=OpenSSL version=$(openssl version | cut -d' ' -f2)
base='openssl pkcs12 -export -in ../bundles/leaf.pem -inkey ../bundles/leaf.pkcs1.key -passout pass:certgrant'
chain="$base -certfile ../bundles/intermediate.pem"

vector openssl-default.pfx certgrant 'defaults: PBES2 with AES-256-CBC, HMAC-SHA-256 MAC' "$chain -out openssl-default.pfx"
vector openssl-legacy.pfx certgrant 'what OpenSSL 1.x wrote: certificates RC2-40, key 3DES, SHA-1 MAC' \
    "$chain -legacy -out openssl-legacy.pfx"

for cipher in AES-128-CBC AES-192-CBC AES-256-CBC; do
    name=openssl-${cipher,,}.pfx
    vector "$name" certgrant "PBES2 with $cipher for key and certificate" \
        "$base -keypbe $cipher -certpbe $cipher -out $name"
done
for cipher in PBE-SHA1-3DES PBE-SHA1-2DES PBE-SHA1-RC2-40 PBE-SHA1-RC2-128 PBE-SHA1-RC4-128 PBE-SHA1-RC4-40; do
    name=openssl-${cipher,,}.pfx
    vector "$name" certgrant "PKCS#12 PBE $cipher for key and certificate" \
        "$base -legacy -keypbe $cipher -certpbe $cipher -macalg sha1 -out $name"
done
for cipher in PBE-MD5-DES PBE-SHA1-DES; do
    name=openssl-${cipher,,}.pfx
    EXOTIC=$cipher vector "$name" certgrant "PBES1 of PKCS#5 v1.5, $cipher, for key and certificate" \
        "$base -legacy -keypbe $cipher -certpbe $cipher -macalg sha1 -out $name"
done
vector openssl-des-ede3-cbc.pfx certgrant 'PBES2 with 3DES' \
    "$base -keypbe DES-EDE3-CBC -certpbe DES-EDE3-CBC -out openssl-des-ede3-cbc.pfx"
for cipher in DES-CBC RC2-CBC; do
    name=openssl-${cipher,,}.pfx
    EXOTIC=$cipher vector "$name" certgrant "PBES2 with $cipher" \
        "$base -legacy -keypbe $cipher -certpbe $cipher -macalg sha256 -out $name"
done
for cipher in CAMELLIA-256-CBC ARIA-256-CBC SM4-CBC; do
    name=openssl-${cipher,,}.pfx
    EXOTIC=$cipher vector "$name" certgrant "PBES2 with $cipher" \
        "$base -keypbe $cipher -certpbe $cipher -out $name"
done

vector openssl-certpbe-none.pfx certgrant 'certificates not encrypted, key AES-256' \
    "$base -certpbe NONE -out openssl-certpbe-none.pfx"
vector openssl-keypbe-none.pfx certgrant 'key not encrypted (plain key bag), certificates AES-256' \
    "$base -keypbe NONE -out openssl-keypbe-none.pfx"
vector openssl-none-none.pfx certgrant 'nothing encrypted, MAC by password' \
    "$chain -keypbe NONE -certpbe NONE -out openssl-none-none.pfx"
vector openssl-none-nomac.pfx - 'nothing encrypted and no MAC: opens without a password' \
    "$chain -keypbe NONE -certpbe NONE -nomac -out openssl-none-nomac.pfx"
for digest in sha1 sha256 sha384 sha512; do
    vector "openssl-mac-$digest.pfx" certgrant "MAC with HMAC-${digest^^}" \
        "$base -macalg $digest -out openssl-mac-$digest.pfx"
done
for digest in md5 sha224 sha512-256 sha3-256; do
    EXOTIC="MAC $digest" vector "openssl-mac-$digest.pfx" certgrant "MAC with HMAC-${digest^^}" \
        "$base -macalg $digest -out openssl-mac-$digest.pfx"
done
vector openssl-nomac.pfx certgrant 'no MAC: a wrong password shows only in the decryption' \
    "$base -nomac -out openssl-nomac.pfx"
vector openssl-legacy-nomac.pfx certgrant 'no MAC, legacy ciphers' "$base -legacy -nomac -out openssl-legacy-nomac.pfx"
vector openssl-nomaciter.pfx certgrant 'MAC with one iteration (the iterations field left out)' \
    "$base -nomaciter -out openssl-nomaciter.pfx"

vector openssl-empty-password.pfx '' 'empty password, AES-256' \
    "${base/pass:certgrant/pass:} -out openssl-empty-password.pfx"
vector openssl-empty-password-legacy.pfx '' 'empty password, RC2-40 and 3DES' \
    "${base/pass:certgrant/pass:} -legacy -out openssl-empty-password-legacy.pfx"
unicode='pässwörd 密码 🔑'
vector openssl-unicode-password.pfx "$unicode" 'password outside ASCII and outside the BMP, AES-256' \
    "${base/pass:certgrant/"'pass:$unicode'"} -out openssl-unicode-password.pfx"
vector openssl-unicode-password-legacy.pfx "$unicode" \
    'password outside ASCII and outside the BMP, RC2-40 and 3DES: the password as UTF-16 with surrogates' \
    "${base/pass:certgrant/"'pass:$unicode'"} -legacy -out openssl-unicode-password-legacy.pfx"
vector openssl-latin1-password-legacy.pfx 'pässwörd' 'password of Latin-1 letters, RC2-40 and 3DES' \
    "${base/pass:certgrant/pass:pässwörd} -legacy -out openssl-latin1-password-legacy.pfx"
long=$(printf 'long password %.0s' {1..20} | cut -c1-200)
vector openssl-long-password.pfx "$long" 'password of 200 characters, AES-256' \
    "${base/pass:certgrant/"'pass:$long'"} -out openssl-long-password.pfx"
vector openssl-space-password.pfx ' lead and trail ' 'spaces at both ends of the password' \
    "${base/pass:certgrant/"'pass: lead and trail '"} -out openssl-space-password.pfx"
vector openssl-iter-1.pfx certgrant 'one iteration' "$base -iter 1 -out openssl-iter-1.pfx"
vector openssl-iter-100000.pfx certgrant '100000 iterations' "$base -iter 100000 -out openssl-iter-100000.pfx"

vector openssl-chain.pfx certgrant 'whole chain: leaf, intermediate, root' \
    "cat ../bundles/intermediate.pem ../bundles/root.pem > \"\$WORK/cas.pem\" && $base -certfile \"\$WORK/cas.pem\" -out openssl-chain.pfx"
vector openssl-chain-shuffled.pfx certgrant 'certificates in the order leaf, root, stranger, intermediate' \
    "cat ../bundles/root.pem identity/second.pem ../bundles/intermediate.pem > \"\$WORK/cas.pem\" && $base -certfile \"\$WORK/cas.pem\" -out openssl-chain-shuffled.pfx"
vector openssl-friendly-name.pfx certgrant 'friendly names outside ASCII' \
    "$chain -name 'Zertifikat für Dienst 密码' -caname Zwischenstelle -out openssl-friendly-name.pfx"
vector openssl-csp.pfx certgrant 'key with the Microsoft CSP name and local-keyset attributes' \
    "$base -legacy -CSP 'Microsoft Enhanced RSA and AES Cryptographic Provider' -LMK -out openssl-csp.pfx"
EXPECT='certificate missing' vector openssl-key-only.pfx certgrant 'a key and no certificate' \
    "openssl pkcs12 -export -nocerts -inkey ../bundles/leaf.pkcs1.key -passout pass:certgrant -out openssl-key-only.pfx"
EXPECT='key missing' vector openssl-certificates-only.pfx certgrant 'certificates and no key' \
    "openssl pkcs12 -export -nokeys -in ../bundles/leaf.pem -certfile ../bundles/intermediate.pem -passout pass:certgrant -out openssl-certificates-only.pfx"
EXPECT='key of another kind than RSA' vector openssl-ec.pfx certgrant 'an elliptic-curve key' \
    "openssl pkcs12 -export -in ../bundles/ec.pem -inkey ../bundles/ec.key -passout pass:certgrant -out openssl-ec.pfx"
EXPECT='key too short' vector openssl-rsa-1024.pfx certgrant 'an RSA key of 1024 bits, with a new certificate for it' \
    'openssl pkcs12 -export -in "$WORK/weak.pem" -inkey ../bundles/weak.key -passout pass:certgrant -out openssl-rsa-1024.pfx'
EXPECT='public-key integrity' vector openssl-signed.pfx - \
    'the outer content is signedData (public-key integrity mode of RFC 7292), made from openssl-none-nomac.pfx: no reader here opens it' \
    '"$PYTHON" makers/crafted_pfx.py authenticated-safe openssl-none-nomac.pfx "$WORK/safe.der" && openssl cms -sign -binary -nodetach -nosmimecap -outform DER -in "$WORK/safe.der" -signer ../bundles/leaf.pem -inkey ../bundles/leaf.pkcs1.key -out "$WORK/signed.der" && "$PYTHON" makers/crafted_pfx.py wrap-signed "$WORK/signed.der" openssl-signed.pfx'
EXPECT='public-key privacy' vector openssl-enveloped.pfx certgrant \
    'the contents are envelopedData to a certificate (public-key privacy mode of RFC 7292), made from openssl-none-nomac.pfx; a password opens only the MAC' \
    '"$PYTHON" makers/crafted_pfx.py safe-contents openssl-none-nomac.pfx "$WORK/contents.der" && openssl cms -encrypt -binary -aes256 -outform DER -in "$WORK/contents.der" -out "$WORK/enveloped.der" ../bundles/leaf.pem && "$PYTHON" makers/crafted_pfx.py wrap-enveloped "$WORK/enveloped.der" openssl-enveloped.pfx'

# The same files with a password that is not theirs.
EXPECT='password wrong' record openssl-default.pfx wrong 'the wrong password' 'as above'
EXPECT='password missing' record openssl-default.pfx - 'no password' 'as above'
EXPECT='password wrong' record openssl-legacy.pfx wrong 'the wrong password' 'as above'
EXPECT='password wrong' record openssl-nomac.pfx wrong 'the wrong password, found only by the decryption' 'as above'
EXPECT='password wrong' record openssl-legacy-nomac.pfx wrong 'the wrong password, found only by the decryption' 'as above'
EXPECT='password wrong' record openssl-none-none.pfx wrong 'the wrong password: the MAC says so, though nothing is encrypted' 'as above'
EXPECT='password wrong' record openssl-empty-password.pfx wrong 'a password where the empty one is right' 'as above'
EXPECT='password wrong' record openssl-unicode-password-legacy.pfx 'passwörd 密码 🔑' 'another password outside ASCII' 'as above'
record openssl-empty-password.pfx - 'no password given: the empty one is tried' 'as above'
record openssl-empty-password-legacy.pfx - 'no password given: the empty one is tried' 'as above'

if "$OPENSSL34" pkcs12 -help 2>&1 | grep -q pbmac1; then
    version=$("$OPENSSL34" version | cut -d' ' -f2)
    new='"$OPENSSL34" pkcs12 -export -in ../bundles/leaf.pem -inkey ../bundles/leaf.pkcs1.key -passout pass:certgrant'
    vector openssl34-default.pfx certgrant 'defaults of a newer OpenSSL' "$new -certfile ../bundles/intermediate.pem -out openssl34-default.pfx"
    vector openssl34-pbmac1.pfx certgrant 'PBMAC1 (RFC 9579), defaults' "$new -pbmac1_pbkdf2 -out openssl34-pbmac1.pfx"
    for digest in sha256 sha512; do
        vector "openssl34-pbmac1-$digest.pfx" certgrant "PBMAC1 (RFC 9579), HMAC and PRF with ${digest^^}" \
            "$new -pbmac1_pbkdf2 -pbmac1_pbkdf2_md $digest -macalg $digest -out openssl34-pbmac1-$digest.pfx"
    done
    vector openssl34-pbmac1-sha512-sha256.pfx certgrant 'PBMAC1, HMAC-SHA-512 with a key from PBKDF2-HMAC-SHA-256' \
        "$new -pbmac1_pbkdf2 -pbmac1_pbkdf2_md sha256 -macalg sha512 -out openssl34-pbmac1-sha512-sha256.pfx"
    EXOTIC='PBMAC1 sha1' vector openssl34-pbmac1-sha1.pfx certgrant 'PBMAC1 with SHA-1 in both places' \
        "$new -pbmac1_pbkdf2 -pbmac1_pbkdf2_md sha1 -macalg sha1 -out openssl34-pbmac1-sha1.pfx"
    vector openssl34-pbmac1-unicode-password.pfx "$unicode" 'PBMAC1, password outside ASCII' \
        "${new/pass:certgrant/"'pass:$unicode'"} -pbmac1_pbkdf2 -out openssl34-pbmac1-unicode-password.pfx"
    vector openssl34-pbmac1-empty-password.pfx '' 'PBMAC1, empty password' \
        "${new/pass:certgrant/pass:} -pbmac1_pbkdf2 -out openssl34-pbmac1-empty-password.pfx"
    EXPECT='key missing' vector openssl34-jdktrust.pfx certgrant 'a Java trust store: certificates with the trusted-usage attribute, no key' \
        '"$OPENSSL34" pkcs12 -export -nokeys -in ../bundles/leaf.pem -jdktrust anyExtendedKeyUsage -passout pass:certgrant -out openssl34-jdktrust.pfx'
    EXPECT='password wrong' record openssl34-pbmac1.pfx wrong 'the wrong password' 'as above'
else
    echo 'skipped OpenSSL 3.4: OPENSSL34 knows no -pbmac1_pbkdf2'
fi
