package dev.tallyhook.source.scheme;

import java.io.ByteArrayInputStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.jspecify.annotations.Nullable;

/** An element of a document that is data alone: one with a document type, an entity or an instruction is not read at all. */
final class Xml {

    private static final int DEPTH_MAX = 32;
    private static final int ELEMENTS_MAX = 20_000;

    private final String name;
    private final List<Xml> children = new ArrayList<>();
    private final StringBuilder text = new StringBuilder();

    private Xml(String name) {
        this.name = name;
    }

    /** The root of a document, if it is one and not too deep. */
    static Optional<Xml> read(byte[] document) {
        try {
            return Optional.ofNullable(root(factory().createXMLStreamReader(new ByteArrayInputStream(document))));
        } catch (XMLStreamException | RuntimeException notXml) {
            // The parser has exceptions of its own for some of what is malformed, such as unknown encodings.
            return Optional.empty();
        }
    }

    /** The JDK's own, and a new one, because threads must not share it. */
    private static XMLInputFactory factory() {
        XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
        factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
        factory.setProperty(XMLInputFactory.IS_REPLACING_ENTITY_REFERENCES, false);
        factory.setXMLResolver((publicId, systemId, base, namespace) -> {
            throw new XMLStreamException("Nothing outside of the document is read");
        });
        return factory;
    }

    private static @Nullable Xml root(XMLStreamReader reader) throws XMLStreamException {
        Deque<Xml> open = new ArrayDeque<>();
        Xml root = null;
        int elements = 0;
        while (reader.hasNext()) {
            switch (reader.next()) {
                case XMLStreamConstants.START_ELEMENT -> {
                    Xml element = new Xml(reader.getLocalName());
                    if (open.isEmpty()) {
                        root = element;
                    } else {
                        open.peek().children.add(element);
                    }
                    open.push(element);
                    if (open.size() > DEPTH_MAX || ++elements > ELEMENTS_MAX) {
                        return null;
                    }
                }
                case XMLStreamConstants.END_ELEMENT -> open.pop();
                case XMLStreamConstants.CHARACTERS, XMLStreamConstants.CDATA -> {
                    if (!open.isEmpty()) {
                        open.peek().text.append(reader.getText());
                    }
                }
                case XMLStreamConstants.SPACE, XMLStreamConstants.COMMENT, XMLStreamConstants.END_DOCUMENT -> {}
                default -> {
                    return null;
                }
            }
        }
        return root;
    }

    String name() {
        return name;
    }

    /** The first one inside, if there is one. */
    Optional<Xml> firstChild() {
        return children.stream().findFirst();
    }

    /** The first one of each of these names, parted by slashes, one inside of the other. */
    Optional<Xml> at(String path) {
        Optional<Xml> found = Optional.of(this);
        for (String step : path.split("/", -1)) {
            found = found.flatMap(element -> element.children.stream()
                    .filter(child -> child.name.equals(step))
                    .findFirst());
        }
        return found;
    }

    /** What stands there, without blanks around it; null if nothing does. */
    @Nullable
    String text(String path) {
        return at(path).map(element -> element.text.toString().strip())
                .filter(found -> !found.isEmpty())
                .orElse(null);
    }

    /** The first of these that is there. */
    @Nullable
    String first(String... paths) {
        for (String path : paths) {
            String found = text(path);
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    /** Says nothing of what it holds. */
    @Override
    public String toString() {
        return "Xml[" + name + "]";
    }
}
