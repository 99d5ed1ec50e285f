#!/usr/bin/env bash
# Makes every file of this folder again, then writes manifest.json. What a tool produces is made by that tool; what an
# editor, a shell or a clipboard does to a PEM is done to plain.pem by sed, awk, iconv and unix2dos.
#
# Needs the PFX folder beside it, and the same variables as its make.sh: PYTHON (with the package cryptography) and
# NODE_PATH_PFX (a node_modules folder with node-forge). A maker that is not installed is skipped with a line that says so.
#
# KEYS and CERTS say what a file holds: names of the test identities, or "file" if it has a key pair of its own.
# shellcheck disable=SC2016 # commands are recorded as they stand and expanded by eval
set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "$0")"
# shellcheck source=../pfx/recording.sh
. ../pfx/recording.sh
B=../bundles S=../pfx/identity
export B S

maker=OpenSSL version=$(openssl version | cut -d' ' -f2)
cat $B/leaf.pem $B/intermediate.pem > "$WORK/two.pem"
openssl pkey -in $B/leaf.pkcs1.key -out "$WORK/leaf.p8"

# --- whole files ------------------------------------------------------------------------------------------------------
vector plain.pem - 'PKCS#8 key, then certificate' 'openssl pkey -in $B/leaf.pkcs1.key > plain.pem && cat $B/leaf.pem >> plain.pem'
vector certificate-first.pem - 'certificate, then key' 'cat $B/leaf.pem > certificate-first.pem && openssl pkey -in $B/leaf.pkcs1.key >> certificate-first.pem'
vector pkcs1.pem - 'PKCS#1 key, then certificate' 'openssl rsa -traditional -in $B/leaf.pkcs1.key > pkcs1.pem && cat $B/leaf.pem >> pkcs1.pem'
CERTS='leaf intermediate root second' vector chain-shuffled.pem - 'root, stranger, key, leaf, intermediate' \
    'cat $B/root.pem $S/second.pem plain.pem $B/intermediate.pem > chain-shuffled.pem'
CERTS='leaf intermediate' vector bag-attributes.pem - 'openssl pkcs12 -nodes: Bag Attributes, friendly names outside ASCII, subject= and issuer= lines' \
    'openssl pkcs12 -in ../pfx/openssl-friendly-name.pfx -passin pass:certgrant -nodes -out bag-attributes.pem'
CERTS='leaf intermediate' vector bag-attributes-encrypted.pem certgrant 'openssl pkcs12 without -nodes: the key encrypted' \
    'openssl pkcs12 -in ../pfx/openssl-default.pfx -passin pass:certgrant -passout pass:certgrant -out bag-attributes-encrypted.pem'
vector text-dump.pem - 'openssl x509 -text: a dump in front of the certificate' \
    'openssl x509 -in $B/leaf.pem -text > text-dump.pem && cat "$WORK/leaf.p8" >> text-dump.pem'
vector comments.pem - 'comments with # and ; and a line of dashes' \
    '{ echo "# the key of the service"; openssl pkey -in $B/leaf.pkcs1.key; echo "; its certificate"; echo ----------; cat $B/leaf.pem; echo "# end"; } > comments.pem'
vector trusted.pem - 'TRUSTED CERTIFICATE: openssl x509 -trustout with auxiliary data behind the certificate' \
    'openssl x509 -in $B/leaf.pem -trustout -addtrust clientAuth -setalias certgrant > trusted.pem && cat "$WORK/leaf.p8" >> trusted.pem'
vector x509-label.pem - 'the old label X509 CERTIFICATE' 'sed "s/ CERTIFICATE-/ X509 CERTIFICATE-/" plain.pem > x509-label.pem'

# --- encodings, line ends, white space --------------------------------------------------------------------------------
vector utf8-bom.pem - 'UTF-8 with a byte order mark' '{ printf "\357\273\277"; cat plain.pem; } > utf8-bom.pem'
vector utf16le-bom.pem - 'UTF-16 little endian with BOM and CR LF, as PowerShell 5 writes' \
    '{ printf "\377\376"; unix2dos < plain.pem | iconv -f UTF-8 -t UTF-16LE; } > utf16le-bom.pem'
