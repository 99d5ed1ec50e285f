# Files that no maker here writes, put together after RFC 7292. Sourced by make.sh, last: some start from OpenSSL's.
if "$PYTHON" -c 'import cryptography' 2> /dev/null; then
    maker=crafted version=$("$PYTHON" -c 'import cryptography; print("Python cryptography", cryptography.__version__)')
    # crafted RESULT VARIANT DESCRIPTION [INPUT]
    crafted() {
        EXPECT=$1 vector "crafted-$2.pfx" certgrant "crafted: $3" \
            "\"\$PYTHON\" makers/crafted_pfx.py $2 ${4:+$4 }crafted-$2.pfx"
    }
    crafted 'several keys' two-keys 'two keys with a certificate each, paired by localKeyID'
    crafted 'several keys' two-keys-one-certificate 'two keys, a certificate for the second, no localKeyID'
    crafted opened leaf-last 'certificates in the order root, stranger, intermediate, leaf; then the key; no localKeyID'
    crafted opened misleading-id 'the key carries the localKeyID of the intermediate; only the public key tells the leaf'
    crafted opened all-in-one-safe 'key and certificates in the same encrypted content'
    crafted opened one-safe-per-bag 'four contents with one bag each, the root not encrypted'
    crafted opened nested 'bags inside safeContents bags, two deep'
    crafted opened strange-bags 'a CRL bag, a secret bag, an SDSI certificate and an unknown bag beside key and leaf'
    crafted opened twice 'the leaf is there twice'
    crafted opened ber 'BER all through: indefinite lengths, every OCTET STRING in pieces of 200 bytes'
    crafted opened key-length 'PBKDF2 parameters with the optional keyLength'
    crafted 'protected to a domain' domain-protected \
        'the outer structure of a SID-protected PFX: envelopedData with a key-encryption-key recipient of a group protector; nothing inside can be opened'
    crafted 'key of another certificate' mismatch 'the only certificate is for another key'
    crafted 'too many iterations' mac-iterations 'the MAC asks for 2147483647 iterations'
    crafted 'too many iterations' key-iterations 'the key asks for 2147483647 iterations of PBKDF2'
    crafted damaged zero-iterations 'the MAC asks for 0 iterations'
    crafted damaged version 'version 4 instead of 3'
    crafted 'key missing' nothing 'no content at all, with a right MAC'
    crafted damaged depth '1000 nested values of indefinite length'
    crafted damaged length-lie 'a length of 4 GiB in a file of 9 bytes'
    crafted damaged truncated 'the first 1500 bytes of openssl-default.pfx' openssl-default.pfx
    crafted opened trailing 'openssl-default.pfx with a line break behind it' openssl-default.pfx
    crafted 'password wrong' flipped \
        'openssl-default.pfx with one bit changed: the MAC fails, which looks like a wrong password' openssl-default.pfx
fi
