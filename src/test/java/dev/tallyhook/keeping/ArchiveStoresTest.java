package dev.tallyhook.keeping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArchiveStoresTest {

    static final ArchiveStores DIRECTORIES = new ArchiveStores(() -> {
        throw new IllegalStateException("No bucket is meant");
    });

    /** Whatever the settings say. */
    static ArchiveStores only(ArchiveStore store) {
        return new ArchiveStores(() -> {
            throw new IllegalStateException("No bucket is meant");
        }) {
            @Override
            ArchiveStore at(String to) {
                return store;
            }
        };
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/var/archive",
                "s3://archive",
                "s3://archive/",
                "s3://archive/ledger",
                "s3://archive/ledger/one/",
                "s3://1.a-b_C"
            })
    void a_directory_or_a_bucket_can_be_used(String to) {
        assertEquals(Optional.empty(), ArchiveStores.wrong(to));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "archive",
                "./archive",
                "s3:/archive",
                "S3://archive",
                "https://archive.s3.amazonaws.com",
                "file:///var/archive"
            })
    void what_is_neither_is_told(String to) {
        assertEquals(
                Optional.of("is " + to + ", and must be an absolute path or s3://bucket/prefix"),
                ArchiveStores.wrong(to));
    }

    @ParameterizedTest
    @ValueSource(strings = {"s3://", "s3:///ledger", "s3://ab", "s3://key:secret@archive", "s3://archive?region=eu"})
    void a_bucket_has_a_name(String to) {
        assertTrue(ArchiveStores.wrong(to).orElseThrow().contains("must be s3://bucket or s3://bucket/prefix"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"s3://archive/a//", "s3://archive/a//b", "s3://archive/../a", "s3://archive/.a"})
    void parts_of_a_prefix_are_as_those_of_names(String to) {
        assertTrue(ArchiveStores.wrong(to).orElseThrow().contains("no part of the prefix"));
    }
}
