package dev.tallyhook.source.scheme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class XmlTest {

    @TempDir
    Path directory;

    private static Optional<Xml> read(String document) {
        return Xml.read(document.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void an_element_is_found_by_the_names_that_lead_to_it() {
        Xml root =
                read("<?xml version=\"1.0\" encoding=\"UTF-8\"?><!-- c --><a>\n <b><c/></b><b><c>2</c></b><d> x&amp;<![CDATA[<y>]]> </d></a>\n")
                        .orElseThrow();
        assertEquals("a", root.name());
        assertNull(root.text("b/c"), "the second one is not taken for the first");
        assertEquals("x&<y>", root.text("d"));
        assertEquals("x&<y>", root.first("e", "b/c", "d"));
        assertNull(root.text("e/f"));
        assertEquals("b", root.firstChild().orElseThrow().name());
    }

    @Test
    void nothing_outside_of_the_document_is_read() throws Exception {
        Path secret = Files.writeString(directory.resolve("secret"), "secret");
        for (String document : new String[] {
            "<!DOCTYPE a [<!ENTITY x SYSTEM \"" + secret.toUri() + "\">]><a>&x;</a>",
            "<!DOCTYPE a SYSTEM \"" + secret.toUri() + "\"><a/>",
            "<!DOCTYPE a [<!ENTITY % x SYSTEM \"" + secret.toUri() + "\"> %x;]><a/>",
            "<!DOCTYPE a [<!ENTITY x \"1\"><!ENTITY y \"&x;&x;&x;&x;\">]><a>&y;</a>",
            "<!DOCTYPE a><a/>",
            "<a>&x;</a>"
        }) {
            assertEquals(Optional.empty(), read(document), document);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a",
                "<a>",
                "<a></b>",
                "<a/><b/>",
                "<a/>x",
                "<?pi x?><a/>",
                "<a b=1/>",
                "<a b='1' b='2'/>",
                "<a>\u0000</a>",
                "<a>&#0;</a>",
                "<a>&#xD800;</a>",
                "<x:a/>",
                "<?xml version=\"1.0\" encoding=\"no-such\"?><a/>",
                "<?xml version=\"9\"?><a/>"
            })
    void what_is_malformed_is_not_read(String document) {
        assertEquals(Optional.empty(), read(document));
    }

    @Test
    void bytes_of_no_encoding_are_not_read() {
        assertEquals(Optional.empty(), Xml.read(new byte[] {'<', 'a', '>', -1, -2, '<', '/', 'a', '>'}));
        assertEquals(Optional.empty(), Xml.read(new byte[] {-2, -1, 0, '<'}));
    }

    @Test
    void depth_and_number_of_elements_are_bounded() {
        assertTrue(read("<a>".repeat(32) + "</a>".repeat(32)).isPresent());
        assertTrue(read("<a>".repeat(33) + "</a>".repeat(33)).isEmpty());
        assertTrue(read("<a>" + "<b/>".repeat(19_999) + "</a>").isPresent());
        assertTrue(read("<a>" + "<b/>".repeat(20_000) + "</a>").isEmpty());
    }
}