vector utf16be-bom.pem - 'UTF-16 big endian with BOM' '{ printf "\376\377"; iconv -f UTF-8 -t UTF-16BE < plain.pem; } > utf16be-bom.pem'
vector utf16le-no-bom.pem - 'UTF-16 little endian without BOM' 'iconv -f UTF-8 -t UTF-16LE < plain.pem > utf16le-no-bom.pem'
vector crlf.pem - 'CR LF' 'unix2dos < plain.pem > crlf.pem'
vector cr.pem - 'lone CR' 'unix2mac < plain.pem > cr.pem'
vector no-final-newline.pem - 'no line end at the end' 'printf %s "$(cat plain.pem)" > no-final-newline.pem'
vector glued.pem - 'files put together without a line end between them' \
    '{ printf %s "$(cat "$WORK/leaf.p8")"; cat $B/leaf.pem; } > glued.pem'
vector tabs.pem - 'a tab before each line, a blank and a tab behind it' 'sed "s/^/\t/;s/\$/ \t/" plain.pem > tabs.pem'
vector yaml.pem - 'a YAML block scalar, its key in front' '{ echo "certificate: |"; sed "s/^/  /" plain.pem; } > yaml.pem'
vector blank-lines.pem - 'a blank line behind each line' 'sed G plain.pem > blank-lines.pem'
vector no-breaking-space.pem - 'no-breaking spaces before each line, as copied from a web page' 'sed "s/^/\xc2\xa0/" plain.pem > no-breaking-space.pem'
vector zero-width.pem - 'a zero-width space and a left-to-right mark before the first line' '{ printf "\342\200\213\342\200\216"; cat plain.pem; } > zero-width.pem'
vector width-all.pem - 'each base64 text in one line' '"$PYTHON" rewrap.py 0 < plain.pem > width-all.pem'
vector base64-spaces.pem - 'spaces within the base64 lines' '"$PYTHON" rewrap.py 64 8 < plain.pem > base64-spaces.pem'
vector padding-missing.pem - 'the = at the end of the base64 left out' 'sed "/^-/!s/=*\$//" pkcs1.pem > padding-missing.pem'
vector base64url.pem - 'base64url letters instead of + and /' 'sed "/^-/!y|+/|-_|" plain.pem > base64url.pem'

# --- what environment variables, JSON and word processors do ----------------------------------------------------------
vector literal-n.pem - 'backslash n for each line end, as from an environment variable' \
    'awk "{printf \"%s\\\\n\", \$0}" plain.pem > literal-n.pem'
vector literal-double-n.pem - 'two backslashes and n for each line end' 'awk "{printf \"%s\\\\\\\\n\", \$0}" plain.pem > literal-double-n.pem'
vector literal-rn.pem - 'backslash r backslash n for each line end' 'awk "{printf \"%s\\\\r\\\\n\", \$0}" plain.pem > literal-rn.pem'
vector one-line.pem - 'line ends taken out' 'tr -d "\n" < plain.pem > one-line.pem'
vector one-line-spaces.pem - 'spaces for line ends' 'tr "\n" " " < plain.pem > one-line-spaces.pem'
vector double-quotes.pem - 'double quotes around it' '{ printf \"; printf %s "$(cat plain.pem)"; echo \"; } > double-quotes.pem'
vector single-quotes.pem - 'single quotes around it' '{ printf "'"'"'"; printf %s "$(cat plain.pem)"; echo "'"'"'"; } > single-quotes.pem'
vector curly-quotes.pem - 'typographic quotes around it' '{ printf “; printf %s "$(cat plain.pem)"; echo ”; } > curly-quotes.pem'
vector json-string.pem - 'a JSON string' '"$PYTHON" -c "import json,sys; json.dump(sys.stdin.read(), sys.stdout)" < plain.pem > json-string.pem'
vector env-file.pem - 'a line of an .env file: name, =, quotes, backslash n' \
    '{ printf AZURE_CERTIFICATE=; cat json-string.pem; echo; } > env-file.pem'
