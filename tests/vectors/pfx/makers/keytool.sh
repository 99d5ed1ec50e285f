# Java keytool and Bouncy Castle. Sourced by make.sh. keytool 17 refuses a new password outside ASCII.
if has keytool 'Java keytool'; then
    maker='Java keytool' version=$(java -version 2>&1 | sed -n 's/.*version "\(.*\)".*/\1/p')
    # java_store NAME PASSWORD DESCRIPTION JAVA-OPTIONS [SOURCE]
    java_store() {
        rm -f -- "$1"
        vector "$1" "$2" "$3" "rm -f $1; keytool $4 -importkeystore -noprompt -srckeystore \"\$WORK/${5:-leaf}.p12\" -srcstoretype PKCS12 -srcstorepass certgrant -srcalias certgrant -deststoretype PKCS12 -destalias certgrant -destkeystore $1 -deststorepass '$2' -destkeypass '$2'"
    }
    java_store keytool-default.pfx certgrant 'defaults, with the chain' '' source
    java_store keytool-legacy.pfx certgrant 'keystore.pkcs12.legacy: RC2-40 and 3DES, SHA-1 MAC' '-J-Dkeystore.pkcs12.legacy'
    for algorithm in PBEWithSHA1AndDESede PBEWithSHA1AndRC2_40 PBEWithSHA1AndRC2_128 PBEWithSHA1AndRC4_128 \
        PBEWithHmacSHA1AndAES_128 PBEWithHmacSHA384AndAES_256 PBEWithHmacSHA512AndAES_128; do
        java_store "keytool-${algorithm,,}.pfx" certgrant "$algorithm for key and certificates" \
            "-J-Dkeystore.pkcs12.keyProtectionAlgorithm=$algorithm -J-Dkeystore.pkcs12.certProtectionAlgorithm=$algorithm"
    done
    java_store keytool-certificates-plain.pfx certgrant 'certificates not encrypted' '-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE'
    java_store keytool-nomac.pfx certgrant 'certificates not encrypted, no MAC' \
        '-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE -J-Dkeystore.pkcs12.macAlgorithm=NONE'
    EXOTIC='MAC sha512-256' java_store keytool-mac-sha512-256.pfx certgrant 'MAC with SHA-512/256' \
        '-J-Dkeystore.pkcs12.macAlgorithm=HmacPBESHA512/256'
    EXPECT='several keys' vector keytool-two-keys.pfx certgrant 'two entries, each with a key and its certificates' \
        'rm -f keytool-two-keys.pfx; cp keytool-legacy.pfx keytool-two-keys.pfx && openssl pkcs12 -export -in identity/second.pem -inkey identity/second.key -name second -passout pass:certgrant -out "$WORK/second.p12" && keytool -importkeystore -noprompt -srckeystore "$WORK/second.p12" -srcstoretype PKCS12 -srcstorepass certgrant -srcalias second -destkeystore keytool-two-keys.pfx -deststoretype PKCS12 -deststorepass certgrant'
    EXPECT='key missing' vector keytool-truststore.pfx certgrant 'a trust store: one certificate as a trusted entry' \
        'rm -f keytool-truststore.pfx; keytool -importcert -noprompt -alias leaf -file ../bundles/leaf.pem -storetype PKCS12 -keystore keytool-truststore.pfx -storepass certgrant'
    vector keytool-trusted-entry.pfx certgrant 'a key entry beside a trusted entry of a stranger' \
        'cp keytool-legacy.pfx keytool-trusted-entry.pfx && keytool -importcert -noprompt -alias stranger -file identity/second.pem -storetype PKCS12 -keystore keytool-trusted-entry.pfx -storepass certgrant'
    EXPECT='key missing' vector keytool-secret.pfx certgrant 'a secret-key entry (secret bag) and nothing else' \
        'rm -f keytool-secret.pfx; keytool -genseckey -alias secret -keyalg AES -keysize 128 -storetype PKCS12 -keystore keytool-secret.pfx -storepass certgrant'
    EXPECT='password wrong' record keytool-default.pfx wrong 'the wrong password' 'as above'

    if [ -e "${BC_JARS%%:*}" ]; then
        maker='Bouncy Castle' version=$(unzip -p "${BC_JARS%%:*}" META-INF/MANIFEST.MF | tr -d '\r' | sed -n 's/^Bundle-Version: //p;s/^Implementation-Version: //p' | head -n 1)
        bouncy='java -cp "$BC_JARS" makers/BouncyCastle.java'
        for kind in PKCS12 PKCS12-3DES-3DES; do
            vector "bouncycastle-${kind,,}.pfx" certgrant "key store $kind, BER (indefinite lengths)" \
                "$bouncy store $kind ber \"\$WORK/source.p12\" certgrant certgrant bouncycastle-${kind,,}.pfx"
        done
        vector bouncycastle-pkcs12-der.pfx certgrant 'key store PKCS12, DER' \
            "$bouncy store PKCS12 der \"\$WORK/leaf.p12\" certgrant certgrant bouncycastle-pkcs12-der.pfx"
        vector bouncycastle-unicode-password.pfx 'pässwörd 密码 🔑' 'key store PKCS12, password outside ASCII' \
            "$bouncy store PKCS12 der \"\$WORK/leaf.p12\" certgrant 'pässwörd 密码 🔑' bouncycastle-unicode-password.pfx"
        for cipher in aes256; do
            vector "bouncycastle-pfxpdu-$cipher.pfx" certgrant "built bag by bag: PBES2 with $cipher, MAC SHA-256, in BER" \
                "$bouncy pdu $cipher ber \"\$WORK/leaf.p12\" certgrant certgrant bouncycastle-pfxpdu-$cipher.pfx"
        done
        EXPECT='password wrong' record bouncycastle-pkcs12.pfx wrong 'the wrong password' 'as above'
    else
        echo 'skipped Bouncy Castle: BC_JARS names no jar'
    fi
fi
