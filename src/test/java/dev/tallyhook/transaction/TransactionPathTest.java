package dev.tallyhook.transaction;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which id a path names, as it came. */
class TransactionPathTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a                      | a",
                "a;b                    | a;b",
                ";a                     | ;a",
                "a%3Bb                  | a;b",
                "a+b                    | a+b",
                "a%2Bb                  | a+b",
                "a%2Fb                  | a/b",
                "a%2f..%2fb             | a/../b",
                "%252F                  | %2F",
                "%252e                  | %2e",
                "..;a                   | ..;a",
                "a%3Fb%23               | a?b#",
                "%F0%9F%98%80           | 😀",
                "\u00F0\u009F\u0098\u0080 | 😀",
                "%e2%82%ac%20x          | € x"
            })
    void it_is_decoded_once_and_kept_whole(String segment, String id) {
        assertEquals(Optional.of(id), TransactionPath.id("/v1/transactions/" + segment, ""));
        assertEquals(Optional.of(id), TransactionPath.id("/v1/transactions/" + segment + "/raw", "/raw"));
        assertEquals(Optional.of(id), TransactionPath.id(TransactionPath.of(id), ""));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "a/",
                "/a",
                "a/b",
                "a//b",
                "a/../b",
                "./a",
                "%",
                "a%",
                "a%2",
                "%zz",
                "%2g",
                "% 1",
                "%+1",
                "%-1",
                "%FF",
                "%C0%AF",
                "%ED%A0%80",
                "%F0%9F%98",
                "\u0661",
                "%\u0661\u0661"
            })
    void what_names_none_is_none(String segment) {
        assertEquals(Optional.empty(), TransactionPath.id("/v1/transactions/" + segment, ""));
        assertEquals(Optional.empty(), TransactionPath.id("/v1/transactions/" + segment + "/raw", "/raw"));
    }

    @Test
    void another_path_names_none() {
        for (String path : new String[] {"/v1/transactions", "/v1/conflicts", "*", "", "/v1/./transactions/a"}) {
            assertEquals(Optional.empty(), TransactionPath.id(path, ""), path);
        }
        assertEquals(Optional.empty(), TransactionPath.id("/v1/transactions/raw", "/raw"));
        assertEquals(Optional.empty(), TransactionPath.id("/v1/transactions//raw", "/raw"));
        assertEquals(Optional.empty(), TransactionPath.id("/v1/transactions/a", "/raw"));
    }
}
