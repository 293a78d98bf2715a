package dev.tallyhook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The pages that people read are short enough to be read, can all be found, and their links lead somewhere. */
class PagesTest {

    private static final int README_LINES_MAX = 150;
    private static final int ARCHITECTURE_LINES_MAX = 140;

    private static final Pattern CODE = Pattern.compile("(?ms)^```.*?^```$");
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.+)$");

    @Test
    void what_is_read_first_is_short() throws IOException {
        assertTrue(lines("README.md") <= README_LINES_MAX);
        assertTrue(lines("ARCHITECTURE.md") <= ARCHITECTURE_LINES_MAX);
    }

    private static int lines(String page) throws IOException {
        return Files.readAllLines(Path.of(page)).size();
    }

    @Test
    void every_link_leads_to_a_file_and_to_a_heading_of_it() throws IOException {
        List<String> astray = new ArrayList<>();
        for (Path page : pages()) {
            for (String link : links(page)) {
                String[] parts = link.split("#", 2);
                Path target = parts[0].isEmpty()
                        ? page
                        : page.resolveSibling(parts[0]).normalize();
                if (!Files.exists(target)
                        || (parts.length == 2 && !anchors(target).contains(parts[1]))) {
                    astray.add(page + ": " + link);
                }
            }
        }
        assertEquals(List.of(), astray);
    }

    @Test
    void every_page_of_the_documentation_is_found_from_the_readme() throws IOException {
        Set<Path> found = new HashSet<>();
        follow(Path.of("README.md"), found);
        assertEquals(
                List.of(),
                pages().stream()
                        .filter(page -> page.startsWith("docs"))
                        .filter(page -> !found.contains(page))
                        .toList());
    }

    private static void follow(Path page, Set<Path> found) throws IOException {
        if (!found.add(page)) {
            return;
        }
        for (String link : links(page)) {
            Path target = page.resolveSibling(link.split("#", 2)[0]).normalize();
            if (target.toString().endsWith(".md")) {
                follow(target, found);
            }
        }
    }

    private static List<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>();
        for (String directory : List.of("", "docs", "docs/sources", "deploy", ".github", "findings")) {
            try (Stream<Path> files = Files.list(Path.of(directory.isEmpty() ? "." : directory))) {
                files.map(Path::normalize)
                        .filter(file -> file.toString().endsWith(".md"))
                        .forEach(pages::add);
            }
        }
        return pages;
    }

    /** To what is in the repository. */
    private static List<String> links(Path page) throws IOException {
        return LINK.matcher(text(page))
                .results()
                .map(link -> link.group(1))
                .filter(link -> !link.contains("://") && !link.startsWith("mailto:"))
                .toList();
    }

    private static String text(Path page) throws IOException {
        return CODE.matcher(Files.readString(page)).replaceAll("");
    }

    /** As GitHub makes them of headings. */
    private static Set<String> anchors(Path page) throws IOException {
        Set<String> anchors = new HashSet<>();
        HEADING.matcher(text(page)).results().forEach(heading -> {
            String name = heading.group(1)
                    .toLowerCase(Locale.ROOT)
                    .replaceAll("[^\\p{L}\\p{N} _-]", "")
                    .replace(' ', '-');
            String anchor = name;
            for (int i = 1; !anchors.add(anchor); i++) {
                anchor = name + "-" + i;
            }
        });
        return anchors;
    }
}
