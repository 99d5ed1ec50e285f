// Reads PFX files with Java's own PKCS12 key store: lines FILE TAB PASSWORD in; FILE, then "key" with the public modulus and
// "certificate" with the certificate's DER, both in base64, or "refused", out, TAB-separated.
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.interfaces.RSAPrivateKey;
import java.util.Base64;
import java.util.Collections;

class ReadKeyStore {
    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] parts = line.split("\t", -1);
            StringBuilder out = new StringBuilder();
            try (FileInputStream in = new FileInputStream(parts[0])) {
                read(in, parts[1].toCharArray(), out);
            } catch (Exception | StackOverflowError refused) {
                out = new StringBuilder("\trefused");
            }
            System.out.println(parts[0] + "\t" + parts[1] + out);
        }
    }

    private static void read(FileInputStream in, char[] password, StringBuilder out) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12", "SunJSSE");
        store.load(in, password);
        for (String alias : Collections.list(store.aliases())) {
            Key key = store.isKeyEntry(alias) ? store.getKey(alias, password) : null;
            if (key instanceof RSAPrivateKey) {
                out.append("\tkey ").append(base64(((RSAPrivateKey) key).getModulus().toByteArray()));
            }
            Certificate[] chain = store.getCertificateChain(alias);
            for (Certificate c : chain != null ? chain : new Certificate[] {store.getCertificate(alias)}) {
                if (c != null) {
                    out.append("\tcertificate ").append(base64(c.getEncoded()));
                }
            }
        }
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }
}
