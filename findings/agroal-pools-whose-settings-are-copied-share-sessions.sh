#!/usr/bin/env bash
# Agroal 3.0.1: AgroalConnectionPoolConfigurationSupplier has a constructor that copies the configuration of another pool, for one that differs in the URL alone, say. It
# copies the reference to the connection cache too, in which each thread keeps the connection that it gave back last. So getConnection() of the new
# pool hands out a connection of the old one, to the other database, and the other way round.
# Seen: "pool of two: connected to one"; with a cache of its own (ConnectionCache.none()): "pool of two: connected to two".
# Fails if the first is no longer so, or the second is not. Needs a JDK, 17 or newer; H2 stands for the two databases.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
"$(dirname "$0")/copy-jars" "$dir" io.agroal:agroal-pool:3.0.1 io.agroal:agroal-api:3.0.1 com.h2database:h2:2.3.232
cd "$dir"
cat > Copied.java <<'JAVA'
import io.agroal.api.AgroalDataSource;
import io.agroal.api.cache.ConnectionCache;
import io.agroal.api.configuration.supplier.*;

class Copied {
    static String connectedTo(AgroalDataSource pool) throws Exception {
        try (var connection = pool.getConnection();
                var row = connection.createStatement().executeQuery("SELECT database()")) {
            row.next();
            return row.getString(1).toLowerCase();
        }
    }

    static AgroalDataSource copy(AgroalDataSource of, boolean withCacheOfItsOwn) throws Exception {
        var settings = of.getConfiguration().connectionPoolConfiguration();
        var pool = new AgroalConnectionPoolConfigurationSupplier(settings)
                .connectionFactoryConfiguration(new AgroalConnectionFactoryConfigurationSupplier(settings.connectionFactoryConfiguration()).jdbcUrl("jdbc:h2:mem:two"));
        if (withCacheOfItsOwn) {
            pool.connectionCache(ConnectionCache.none());
        }
        return AgroalDataSource.from(new AgroalDataSourceConfigurationSupplier().connectionPoolConfiguration(pool));
    }

    public static void main(String[] arguments) throws Exception {
        for (boolean own : new boolean[] {false, true}) {
            try (var one = AgroalDataSource.from(new AgroalDataSourceConfigurationSupplier().connectionPoolConfiguration(
                            new AgroalConnectionPoolConfigurationSupplier().maxSize(2)
                                    .connectionFactoryConfiguration(new AgroalConnectionFactoryConfigurationSupplier().jdbcUrl("jdbc:h2:mem:one"))));
                    var two = copy(one, own)) {
                connectedTo(one);
                System.out.println((own ? "with a cache of its own, " : "") + "pool of two: connected to " + connectedTo(two));
            }
        }
    }
}
JAVA
seen=$(java -cp 'lib/*' Copied.java 2>&1)
echo "$seen"
grep -q '^with a cache of its own, pool of two: connected to two$' <<<"$seen"
grep -q '^pool of two: connected to one$' <<<"$seen" || { echo 'changed: a copied pool has its own sessions'; exit 1; }
