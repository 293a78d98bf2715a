package dev.tallyhook.source.scheme;

import dev.tallyhook.source.SchemeContext;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAPublicKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.naming.NamingException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import javax.security.auth.x500.X500Principal;

/** Whether a certificate is one that PayPal signs messages with (RFC 5280). */
final class PayPalTrust {

    private static final Set<String> NAMES =
            Set.of("messageverificationcerts.paypal.com", "messageverificationcerts.sandbox.paypal.com");

    /** The leaf, and what leads from it to a root. */
    private static final int CERTIFICATES_MAX = 10;

    private static final int KEY_BITS_MIN = 2048;

    private static final int DIGITAL_SIGNATURE = 0;

    private final Set<TrustAnchor> anchors;

    private PayPalTrust(Collection<X509Certificate> trusted) {
        Set<TrustAnchor> all = new HashSet<>();
        trusted.forEach(certificate -> all.add(new TrustAnchor(certificate, null)));
        this.anchors = Set.copyOf(all);
    }

    /** In those of the file, if one is configured; or else in those that the JVM trusts. */
    static PayPalTrust of(SchemeContext context) {
        Optional<Path> file = context.config().trustedCertificates();
        try {
            List<X509Certificate> trusted =
                    file.isPresent() ? certificates(Files.readAllBytes(file.get())) : trustedByJvm();
            if (trusted.isEmpty()) {
                throw new CertificateException("There is none");
            }
            return new PayPalTrust(trusted);
        } catch (IOException | GeneralSecurityException e) {
            throw context.refuse(
                    "trusted-certificates",
                    file.isPresent()
                            ? "must name a file of certificates (PEM) that can be read"
                            : "must be set, because the JVM trusts none");
        }
    }

    private static List<X509Certificate> trustedByJvm() throws GeneralSecurityException {
        var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init((KeyStore) null);
        List<X509Certificate> trusted = new ArrayList<>();
        for (TrustManager each : factory.getTrustManagers()) {
            if (each instanceof X509TrustManager x509) {
                trusted.addAll(Arrays.asList(x509.getAcceptedIssuers()));
            }
        }
        return trusted;
    }

    private static List<X509Certificate> certificates(byte[] pem) throws CertificateException {
        List<X509Certificate> certificates = new ArrayList<>();
        for (var each : CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem))) {
            certificates.add((X509Certificate) each);
        }
        return certificates;
    }

    /**
     * The first of these certificates, which signs, if a path leads from it to one that is trusted.
     *
     * @throws GeneralSecurityException if it is none of PayPal's, or not valid at that time
     */
    @SuppressWarnings("JavaUtilDate") // The validation of paths knows no other type for a time.
    X509Certificate leaf(byte[] pem, Instant now) throws GeneralSecurityException {
        List<X509Certificate> chain = certificates(pem);
        if (chain.isEmpty() || chain.size() > CERTIFICATES_MAX) {
            throw new CertificateException("There are " + chain.size() + " certificates");
        }
        X509Certificate leaf = chain.get(0);
        requireSigner(leaf);
        var target = new X509CertSelector();
        target.setCertificate(leaf);
        var parameters = new PKIXBuilderParameters(anchors, target);
        parameters.setDate(Date.from(now));
        // Lists of what is revoked would have to be fetched.
        parameters.setRevocationEnabled(false);
        parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(chain)));
        try {
            CertPathBuilder.getInstance("PKIX").build(parameters);
        } catch (CertPathBuilderException none) {
            throw missing(chain)
                    .<GeneralSecurityException>map(CertificateException::new)
                    .orElse(none);
        }
        return leaf;
    }

    /** What a person has to do, if the way to a root ends at an issuer that is neither there nor trusted. */
    private Optional<String> missing(List<X509Certificate> chain) {
        X500Principal issuer = chain.get(0).getIssuerX500Principal();
        for (int steps = 0; steps <= chain.size(); steps++) {
            X500Principal wanted = issuer;
            if (anchors.stream().anyMatch(anchor -> isOf(wanted, anchor.getTrustedCert()))) {
                return Optional.empty();
            }
            Optional<X509Certificate> next =
                    chain.stream().filter(each -> isOf(wanted, each)).findFirst();
            if (next.isEmpty()) {
                return Optional.of(
                        "Its way to a root ends at \"" + wanted.toString().replaceAll("\\p{Cntrl}", "?")
                                + "\", which was not sent and is not trusted. If that issuer is right, add its certificate to trusted-certificates");
            }
            issuer = next.get().getIssuerX500Principal();
        }
        return Optional.empty();
    }

    private static boolean isOf(X500Principal name, X509Certificate certificate) {
        return certificate.getSubjectX500Principal().equals(name);
    }

    private static void requireSigner(X509Certificate leaf) throws CertificateException {
        List<String> names = commonNames(leaf);
        if (names.size() != 1 || !NAMES.contains(names.get(0))) {
            throw new CertificateException("It is of somebody else");
        }
        boolean[] usage = leaf.getKeyUsage();
        if (leaf.getBasicConstraints() != -1 || (usage != null && !usage[DIGITAL_SIGNATURE])) {
            throw new CertificateException("It is not for signatures of messages");
        }
        if (!(leaf.getPublicKey() instanceof RSAPublicKey key)
                || key.getModulus().bitLength() < KEY_BITS_MIN) {
            throw new CertificateException("Its key is none of RSA with " + KEY_BITS_MIN + " bits");
        }
    }

    private static List<String> commonNames(X509Certificate certificate) throws CertificateException {
        try {
            List<String> names = new ArrayList<>();
            for (Rdn part : new LdapName(certificate.getSubjectX500Principal().getName()).getRdns()) {
                var value = part.toAttributes().get("CN");
                for (int i = 0; value != null && i < value.size(); i++) {
                    names.add(String.valueOf(value.get(i)));
                }
            }
            return names;
        } catch (NamingException malformed) {
            throw new CertificateException("Its name cannot be read", malformed);
        }
    }

    /** Whether it is within its time. */
    @SuppressWarnings("JavaUtilDate") // A certificate knows no other type for its times.
    static boolean isValid(X509Certificate certificate, Instant now) {
        return !now.isBefore(certificate.getNotBefore().toInstant())
                && !now.isAfter(certificate.getNotAfter().toInstant());
    }

    @Override
    public String toString() {
        return "PayPalTrust[" + anchors.size() + "]";
    }
}
