# Heimdal's hxtool. Sourced by make.sh.
if has hxtool Heimdal; then
    maker='Heimdal hxtool' version=$(hxtool --version 2>&1 | sed -n '1s/.*(Heimdal \(.*\)).*/\1/p')
    EXPECT='key missing' vector heimdal-default.pfx - \
        'no encryption and no MAC though a password was given, and bags where RFC 7292 has content infos: only Heimdal finds the key in it, others find nothing' \
        'hxtool certificate-copy --out-pass=PASS:certgrant FILE:../bundles/leaf.pem,../bundles/leaf.pkcs1.key FILE:../bundles/intermediate.pem PKCS12:heimdal-default.pfx'
fi
