package dev.tallyhook;

import dev.tallyhook.citus.Distribute;
import dev.tallyhook.citus.Distribution;
import dev.tallyhook.intake.MapAgain;
import dev.tallyhook.keeping.Erase;
import dev.tallyhook.keeping.KeepingConfig;
import dev.tallyhook.keeping.KeepingRules;
import dev.tallyhook.keeping.LoadDay;
import dev.tallyhook.keeping.WhatWouldGo;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.annotations.CommandLineArguments;
import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;
import java.util.Set;

/** What a distributed ledger does not have ends the start with a line that says so, rather than doing nothing. */
@Singleton
class NotOnShards {

    private static final Set<String> COMMANDS = Set.of(MapAgain.NAME, Erase.NAME, LoadDay.NAME, WhatWouldGo.NAME);

    void start(
            @Observes @Priority(Interceptor.Priority.LIBRARY_BEFORE + 2) StartupEvent event,
            Distribution distribution,
            KeepingConfig keeping,
            @CommandLineArguments String[] arguments) {
        boolean isDistributed = distribution.map().isPresent();
        boolean isAboutToBe = arguments.length > 0 && arguments[0].equals(Distribute.NAME);
        if ((isDistributed || isAboutToBe) && KeepingRules.isAnythingToGo(keeping)) {
            throw new ConfigurationException("A ledger that Citus has distributed keeps everything for ever:"
                    + " tallyhook.ledger.keep and its like are for one on a single PostgreSQL. Leave them out");
        }
        if (isDistributed && arguments.length > 0 && COMMANDS.contains(arguments[0])) {
            throw new ConfigurationException(arguments[0]
                    + " works on a ledger on a single PostgreSQL alone, and this one is distributed by Citus."
                    + " docs/citus.md tells what can be done instead");
        }
    }
}