vector base64-whole.pem - 'base64 of the whole file, one line' 'openssl base64 -A -in plain.pem -out base64-whole.pem'
vector base64-whole-wrapped.pem - 'base64 of the whole file, wrapped, CR LF' 'base64 plain.pem | unix2dos > base64-whole-wrapped.pem'
vector en-dashes.pem - 'en dashes for hyphens' 'sed "/^-----/s/-/–/g" plain.pem > en-dashes.pem'
vector em-dashes.pem - 'two em dashes and a hyphen for the five hyphens, as a word processor makes of them' \
    'sed "s/-----/——-/g" plain.pem > em-dashes.pem'
vector non-breaking-hyphens.pem - 'non-breaking hyphens (U+2011)' 'sed "/^-----/s/-/‑/g" plain.pem > non-breaking-hyphens.pem'

# --- encrypted keys, beside those of the folder keys ---------------------------------------------------------------------------------------------------
# encrypted NAME PASSWORD DESCRIPTION COMMAND: the certificate behind what COMMAND writes to standard output.
encrypted() { vector "$1" "$2" "$3" "{ $4; } > $1 && cat \$B/leaf.pem >> $1"; }
pkcs8='openssl pkcs8 -topk8 -in $B/leaf.pkcs1.key -passout pass:certgrant'
for cipher in aes128 aes256 des3; do
    encrypted "pbes2-$cipher.pem" certgrant "PKCS#8, PBES2 with $cipher" "$pkcs8 -v2 $cipher"
done
for prf in hmacWithSHA1 hmacWithSHA512; do
    encrypted "pbes2-${prf,,}.pem" certgrant "PKCS#8, PBES2 with aes-256-cbc and $prf" "$pkcs8 -v2 aes-256-cbc -v2prf $prf"
done
encrypted pbes2-iter-100000.pem certgrant 'PKCS#8, PBES2, 100000 iterations' "$pkcs8 -iter 100000"
encrypted pbes2-unicode.pem 'pässwörd 密码 🔑' 'PKCS#8, PBES2, password outside ASCII' "${pkcs8/pass:certgrant/"'pass:pässwörd 密码 🔑'"}"
encrypted scrypt.pem certgrant 'PKCS#8, scrypt with N 16384, r 8, p 1' "$pkcs8 -scrypt"
encrypted scrypt-small.pem certgrant 'PKCS#8, scrypt with N 1024, r 4, p 2' "$pkcs8 -scrypt -scrypt_N 1024 -scrypt_r 4 -scrypt_p 2"
for cipher in PBE-SHA1-3DES PBE-SHA1-RC2-40 PBE-SHA1-RC4-128; do
    encrypted "${cipher,,}.pem" certgrant "PKCS#8, PKCS#12 PBE $cipher" "$pkcs8 -v1 $cipher -provider default -provider legacy"
done
for cipher in PBE-MD5-DES; do
    EXOTIC=$cipher encrypted "${cipher,,}.pem" certgrant "PKCS#8, PBES1 $cipher" "$pkcs8 -v1 $cipher -provider default -provider legacy"
done
EXPECT='too much memory' KEYS='' CERTS='' encrypted scrypt-huge.pem certgrant 'PKCS#8, scrypt parameters changed to N 2^30: 1 TiB of memory' \
    "$pkcs8 -scrypt -outform DER | \"\$PYTHON\" scrypt_huge.py"
traditional='openssl rsa -traditional -in $B/leaf.pkcs1.key -passout pass:certgrant'
for cipher in des3 aes128 aes256; do
    encrypted "dek-info-$cipher.pem" certgrant "PKCS#1 with Proc-Type and DEK-Info, $cipher" "$traditional -$cipher"
done
encrypted dek-info-unicode.pem 'pässwörd 密码 🔑' 'PKCS#1 with DEK-Info, password outside ASCII' "${traditional/pass:certgrant/"'pass:pässwörd 密码 🔑'"} -aes256"
vector dek-info-crlf.pem certgrant 'PKCS#1 with DEK-Info and CR LF' 'unix2dos < dek-info-aes128.pem > dek-info-crlf.pem'
for file in pbes2-aes256 pbe-sha1-3des scrypt dek-info-aes128 dek-info-des3; do
    EXPECT='password missing' record $file.pem - 'no password' 'as above'
    EXPECT='password wrong' record $file.pem wrong 'the wrong password' 'as above'
