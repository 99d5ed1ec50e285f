# GnuPG's gpgsm, with a home and an agent of its own. Sourced by make.sh.
if has gpgsm GnuPG && has gpg-agent GnuPG; then
    maker='GnuPG gpgsm' version=$(gpgsm --version | head -n 1 | cut -d' ' -f3)
    export GNUPGHOME=$WORK/gnupg
    mkdir -m 700 "$GNUPGHOME"
    echo allow-loopback-pinentry > "$GNUPGHOME/gpg-agent.conf"
    gpgsm='gpgsm --quiet --batch --pinentry-mode loopback --disable-crl-checks --passphrase-fd 3'
    for certificate in root intermediate leaf; do $gpgsm --import "../bundles/$certificate.pem" 3< <(echo) 2> /dev/null || true; done
    if $gpgsm --import "$WORK/source-legacy.p12" 3< <(echo certgrant) > "$WORK/log" 2>&1; then
        leaf=$(openssl x509 -in ../bundles/leaf.pem -noout -fingerprint -sha1 | cut -d= -f2 | tr -d :)
        vector gpgsm-default.pfx certgrant 'defaults: RC2-40 and 3DES' \
            "$gpgsm --export-secret-key-p12 $leaf 3< <(echo certgrant) > gpgsm-default.pfx"
    else
        echo "skipped GnuPG: $(head -n 1 "$WORK/log")"
    fi
    gpgconf --kill gpg-agent || true
    unset GNUPGHOME
fi
