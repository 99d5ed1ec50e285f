# node-forge and PKI.js, from NODE_PATH_PFX. Sourced by make.sh.
if [ -n "${NODE_PATH_PFX:-}" ] && has node 'node-forge and PKI.js'; then
    export NODE_PATH_PFX
    maker=node-forge version=$(node -p 'require(process.env.NODE_PATH_PFX + "/node-forge/package.json").version')
    for algorithm in 3des aes128 aes256; do
        vector "forge-$algorithm.pfx" certgrant "algorithm $algorithm, PBKDF2 without a PRF field (HMAC-SHA-1) and SHA-1 MAC" \
            "node makers/forge.mjs $algorithm certgrant forge-$algorithm.pfx"
    done
    vector forge-no-password.pfx - 'password null: nothing encrypted, no MAC' 'node makers/forge.mjs aes256 - forge-no-password.pfx'
    vector forge-empty-password.pfx '' 'empty password, 3DES' "node makers/forge.mjs 3des '' forge-empty-password.pfx"
    vector forge-unicode-password.pfx 'pässwörd 密码' 'password outside ASCII, 3DES' \
        "node makers/forge.mjs 3des 'pässwörd 密码' forge-unicode-password.pfx"
    EXPECT='password wrong' record forge-aes256.pfx wrong 'the wrong password' 'as above'
    maker=PKI.js version=$(node -p 'require(process.env.NODE_PATH_PFX + "/pkijs/package.json").version')
    for digest in SHA-256 SHA-512; do
        vector "pkijs-${digest,,}.pfx" certgrant "PBES2 with AES-256-CBC, PRF and MAC with $digest" \
            "node makers/pkijs.mjs $digest certgrant pkijs-${digest,,}.pfx"
    done
    vector pkijs-unicode-password.pfx 'pässwörd 密码' 'password outside ASCII' \
        "node makers/pkijs.mjs SHA-256 'pässwörd 密码' pkijs-unicode-password.pfx"
else
    echo 'skipped node-forge and PKI.js: NODE_PATH_PFX is not set'
fi