done
record plain.pem certgrant 'a password where none is needed' 'as above'
CERTS='' EXPECT='certificate missing' vector pkcs8-encrypted.der certgrant 'encrypted PKCS#8 in DER' "$pkcs8 -outform DER -out pkcs8-encrypted.der"

# --- one thing only, in DER or PEM ------------------------------------------------------------------------------------
CERTS='' EXPECT='certificate missing' vector key-only.pem - 'a PKCS#8 key and no certificate' 'cat "$WORK/leaf.p8" > key-only.pem'
CERTS='' EXPECT='certificate missing' vector pkcs8.der - 'PKCS#8 key in DER' 'openssl pkcs8 -topk8 -nocrypt -in $B/leaf.pkcs1.key -outform DER -out pkcs8.der'
CERTS='' EXPECT='certificate missing' vector pkcs1.der - 'PKCS#1 key in DER' 'openssl rsa -traditional -in $B/leaf.pkcs1.key -outform DER -out pkcs1.der'
CERTS='' EXPECT='certificate missing' vector key-der-named.pem - 'PKCS#8 key in DER, named .pem' 'cp pkcs8.der key-der-named.pem'
KEYS='' EXPECT='key missing' vector certificate-only.pem - 'a certificate and no key' 'cp $B/leaf.pem certificate-only.pem'
KEYS='' EXPECT='key missing' vector certificate.cer - 'certificate in DER, named .cer' 'openssl x509 -in $B/leaf.pem -outform DER -out certificate.cer'
KEYS='' EXPECT='key missing' vector certificate-der-named.pem - 'certificate in DER, named .pem' 'cp certificate.cer certificate-der-named.pem'
KEYS='' CERTS='leaf intermediate' EXPECT='key missing' vector chain.p7b - 'PKCS#7 in PEM' \
    'openssl crl2pkcs7 -nocrl -certfile "$WORK/two.pem" -out chain.p7b'
KEYS='' CERTS='leaf intermediate' EXPECT='key missing' vector chain-der.p7b - 'PKCS#7 in DER' \
    'openssl crl2pkcs7 -nocrl -certfile "$WORK/two.pem" -outform DER -out chain-der.p7b'
CERTS='leaf intermediate' EXOTIC='certificates in PKCS#7' vector key-and-pkcs7.pem - 'a key, and the certificates as PKCS#7 in PEM' \
    'cat "$WORK/leaf.p8" chain.p7b > key-and-pkcs7.pem'
KEYS='' CERTS='' EXPECT='key missing' vector request.pem - 'a certificate request given by mistake' \
    'openssl req -new -key $B/leaf.pkcs1.key -subj "/CN=certgrant test leaf" -out request.pem'
KEYS='' CERTS='' EXPECT='key missing' vector public-key.pem - 'a public key' 'openssl pkey -in $B/leaf.pkcs1.key -pubout -out public-key.pem'
KEYS='' CERTS='' EXPECT='key missing' vector rsa-public-key.pem - 'a public key in PKCS#1 (RSA PUBLIC KEY)' 'openssl rsa -in $B/leaf.pkcs1.key -RSAPublicKey_out -out rsa-public-key.pem'

# --- keys that Entra ID does not take, several, wrong -----------------------------------------------------------------
KEYS=file CERTS=file EXPECT='key of another kind than RSA' vector ec.pem - 'EC key in PKCS#8 with its certificate' 'cat $B/ec.key $B/ec.pem > ec.pem'
KEYS=file CERTS=file EXPECT='key of another kind than RSA' vector ec-sec1.pem - 'EC PRIVATE KEY behind EC PARAMETERS, with its certificate' \
    '{ openssl ecparam -name prime256v1; openssl ec -in $B/ec.key; cat $B/ec.pem; } > ec-sec1.pem'
KEYS=file CERTS=file EXPECT='key of another kind than RSA' vector ed25519.pem - 'Ed25519 key with its certificate' \
    'openssl genpkey -algorithm ed25519 -out ed25519.pem && openssl req -x509 -new -key ed25519.pem -days 36500 -subj "/CN=certgrant test ed25519" >> ed25519.pem'
