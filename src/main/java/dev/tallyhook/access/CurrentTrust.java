package dev.tallyhook.access;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Set;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.X509ExtendedTrustManager;

/** Whom a server trusts, as it is when a handshake asks, or a request on a session of before. */
final class CurrentTrust extends X509ExtendedTrustManager {

    private static final String TRUSTED_BY = CurrentTrust.class.getName();

    private volatile X509ExtendedTrustManager current;

    CurrentTrust(X509ExtendedTrustManager first) {
        current = first;
    }

    /**
     * From here on handshakes get this one.
     *
     * @return whether it trusts others than before
     */
    boolean change(X509ExtendedTrustManager next) {
        if (Set.of(next.getAcceptedIssuers()).equals(Set.of(current.getAcceptedIssuers()))) {
            return false;
        }
        current = next;
        return true;
    }

    /** Whether who was trusted when this session began is so now; who showed no certificate was not asked for one. */
    boolean stillTrusts(SSLSession session) {
        X509ExtendedTrustManager now = current;
        if (now == session.getValue(TRUSTED_BY)) {
            return true;
        }
        try {
            X509Certificate[] chain = (X509Certificate[]) session.getPeerCertificates();
            now.checkClientTrusted(chain, chain[0].getPublicKey().getAlgorithm());
            session.putValue(TRUSTED_BY, now);
            return true;
        } catch (SSLPeerUnverifiedException anonymous) {
            return true;
        } catch (CertificateException noLonger) {
            return false;
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        current.checkClientTrusted(chain, authType, engine);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        current.checkClientTrusted(chain, authType, socket);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        current.checkClientTrusted(chain, authType);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        current.checkServerTrusted(chain, authType, engine);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        current.checkServerTrusted(chain, authType, socket);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        current.checkServerTrusted(chain, authType);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return current.getAcceptedIssuers();
    }
}
