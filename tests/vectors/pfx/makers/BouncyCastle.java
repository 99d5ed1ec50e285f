// Writes a PFX with Bouncy Castle: by its key store (kinds PKCS12, PKCS12-3DES-3DES) or bag by bag.
// Arguments: store KIND ber|der SOURCE SOURCE-PASSWORD PASSWORD OUT, or pdu aes128|aes256 ber|der (the same).
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import org.bouncycastle.asn1.DERBMPString;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.jcajce.PKCS12StoreParameter;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.OutputEncryptor;
import org.bouncycastle.pkcs.PKCS12PfxPduBuilder;
import org.bouncycastle.pkcs.PKCS12SafeBag;
import org.bouncycastle.pkcs.PKCS12SafeBagBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS12SafeBagBuilder;
import org.bouncycastle.pkcs.jcajce.JcePKCS12MacCalculatorBuilder;
import org.bouncycastle.pkcs.jcajce.JcePKCSPBEOutputEncryptorBuilder;

class BouncyCastle {
    public static void main(String[] arguments) throws Exception {
        KeyStore source = KeyStore.getInstance("PKCS12");
        try (FileInputStream in = new FileInputStream(arguments[3])) {
            source.load(in, arguments[4].toCharArray());
        }
        PrivateKey key = (PrivateKey) source.getKey("certgrant", arguments[4].toCharArray());
        Certificate[] chain = source.getCertificateChain("certgrant");
        char[] password = arguments[5].toCharArray();
        boolean der = arguments[2].equals("der");
        try (FileOutputStream out = new FileOutputStream(arguments[6])) {
            if (arguments[0].equals("store")) {
                KeyStore store = KeyStore.getInstance(arguments[1], new BouncyCastleProvider());
                store.load(null, null);
                store.setKeyEntry("certgrant", key, null, chain);
                store.store(new PKCS12StoreParameter(out, password, der));
            } else {
                out.write(pdu(arguments[1], key, chain, password, der ? "DER" : "BER"));
            }
        }
    }

    private static OutputEncryptor encryptor(String name, char[] password) throws Exception {
        ASN1ObjectIdentifier cipher =
            name.equals("aes128") ? NISTObjectIdentifiers.id_aes128_CBC : NISTObjectIdentifiers.id_aes256_CBC;
        return new JcePKCSPBEOutputEncryptorBuilder(cipher).setProvider(new BouncyCastleProvider()).build(password);
    }

    private static byte[] pdu(String cipher, PrivateKey key, Certificate[] chain, char[] password, String encoding)
        throws Exception {
        JcaX509ExtensionUtils identifiers = new JcaX509ExtensionUtils();
        PKCS12SafeBag[] certificates = new PKCS12SafeBag[chain.length];
        for (int i = 0; i < chain.length; i++) {
            // The leaf last, as nothing orders the bags.
            Certificate certificate = chain[chain.length - 1 - i];
            PKCS12SafeBagBuilder bag = new JcaPKCS12SafeBagBuilder((X509Certificate) certificate);
            bag.addBagAttribute(PKCSObjectIdentifiers.pkcs_9_at_friendlyName, new DERBMPString("certificate " + i));
            if (certificate == chain[0]) {
                bag.addBagAttribute(PKCSObjectIdentifiers.pkcs_9_at_localKeyId,
                    identifiers.createSubjectKeyIdentifier(chain[0].getPublicKey()));
            }
            certificates[i] = bag.build();
        }
        PKCS12SafeBagBuilder keyBag = new JcaPKCS12SafeBagBuilder(key, encryptor(cipher, password));
        keyBag.addBagAttribute(PKCSObjectIdentifiers.pkcs_9_at_localKeyId,
            identifiers.createSubjectKeyIdentifier(chain[0].getPublicKey()));
        PKCS12PfxPduBuilder pfx = new PKCS12PfxPduBuilder();
        pfx.addEncryptedData(encryptor(cipher, password), certificates);
        pfx.addData(keyBag.build());
        JcePKCS12MacCalculatorBuilder mac =
            new JcePKCS12MacCalculatorBuilder(NISTObjectIdentifiers.id_sha256).setProvider(new BouncyCastleProvider());
        return pfx.build(mac, password).getEncoded(encoding);
    }
}
