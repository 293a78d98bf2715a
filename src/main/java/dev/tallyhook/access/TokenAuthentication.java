package dev.tallyhook.access;

import dev.tallyhook.problem.RouterProblems;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.quarkus.security.identity.IdentityProviderManager;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.identity.request.AuthenticationRequest;
import io.quarkus.security.runtime.QuarkusPrincipal;
import io.quarkus.security.runtime.QuarkusSecurityIdentity;
import io.quarkus.vertx.http.runtime.security.ChallengeData;
import io.quarkus.vertx.http.runtime.security.HttpAuthenticationMechanism;
import io.smallrye.mutiny.Uni;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Reads bearer tokens (RFC 6750 section 2.1), and answers a request that lacks one that fits. */
@Singleton
class TokenAuthentication implements HttpAuthenticationMechanism {

    private static final String SCHEME = "Bearer ";
    private static final String CHALLENGE = "Bearer realm=\"tallyhook\"";

    /** May hold transactions and release them. */
    public static final String HOLD = "hold";

    /** May read events' requests as they came. */
    public static final String RAW = "raw";

    /** May change who is told. */
    public static final String WRITE = "write";

    private static final SecurityIdentity READER = identity("reader", Set.of());

    /** Who is not asked for a token. */
    private static final SecurityIdentity ANYONE = identity("anyone", Set.of(HOLD, RAW, WRITE));

    private final BearerTokens tokens;
    private final RouterProblems problems;

    TokenAuthentication(BearerTokens tokens, RouterProblems problems) {
        this.tokens = tokens;
        this.problems = problems;
    }

    private static SecurityIdentity identity(String name, Set<String> rights) {
        return QuarkusSecurityIdentity.builder()
                .setPrincipal(new QuarkusPrincipal(name))
                .addRoles(rights)
                .build();
    }

    /** Everyone may do everything where no tokens are configured: the rest of the service knows no other kind of open. */
    @Override
    public Uni<SecurityIdentity> authenticate(RoutingContext context, IdentityProviderManager identities) {
        if (!tokens.areRequired()) {
            return Uni.createFrom().item(ANYONE);
        }
        // A wrong token is no token: both are answered alike.
        List<String> headers = context.request().headers().getAll(HttpHeaders.AUTHORIZATION);
        return headers.size() == 1 && headers.get(0).regionMatches(true, 0, SCHEME, 0, SCHEME.length())
                ? identity(headers.get(0).substring(SCHEME.length()).strip())
                : Uni.createFrom().nullItem();
    }

    private Uni<SecurityIdentity> identity(String token) {
        boolean mayRead = tokens.mayRead(token);
        Set<String> rights = new HashSet<>();
        if (tokens.mayHold(token)) {
            rights.add(HOLD);
        }
        if (tokens.mayReadRaw(token)) {
            rights.add(RAW);
        }
        if (tokens.mayWrite(token)) {
            rights.add(WRITE);
        }
        if (!rights.isEmpty()) {
            return Uni.createFrom().item(identity(BearerTokens.fingerprint(token), rights));
        }
        return mayRead ? Uni.createFrom().item(READER) : Uni.createFrom().nullItem();
    }

    @Override
    public Uni<Boolean> sendChallenge(RoutingContext context) {
        context.response().putHeader(HttpHeaderNames.WWW_AUTHENTICATE, CHALLENGE);
        problems.answer(context, HttpResponseStatus.UNAUTHORIZED.code());
        return Uni.createFrom().item(true);
    }

    @Override
    public Uni<ChallengeData> getChallenge(RoutingContext context) {
        return Uni.createFrom()
                .item(new ChallengeData(
                        HttpResponseStatus.UNAUTHORIZED.code(), HttpHeaderNames.WWW_AUTHENTICATE, CHALLENGE));
    }

    @Override
    public Set<Class<? extends AuthenticationRequest>> getCredentialTypes() {
        return Set.of();
    }
}
