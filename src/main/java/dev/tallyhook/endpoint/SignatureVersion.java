package dev.tallyhook.endpoint;

import java.util.Arrays;
import java.util.Optional;

/** How messages are signed: with a secret that both sides know, or with a key of which the other side has the public half. */
enum SignatureVersion {
    /** HMAC-SHA256. */
    V1("v1"),
    /** Ed25519. */
    V1A("v1a");

    private final String label;

    SignatureVersion(String label) {
        this.label = label;
    }

    /** As it stands before a signature. */
    String label() {
        return label;
    }

    /** The one of this label; nothing if there is none. */
    static Optional<SignatureVersion> of(String label) {
        return Arrays.stream(values())
                .filter(version -> version.label.equals(label))
                .findFirst();
    }

    /** A key that nobody has. */
    SigningKey newKey() {
        return this == V1 ? SharedKey.random() : PrivateKey.random();
    }

    /**
     * The key that a secret writes.
     *
     * @throws IllegalArgumentException that says what a secret must be, and never what it is
     */
    SigningKey parse(String secret) {
        return this == V1 ? SharedKey.parse(secret) : PrivateKey.parse(secret);
    }
}
