// Writes a PFX with Mono.Security: PASSWORD OUT.
using System;
using System.Collections;
using System.IO;
using System.Text;
using Mono.Security.Cryptography;
using Mono.Security.X509;

static class MonoMaker
{
    static byte[] Der(string name)
    {
        var base64 = new StringBuilder();
        foreach (var line in File.ReadAllLines("../bundles/" + name))
            if (!line.StartsWith("-----")) base64.Append(line);
        return Convert.FromBase64String(base64.ToString());
    }

    // The PKCS#8 form of a PKCS#1 key: version 0, rsaEncryption, the key in an OCTET STRING.
    static byte[] Pkcs8(byte[] pkcs1)
    {
        var info = new PKCS8.PrivateKeyInfo();
        info.Algorithm = "1.2.840.113549.1.1.1";
        info.PrivateKey = pkcs1;
        return info.GetBytes();
    }

    static void Main(string[] arguments)
    {
        var pfx = new PKCS12();
        pfx.Password = arguments[0];
        var attributes = new Hashtable();
        attributes.Add(PKCS9.localKeyId, new ArrayList { new byte[] { 1, 0, 0, 0 } });
        pfx.AddPkcs8ShroudedKeyBag(PKCS8.PrivateKeyInfo.DecodeRSA(new PKCS8.PrivateKeyInfo(Pkcs8(Der("leaf.pkcs1.key"))).PrivateKey), attributes);
        pfx.AddCertificate(new X509Certificate(Der("leaf.pem")), attributes);
        pfx.AddCertificate(new X509Certificate(Der("intermediate.pem")));
        File.WriteAllBytes(arguments[1], pfx.GetBytes());
    }
}
