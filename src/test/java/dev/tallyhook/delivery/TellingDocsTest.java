package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.standardwebhooks.Webhook;
import dev.tallyhook.endpoint.EventKind;
import dev.tallyhook.endpoint.TellingConfig;
import io.smallrye.config.WithDefault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is written for who receives, and for who operates, holds. */
class TellingDocsTest {

    private static final Path PAGE = Path.of("docs/telling.md");

    private static final Pattern MESSAGE = Pattern.compile("(?s)```http\\nPOST [^\\n]*\\n(.*?)\\n\\n(.*?)\\n```");
    private static final Pattern SECRET = Pattern.compile("by the secret `(whsec_[^`]+)`");
    private static final Pattern TRY = Pattern.compile("(?m)^\\| \\d+(?:nd|rd|th)[^|]* \\| ([^|]+) \\| ([^|]+) \\|$");

    /** Of a Markdown link: the file, and the heading in it. */
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#\\s]*)(?:#([^)\\s]*))?\\)");

    private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.*)$");

    private final String text;

    TellingDocsTest() throws IOException {
        text = Files.readString(PAGE);
    }

    @Test
    void the_message_that_is_shown_has_the_id_of_what_it_is_about_and_is_signed_with_the_secret_beside_it()
            throws Exception {
        MatchResult message = MESSAGE.matcher(text).results().findFirst().orElseThrow();
        String secret = SECRET.matcher(text).results().findFirst().orElseThrow().group(1);
        Map<String, String> headers = message.group(1)
                .lines()
                .map(line -> line.split(": ", 2))
                .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
        String id = headers.get("webhook-id");
        assertEquals(MessageId.of(EventKind.PROCESSED.type(), "txn_abc123def456"), id);
        long timestamp = Long.parseLong(headers.get("webhook-timestamp"));
        assertEquals(new Webhook(secret).sign(id, timestamp, message.group(2)), headers.get("webhook-signature"));
    }

    @ParameterizedTest
    @EnumSource
    void each_event_is_explained(EventKind kind) {
        assertTrue(text.contains("\n| `" + kind.type() + "` |"));
    }

    @Test
    void the_tries_are_those_of_the_setting() throws Exception {
        List<String> expected = new ArrayList<>();
        Duration since = Duration.ZERO;
        for (String wait : TellingConfig.class
                .getMethod("retries")
                .getAnnotation(WithDefault.class)
                .value()
                .split(",", -1)) {
            since = since.plus(Duration.parse(wait));
            expected.add(words(Duration.parse(wait)) + ", " + words(since).replaceFirst(" 5 s$", ""));
        }
        assertEquals(
                expected,
                TRY.matcher(text)
                        .results()
                        .map(row -> row.group(1) + ", " + row.group(2))
                        .toList());
    }

    private static String words(Duration duration) {
        if (duration.equals(Duration.ofDays(1))) {
            return "1 day";
        }
        return Arrays.stream(new String[] {
                    duration.toHours() + " h", duration.toMinutesPart() + " min", duration.toSecondsPart() + " s"
                })
                .filter(part -> !part.startsWith("0 "))
                .collect(Collectors.joining(" "));
    }

    @Test
    void links_lead_to_files_and_headings_that_are_there() throws IOException {
        for (MatchResult link : LINK.matcher(text).results().toList()) {
            if (link.group(1).startsWith("https:")) {
                continue;
            }
            Path target = link.group(1).isEmpty() ? PAGE : PAGE.resolveSibling(link.group(1));
            assertTrue(Files.exists(target), link.group());
            assertTrue(link.group(2) == null || anchors(target).contains(link.group(2)), link.group());
        }
    }

    /** As GitHub makes them of headings. */
    private static List<String> anchors(Path page) throws IOException {
        return HEADING.matcher(Files.readString(page))
                .results()
                .map(heading -> heading.group(1)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^a-z0-9 _-]", "")
                        .replace(' ', '-'))
                .toList();
    }
}
