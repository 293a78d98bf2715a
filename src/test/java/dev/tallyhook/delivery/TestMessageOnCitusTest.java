package dev.tallyhook.delivery;

import dev.tallyhook.citus.OnCitus;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import org.junit.jupiter.api.condition.EnabledIf;

/** The same on shards. */
@QuarkusTest
@TestProfile(OnCitus.class)
@EnabledIf(value = "dev.tallyhook.citus.OnCitus#isInstalled", disabledReason = OnCitus.ABSENT)
class TestMessageOnCitusTest extends TestMessageTest {}
