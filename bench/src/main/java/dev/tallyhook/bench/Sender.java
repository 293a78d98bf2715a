package dev.tallyhook.bench;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Signs as Standard Webhooks says. */
interface Sender {

    /** The label and the signature, as the header has them. */
    String sign(String id, long timestamp, String body) throws GeneralSecurityException;

    /** What the receiver is given. */
    String verificationKey();

    /** {@code v1}. */
    record Shared(String verificationKey) implements Sender {
        @Override
        public String sign(String id, long timestamp, String body) throws GeneralSecurityException {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(
                    Base64.getDecoder().decode(verificationKey.substring("whsec_".length())), "HmacSHA256"));
            return "v1," + Base64.getEncoder().encodeToString(mac.doFinal(content(id, timestamp, body)));
        }
    }

    /** {@code v1a}. */
    record Asymmetric(KeyPair pair) implements Sender {
        private static final int KEY_LENGTH = 32;

        Asymmetric() throws GeneralSecurityException {
            this(KeyPairGenerator.getInstance("Ed25519").generateKeyPair());
        }

        @Override
        public String sign(String id, long timestamp, String body) throws GeneralSecurityException {
            var signature = Signature.getInstance("Ed25519");
            signature.initSign(pair.getPrivate());
            signature.update(content(id, timestamp, body));
            return "v1a," + Base64.getEncoder().encodeToString(signature.sign());
        }

        @Override
        public String verificationKey() {
            byte[] x509 = pair.getPublic().getEncoded();
            return "whpk_" + Base64.getEncoder()
                    .encodeToString(Arrays.copyOfRange(x509, x509.length - KEY_LENGTH, x509.length));
        }
    }

    private static byte[] content(String id, long timestamp, String body) {
        return (id + "." + timestamp + "." + body).getBytes(StandardCharsets.UTF_8);
    }
}
