# Go's software.sslmate.com/src/go-pkcs12, from GOPATH_PFX. Sourced by make.sh.
if [ -d "$GOPATH_PFX/src/software.sslmate.com/src/go-pkcs12" ] && has go 'Go sslmate'; then
    maker='Go sslmate go-pkcs12'
    version=$(dpkg-query -W -f '${Version}' golang-sslmate-src-go-pkcs12-dev 2> /dev/null || echo unknown)
    go='GO111MODULE=off GOPATH=$GOPATH_PFX GOCACHE=$WORK/gocache go run makers/sslmate.go'
    vector go-encode.pfx certgrant 'Encode: RC2-40 and 3DES, SHA-1 MAC' "$go key certgrant go-encode.pfx"
    vector go-encode-unicode-password.pfx 'pässwörd 密码' 'Encode, password outside ASCII' \
        "$go key 'pässwörd 密码' go-encode-unicode-password.pfx"
    EXPECT='key missing' vector go-truststore.pfx certgrant 'EncodeTrustStore: certificates with the Java trust attribute, no key' \
        "$go trust certgrant go-truststore.pfx"
    chmod -R u+w "$WORK/gocache" 2> /dev/null || true
else
    echo 'skipped Go: GOPATH_PFX has no software.sslmate.com/src/go-pkcs12'
fi
