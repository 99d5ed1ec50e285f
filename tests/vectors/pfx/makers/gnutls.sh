# GnuTLS certtool. Sourced by make.sh.
if has certtool GnuTLS; then
    maker='GnuTLS certtool' version=$(certtool --version | head -n 1 | cut -d' ' -f2)
    base='certtool --to-p12 --outder --load-privkey ../bundles/leaf.pkcs1.key --load-certificate ../bundles/leaf.pem --p12-name certgrant'
    vector gnutls-default.pfx certgrant 'defaults' \
        "$base --load-ca-certificate ../bundles/intermediate.pem --password certgrant --outfile gnutls-default.pfx"
    for cipher in 3des 3des-pkcs12 aes-128 aes-256 rc2-40 arcfour; do
        vector "gnutls-$cipher.pfx" certgrant "--pkcs-cipher $cipher" \
            "$base --password certgrant --pkcs-cipher $cipher --outfile gnutls-$cipher.pfx"
    done
    for digest in sha1 sha512; do
        vector "gnutls-mac-$digest.pfx" certgrant "--hash $digest" \
            "$base --password certgrant --hash $digest --outfile gnutls-mac-$digest.pfx"
    done
    vector gnutls-chain.pfx certgrant 'the chain in the order root, leaf, intermediate in one certificate file' \
        "cat ../bundles/root.pem ../bundles/leaf.pem ../bundles/intermediate.pem > \"\$WORK/shuffled.pem\" && ${base/..\/bundles\/leaf.pem/\"\$WORK/shuffled.pem\"} --password certgrant --outfile gnutls-chain.pfx"
    vector gnutls-empty-password.pfx '' 'empty password' "$base --empty-password --outfile gnutls-empty-password.pfx"
    vector gnutls-null-password.pfx '' 'null password: the MAC key comes from no bytes at all, not even the terminator' \
        "$base --null-password --outfile gnutls-null-password.pfx"
    record gnutls-null-password.pfx - 'no password given: both the null and the empty one are tried' 'as above'
    vector gnutls-empty-password-legacy.pfx '' 'empty password, 3DES of PKCS#12' \
        "$base --empty-password --pkcs-cipher 3des-pkcs12 --outfile gnutls-empty-password-legacy.pfx"
    vector gnutls-null-password-legacy.pfx '' 'null password, 3DES of PKCS#12' \
        "$base --null-password --pkcs-cipher 3des-pkcs12 --outfile gnutls-null-password-legacy.pfx"
    vector gnutls-unicode-password.pfx 'pässwörd 密码 🔑' 'password outside ASCII, AES' \
        "$base --password 'pässwörd 密码 🔑' --outfile gnutls-unicode-password.pfx"
    vector gnutls-unicode-password-legacy.pfx 'pässwörd 密码 🔑' 'password outside ASCII, 3DES of PKCS#12' \
        "$base --password 'pässwörd 密码 🔑' --pkcs-cipher 3des-pkcs12 --outfile gnutls-unicode-password-legacy.pfx"
    EXPECT='password wrong' record gnutls-default.pfx wrong 'the wrong password' 'as above'
fi
