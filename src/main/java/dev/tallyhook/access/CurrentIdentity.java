package dev.tallyhook.access;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * The certificate that a server shows, and its key, as they are when a handshake asks. A handshake asks several times, so an
 * alias says of which generation it is, and one that began before a change ends with what it began with.
 */
final class CurrentIdentity extends X509ExtendedKeyManager {

    private static final List<String> KEY_TYPES = List.of("EC", "RSA", "EdDSA");

    private volatile Generation current;
    private volatile Generation previous;

    private record Generation(int number, X509ExtendedKeyManager manager) {}

    /**
     * Begins with this one.
     *
     * @throws GeneralSecurityException if it holds no certificate, or a key that is not its certificate's
     */
    CurrentIdentity(X509ExtendedKeyManager first) throws GeneralSecurityException {
        requireUsable(first);
        current = new Generation(0, first);
        previous = current;
    }

    /**
     * From here on handshakes get this one.
     *
     * @return whether it is another one
     * @throws GeneralSecurityException if it cannot be used; nothing changes then
     */
    boolean change(X509ExtendedKeyManager next) throws GeneralSecurityException {
        requireUsable(next);
        if (content(next).equals(content(current.manager()))) {
            return false;
        }
        previous = current;
        current = new Generation(current.number() + 1, next);
        return true;
    }

    /** Two files are not written at once: a key that is not its certificate's would break every handshake. */
    private static void requireUsable(X509ExtendedKeyManager manager) throws GeneralSecurityException {
        List<String> aliases = aliases(manager);
        if (aliases.isEmpty()) {
            throw new GeneralSecurityException("there is no key of a kind that TLS can use");
        }
        for (String alias : aliases) {
            if (!belongTogether(manager.getPrivateKey(alias), manager.getCertificateChain(alias)[0].getPublicKey())) {
                throw new GeneralSecurityException("the key is not that of the certificate");
            }
        }
    }

    private static List<String> aliases(X509ExtendedKeyManager manager) {
        return KEY_TYPES.stream()
                .map(type -> manager.getServerAliases(type, null))
                .filter(Objects::nonNull)
                .flatMap(Arrays::stream)
                .toList();
    }

    /** Every chain with its key. */
    private static Set<List<Object>> content(X509ExtendedKeyManager manager) {
        return aliases(manager).stream()
                .map(alias ->
                        List.<Object>of(List.of(manager.getCertificateChain(alias)), manager.getPrivateKey(alias)))
                .collect(Collectors.toSet());
    }

    private static boolean belongTogether(PrivateKey key, PublicKey of) throws GeneralSecurityException {
        String algorithm = key.getAlgorithm();
        Signature signature = Signature.getInstance(
                algorithm.equals("EC") ? "SHA256withECDSA" : algorithm.equals("RSA") ? "SHA256withRSA" : algorithm);
        if (!algorithm.equals(of.getAlgorithm())) {
            return false;
        }
        signature.initSign(key);
        byte[] signed = signature.sign();
        signature.initVerify(of);
        return signature.verify(signed);
    }

    private static @Nullable String alias(Generation generation, @Nullable String alias) {
        return alias == null ? null : generation.number() + ":" + alias;
    }

    private X509ExtendedKeyManager manager(String alias) {
        Generation latest = current;
        return alias.startsWith(latest.number() + ":") ? latest.manager() : previous.manager();
    }

    private static String plain(String alias) {
        return alias.substring(alias.indexOf(':') + 1);
    }

    @Override
    public @Nullable String chooseEngineServerAlias(String keyType, Principal @Nullable [] issuers, SSLEngine engine) {
        Generation latest = current;
        return alias(latest, latest.manager().chooseEngineServerAlias(keyType, issuers, engine));
    }

    @Override
    public @Nullable String chooseServerAlias(String keyType, Principal @Nullable [] issuers, Socket socket) {
        Generation latest = current;
        return alias(latest, latest.manager().chooseServerAlias(keyType, issuers, socket));
    }

    @Override
    public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
        Generation latest = current;
        String[] aliases = latest.manager().getServerAliases(keyType, issuers);
        return aliases == null
                ? null
                : Arrays.stream(aliases).map(alias -> alias(latest, alias)).toArray(String[]::new);
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
        return manager(alias).getCertificateChain(plain(alias));
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
        return manager(alias).getPrivateKey(plain(alias));
    }

    /** The service is no client. */
    @Override
    public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
        return null;
    }

    @Override
    public @Nullable String chooseClientAlias(String[] keyTypes, Principal @Nullable [] issuers, Socket socket) {
        return null;
    }
}