KEYS=file CERTS=file EXPECT='key too short' vector rsa-1024.pem - 'RSA key of 1024 bits, with a new certificate for it' \
    'cat $B/weak.key > rsa-1024.pem && openssl req -x509 -new -key $B/weak.key -sha256 -days 36500 -subj "/CN=certgrant test weak" >> rsa-1024.pem'
KEYS=file CERTS=file EXOTIC='id-RSASSA-PSS' vector rsa-pss.pem - 'id-RSASSA-PSS key with its certificate: it must not sign RS256' \
    'openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out rsa-pss.pem && openssl req -x509 -new -key rsa-pss.pem -sha256 -days 36500 -subj "/CN=certgrant test pss" >> rsa-pss.pem'
KEYS='' CERTS=file EXPECT='key of more than two primes' vector rsa-multi-prime.pem - 'RSA key of three primes' \
    'openssl genrsa -traditional -primes 3 -out rsa-multi-prime.pem 2048 && openssl req -x509 -new -key rsa-multi-prime.pem -sha256 -days 36500 -subj "/CN=certgrant test multi-prime" >> rsa-multi-prime.pem'
KEYS='leaf second' CERTS='leaf second' EXPECT='several keys' vector two-keys.pem - 'two keys with their certificates' 'cat plain.pem $S/second.key $S/second.pem > two-keys.pem'
KEYS='leaf' CERTS='second' EXPECT='key of another certificate' vector mismatch.pem - 'the certificate of another key' 'cat "$WORK/leaf.p8" $S/second.pem > mismatch.pem'
KEYS='' CERTS='' EXPECT=damaged vector cut-off.pem - 'cut off within the key' 'head -c 1000 key-only.pem > cut-off.pem'
KEYS='' CERTS='' EXPECT=damaged vector cut-off-certificate.pem - 'cut off within the certificate' 'head -c 2400 plain.pem > cut-off-certificate.pem'
KEYS='' CERTS='' EXPECT=damaged vector end-missing.pem - 'no END line behind the key' 'sed "/END PRIVATE/d" key-only.pem > end-missing.pem'
KEYS='' CERTS='' EXPECT=damaged vector begin-missing.pem - 'no BEGIN line before the key' 'sed 1d key-only.pem > begin-missing.pem'
KEYS='' CERTS='' EXPECT=damaged vector labels-differ.pem - 'BEGIN PRIVATE KEY, END RSA PRIVATE KEY' 'sed "s/END PRIVATE/END RSA PRIVATE/" key-only.pem > labels-differ.pem'
KEYS='' CERTS='' EXPECT=damaged vector letter-wrong.pem - 'a letter that is not base64' 'sed "5s/^..../ab*d/" key-only.pem > letter-wrong.pem'
KEYS='' CERTS='' EXPECT=damaged vector line-missing.pem - 'a base64 line lost from the key' 'sed 7d key-only.pem > line-missing.pem'
KEYS='' CERTS='' EXPECT=damaged vector body-empty.pem - 'a key without a body' 'sed "/^-/!d" key-only.pem > body-empty.pem'
KEYS='' CERTS='' EXPECT='not a certificate file' vector empty.pem - 'no bytes' ': > empty.pem'
KEYS='' CERTS='' EXPECT='not a certificate file' vector page.pem - 'a web page saved by mistake' \
    'printf "<!DOCTYPE html>\n<title>Sign in</title>\n<p>Sign in to download certificate.pem</p>\n" > page.pem'
KEYS='' CERTS='' EXPECT='not a certificate file' vector path.pem - 'the path of a file instead of its content' 'echo /etc/certgrant/service.pem > path.pem'

# --- the other format's name ------------------------------------------------------------------------------------------
CERTS='leaf intermediate' vector pfx-named.pem certgrant 'a PFX named .pem' 'cp ../pfx/openssl-default.pfx pfx-named.pem'
vector pem-named.pfx - 'a PEM named .pfx' 'cp plain.pem pem-named.pfx'
vector pfx-base64.txt - 'base64 of a PFX with an empty password, as Key Vault keeps a certificate in its secret' \
    'openssl base64 -A -in ../pfx/openssl-empty-password.pfx -out pfx-base64.txt'

