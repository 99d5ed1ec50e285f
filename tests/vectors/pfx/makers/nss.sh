# NSS pk12util: BER with indefinite lengths. Sourced by make.sh.
if has pk12util NSS && has certutil NSS; then
    maker='NSS pk12util' version=$(strings "$(ldconfig -p | sed -n 's/.*libnss3.so .*=> //p' | head -n 1)" | sed -n 's/^Version: NSS //p' | head -n 1)
    mkdir "$WORK/nss" && certutil -N -d "sql:$WORK/nss" --empty-password
    pk12util -i "$WORK/source.p12" -d "sql:$WORK/nss" -W certgrant > /dev/null
    # The same without the authorities, which pk12util adds as far as it knows them.
    mkdir "$WORK/nss-leaf" && certutil -N -d "sql:$WORK/nss-leaf" --empty-password
    pk12util -i "$WORK/leaf.p12" -d "sql:$WORK/nss-leaf" -W certgrant > /dev/null
    base='pk12util -o FILE -n certgrant -d "sql:$WORK/nss-leaf" -W certgrant'
    # nss NAME PASSWORD DESCRIPTION OPTIONS
    nss() {
        local command=${base/FILE/$1}
        [ "$2" = certgrant ] || command=${command/-W certgrant/"-W '$2'"}
        vector "$1" "$2" "$3" "$command $4"
    }
    vector nss-default.pfx certgrant 'defaults, with the chain' \
        'pk12util -o nss-default.pfx -n certgrant -d "sql:$WORK/nss" -W certgrant'
    for bits in 128 256; do
        nss "nss-aes-$bits-cbc.pfx" certgrant "PBES2 with AES-$bits-CBC for key and certificates" \
            "-c AES-$bits-CBC -C AES-$bits-CBC"
    done
    for digest in SHA-256; do
        nss "nss-mac-${digest,,}.pfx" certgrant "MAC with $digest" "-c AES-256-CBC -C AES-256-CBC -M $digest"
    done
    nss nss-3des.pfx certgrant 'PKCS#12 PBE with 3DES for both' \
        "-c 'PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC' -C 'PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC'"
    nss nss-rc2-40.pfx certgrant 'PKCS#12 PBE with RC2-40 for certificates, 3DES for the key' \
        "-c 'PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC' -C 'PKCS #12 V2 PBE With SHA-1 And 40 Bit RC2 CBC'"
    nss nss-rc2-128.pfx certgrant 'PKCS#12 PBE with RC2-128 for both' \
        "-c 'PKCS #12 V2 PBE With SHA-1 And 128 Bit RC2 CBC' -C 'PKCS #12 V2 PBE With SHA-1 And 128 Bit RC2 CBC'"
    nss nss-rc4-128.pfx certgrant 'PKCS#12 PBE with RC4-128 for both' \
        "-c 'PKCS #12 V2 PBE With SHA-1 And 128 Bit RC4' -C 'PKCS #12 V2 PBE With SHA-1 And 128 Bit RC4'"
    nss nss-certificates-plain.pfx certgrant 'certificates not encrypted' '-c AES-128-CBC -C NONE'
    EXOTIC=CAMELLIA-256-CBC nss nss-camellia-256-cbc.pfx certgrant 'PBES2 with Camellia-256-CBC' \
        '-c CAMELLIA-256-CBC -C CAMELLIA-256-CBC'
    nss nss-empty-password.pfx '' 'empty password' ''
    nss nss-unicode-password.pfx 'pässwörd 密码 🔑' 'password outside ASCII, AES-256' '-c AES-256-CBC -C AES-256-CBC'
    nss nss-unicode-password-legacy.pfx 'pässwörd 密码 🔑' 'password outside ASCII, PKCS#12 PBE with 3DES' \
        "-c 'PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC' -C 'PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC'"
    EXPECT='password wrong' record nss-default.pfx wrong 'the wrong password' 'as above'
fi
