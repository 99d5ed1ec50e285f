# Python cryptography, and files that no maker writes, crafted with asn1crypto. Sourced by make.sh.
if "$PYTHON" -c 'import cryptography' 2> /dev/null; then
    maker='Python cryptography' version=$("$PYTHON" -c 'import cryptography; print(cryptography.__version__)')
    python='"$PYTHON" makers/cryptography_pfx.py'
    for kind in best 3des-sha1 aes256-sha256 aes256-sha512-mac; do
        vector "cryptography-$kind.pfx" certgrant "variant $kind of the script" "$python $kind certgrant cryptography-$kind.pfx"
    done
    vector cryptography-no-encryption.pfx - 'NoEncryption: no password, and the MAC of the empty one, if any' \
        "$python none - cryptography-no-encryption.pfx"
    vector cryptography-unicode-password.pfx 'pässwörd 密码 🔑' 'password outside ASCII, given as UTF-8' \
        "$python best 'pässwörd 密码 🔑' cryptography-unicode-password.pfx"
    vector cryptography-unicode-password-legacy.pfx 'pässwörd 密码 🔑' 'password outside ASCII, PKCS#12 PBE with 3DES' \
        "$python 3des-sha1 'pässwörd 密码 🔑' cryptography-unicode-password-legacy.pfx"
    EXPECT='password wrong' record cryptography-best.pfx wrong 'the wrong password' 'as above'
else
    echo 'skipped Python cryptography: not installed'
fi