# --- other makers -----------------------------------------------------------------------------------------------------
if has ssh-keygen OpenSSH; then
    maker=OpenSSH version=$(ssh -V 2>&1 | cut -d, -f1)
    convert='cp $B/leaf.pkcs1.key "$WORK/ssh" && chmod 600 "$WORK/ssh" && ssh-keygen -q -p -P ""'
    EXPECT='OpenSSH key' vector openssh.pem - 'OPENSSH PRIVATE KEY, and the certificate' \
        "$convert -N '' -f \"\$WORK/ssh\" && cat \"\$WORK/ssh\" \$B/leaf.pem > openssh.pem"
    EXPECT='OpenSSH key' vector openssh-encrypted.pem certgrant 'OPENSSH PRIVATE KEY, encrypted, and the certificate' \
        "$convert -N certgrant -f \"\$WORK/ssh\" && cat \"\$WORK/ssh\" \$B/leaf.pem > openssh-encrypted.pem"
    vector ssh-keygen-pem.pem certgrant 'ssh-keygen -m PEM: PKCS#1 with DEK-Info' \
        "$convert -N certgrant -m PEM -f \"\$WORK/ssh\" && cat \"\$WORK/ssh\" \$B/leaf.pem > ssh-keygen-pem.pem"
    vector ssh-keygen-pkcs8.pem certgrant 'ssh-keygen -m PKCS8: encrypted PKCS#8' \
        "$convert -N certgrant -m PKCS8 -f \"\$WORK/ssh\" && cat \"\$WORK/ssh\" \$B/leaf.pem > ssh-keygen-pkcs8.pem"
    KEYS='' CERTS='' EXPECT='key missing' vector ssh2-public.pem - 'SSH2 PUBLIC KEY (RFC 4716, four hyphens)' \
        'ssh-keygen -e -f $B/public.pem -m RFC4716 > ssh2-public.pem 2> /dev/null || { ssh-keygen -i -m PKCS8 -f $B/public.pem > "$WORK/ssh.pub" && ssh-keygen -e -m RFC4716 -f "$WORK/ssh.pub" > ssh2-public.pem; }'
fi
if has certtool GnuTLS; then
    maker='GnuTLS certtool' version=$(certtool --version | head -n 1 | cut -d' ' -f2)
    for cipher in 3des aes-256; do
        encrypted "gnutls-p8-$cipher.pem" certgrant "certtool --to-p8 --pkcs-cipher $cipher" \
            "certtool --to-p8 --load-privkey \$B/leaf.pkcs1.key --password certgrant --pkcs-cipher $cipher"
    done
    vector gnutls-certificate-info.pem - 'certtool --certificate-info: a dump in front of the certificate' \
        '{ certtool --certificate-info --infile $B/leaf.pem; cat $B/leaf.pkcs1.key; } > gnutls-certificate-info.pem'
fi
if has keytool 'Java keytool'; then
    maker='Java keytool' version=$(java -version 2>&1 | sed -n 's/.*version "\(.*\)".*/\1/p')
    KEYS='' CERTS='leaf intermediate root' EXPECT='key missing' vector keytool-list.pem - 'keytool -list -rfc: certificates among text' \
        'keytool -list -rfc -keystore ../pfx/keytool-default.pfx -storetype PKCS12 -storepass certgrant > keytool-list.pem 2> /dev/null'
fi
if [ -n "${NODE_PATH_PFX:-}" ] && has node node-forge; then
    maker=node-forge version=$(node -p 'require(process.env.NODE_PATH_PFX + "/node-forge/package.json").version')
    for kind in pbes2-aes256 pbe-3des dek-info-aes128; do
        encrypted "forge-$kind.pem" certgrant "encrypted key of node-forge, $kind" "node forge_key.mjs $kind certgrant"
    done
fi
maker='Python cryptography' version=$("$PYTHON" -c 'import cryptography; print(cryptography.__version__)')
for kind in pkcs8 traditional; do
    encrypted "cryptography-$kind.pem" certgrant "BestAvailableEncryption, $kind" "\"\$PYTHON\" cryptography_key.py $kind certgrant"
done
"$PYTHON" manifest.py "$records"
