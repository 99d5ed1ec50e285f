# Mono.Security, Mono's .NET writer of PKCS#12. Sourced by make.sh.
if has mcs Mono && has mono Mono; then
    maker=Mono.Security version=$(mono --version | sed -n '1s/.*version \([0-9.]*\).*/\1/p')
    mcs -r:Mono.Security -out:"$WORK/mono.exe" makers/Mono.cs
    vector mono-default.pfx certgrant 'defaults: 3DES and SHA-1 MAC, 2000 iterations as Windows had' \
        'mcs -r:Mono.Security -out:"$WORK/mono.exe" makers/Mono.cs && mono "$WORK/mono.exe" certgrant mono-default.pfx'
    vector mono-unicode-password.pfx 'pässwörd 密码' 'password outside ASCII' "mono \"\$WORK/mono.exe\" 'pässwörd 密码' mono-unicode-password.pfx"
fi
